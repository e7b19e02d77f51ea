package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"go.uber.org/atomic"
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

// TestUpTo compares with adding, also where the sum is too large for 32 bits.
func TestUpTo(t *testing.T) {
	sum := 0
	for n := range 100_000 {
		if got := upTo(n); got != sum {
			t.Fatalf("upTo(%d) = %d, must be %d", n, got, sum)
		}
		sum += n
	}
}

// TestTroupes has every party of a troupe run once, on either side, and a wrong
// answer be an error.
func TestTroupes(t *testing.T) {
	for s := range sides {
		for _, wrong := range []int{0, 1} {
			var ran atomic.Int64
			got := make(sums, 3)
			tr := troupe{ops: 3, check: got.check(6 + wrong)}
			for i := range got {
				tr.parties = append(tr.parties, func() {
					ran.Inc()
					got[i].n += i + 1
				})
			}
			var smp sample
			var err error
			if s == onFibers {
				smp, err = tr.onFibers(params{schedulers: 2})
			} else {
				smp, err = tr.onGoroutines()
			}
			if ran.Load() != 3 || smp.ops != 3 || len(smp.values) != 1 || smp.values[0] <= 0 {
				t.Errorf("%s: %d parties ran, sample %+v", s, ran.Load(), smp)
			}
			if (err != nil) != (wrong != 0) || err != nil && !strings.Contains(err.Error(), "wrong answer") {
				t.Errorf("%s: error %v with a sum that is wrong by %d", s, err, wrong)
			}
		}
	}
}

// TestMovedNotices has what was got differ from what was put.
func TestMovedNotices(t *testing.T) {
	m := newMoved(2)
	m.put[0].n, m.put[1].n = 3, 4
	m.got[0].n, m.got[1].n = 5, 2
	if err := m.check(); err != nil {
		t.Error(err)
	}
	m.got[1].n++
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

// TestExactly: a row may insist on its number of schedulers.
func TestExactly(t *testing.T) {
	o, err := parse([]string{"-suite", "cml", "-run", "^(select/crowd|select/both)$", "-schedulers", "1,2"}, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := choose(o)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]int{}
	for _, b := range blocks {
		for _, r := range b.results {
			name := b.workload.rows[0].name
			got[name] = append(got[name], r.schedulers)
		}
	}
	if !slices.Equal(got["select/both"], []int{1, 2}) || !slices.Equal(got["select/crowd"], []int{crowdSchedulers}) || len(got) != 2 {
		t.Errorf("schedulers: %v", got)
	}
}

// TestCMLRows: the rows that README.md defines are there.
func TestCMLRows(t *testing.T) {
	var names []string
	for _, w := range cmlWorkloads() {
		names = append(names, w.rows[0].name)
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
