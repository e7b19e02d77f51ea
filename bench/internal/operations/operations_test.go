package operations

import (
	"slices"
	"testing"
)

// TestSieved compares with what is known of the primes.
func TestSieved(t *testing.T) {
	// 2 and 3 into the first filter or out of the line: 2 comes out at once, 3
	// passes one filter, 4 stops at it.
	if last, sum, ops := sieved(2); last != 3 || sum != 5 || ops != 3 {
		t.Errorf("2 primes: last %d, sum %d, %d values handed on", last, sum, ops)
	}
	if last, sum, _ := sieved(500); last != 3571 || sum != 824_693 {
		t.Errorf("500 primes: last %d, sum %d", last, sum)
	}
}

// TestMovedNotices has what was got differ from what was put.
func TestMovedNotices(t *testing.T) {
	m := newMoved(2)
	m.put[0].N, m.put[1].N = 3, 4
	m.got[0].N, m.got[1].N = 5, 2
	if err := m.check(); err != nil {
		t.Error(err)
	}
	m.got[1].N++
	if m.check() == nil {
		t.Error("a value came out of nothing, and nobody notices")
	}
}

// TestChangedArms has the list of arms change and keep all of them.
func TestChangedArms(t *testing.T) {
	arms := []int{0, 1, 2, 3, 4, 5, 6, 7}
	changes := 0
	for i := range 64 {
		before := slices.Clone(arms)
		changed(arms, i)
		if !slices.Equal(arms, before) {
			changes++
		}
		if got := slices.Sorted(slices.Values(arms)); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7}) {
			t.Fatalf("round %d: %v", i, arms)
		}
	}
	if changes < 48 {
		t.Errorf("the list changed in %d rounds of 64", changes)
	}
}

// TestCMLRows: the rows that README.md defines are there.
func TestCMLRows(t *testing.T) {
	var names []string
	for _, w := range Workloads() {
		names = append(names, w.Rows[0].Name)
		if name := w.Rows[0].Name; (w.Exactly == crowdSchedulers) != (name == "select/crowd") {
			t.Errorf("%s runs on exactly %d schedulers", name, w.Exactly)
		}
	}
	for _, want := range []string{
		"pingpong", "pingpong/10", "ring/1000", "sieve/500", "producers/8:4", "buffered/64", "chain/10", "chain/100",
		"fanout/10", "fanout/100", "diagonal/10", "select/2", "select/3", "select/8", "select/both", "select/crowd",
		"timeout/timer", "timeout/after", "timeout/crowd", "context", "select/in-place", "select/dynamic", "swap", "mutex", "mutex/held",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("no row %s among %q", want, names)
		}
	}
}
