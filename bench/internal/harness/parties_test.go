package harness

import (
	"strings"
	"testing"

	"go.uber.org/atomic"
)

// TestUpTo compares with adding, also where the sum is too large for 32 bits.
func TestUpTo(t *testing.T) {
	sum := 0
	for n := range 100_000 {
		if got := UpTo(n); got != sum {
			t.Fatalf("upTo(%d) = %d, must be %d", n, got, sum)
		}
		sum += n
	}
}

// TestParties has every party run once, on either side, and a wrong
// answer be an error.
func TestParties(t *testing.T) {
	for s := range Sides {
		for _, wrong := range []int{0, 1} {
			var ran atomic.Int64
			got := make(Sums, 3)
			tr := Parties{Ops: 3, Check: got.Check(6 + wrong)}
			for i := range got {
				tr.Each = append(tr.Each, func() {
					ran.Inc()
					got[i].N += i + 1
				})
			}
			var smp Sample
			var err error
			if s == OnFibers {
				smp, err = tr.OnFibers(Params{Schedulers: 2})
			} else {
				smp, err = tr.OnGoroutines()
			}
			if ran.Load() != 3 || smp.Ops != 3 || len(smp.Values) != 1 || smp.Values[0] <= 0 {
				t.Errorf("%s: %d parties ran, sample %+v", s, ran.Load(), smp)
			}
			if (err != nil) != (wrong != 0) || err != nil && !strings.Contains(err.Error(), "wrong answer") {
				t.Errorf("%s: error %v with a sum that is wrong by %d", s, err, wrong)
			}
		}
	}
}
