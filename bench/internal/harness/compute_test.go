package harness

import "testing"

func TestComputed(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 8, 1000, 12345} {
		if got, want := Computed(42, n), Compute(42, n); got != want {
			t.Errorf("computed(42, %d) = %d, compute says %d", n, got, want)
		}
	}
}
