package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// TestWorkloads runs every workload on both sides; they verify their answers.
func TestWorkloads(t *testing.T) {
	for _, w := range registry(tiny) {
		for _, n := range []int{1, 2} {
			if n < w.least {
				continue
			}
			for s := range sides {
				t.Run(fmt.Sprintf("%s/schedulers=%d/%s", w.rows[0].name, n, s), func(t *testing.T) {
					got, err := w.sides[s](t.Context(), params{scale: tiny, schedulers: n})
					if err != nil {
						t.Fatal(err)
					}
					if len(got.values) != len(w.rows) {
						t.Errorf("%d values for %d rows", len(got.values), len(w.rows))
					}
				})
			}
		}
	}
}

func TestTreeSums(t *testing.T) {
	type subtree struct {
		seed uint64
		size int
	}
	for i, size := range treeSizes {
		if i == int(full) && testing.Short() {
			t.Log("left out with -short: the largest tree")
			continue
		}
		left := []subtree{{treeSeed, size}}
		f := &forest{grain: treeGrain}
		f.spawn = func(seed uint64, size int) { left = append(left, subtree{seed, size}) }
		for len(left) > 0 {
			s := left[0]
			left = left[1:]
			f.grow(s.seed, s.size)
		}
		if got := f.sum.Load(); got != treeSums[i] {
			t.Errorf("the sum of the tree of %d is %#x, not %#x", size, got, treeSums[i])
		}
	}
}

func TestComputed(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 8, 1000, 12345} {
		if got, want := computed(42, n), compute(42, n); got != want {
			t.Errorf("computed(42, %d) = %d, compute says %d", n, got, want)
		}
	}
}

// TestMeet has fibers and goroutines put and get on one channel.
func TestMeet(t *testing.T) {
	const parties, each = 20, 200
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	var ch meet
	var sum atomic.Int64
	var all sync.WaitGroup
	for i := range int64(2 * parties) {
		put := func() {
			for j := range int64(each) {
				ch.put(i*each + j)
			}
			all.Done()
		}
		get := func() {
			for range each {
				sum.Add(ch.get())
			}
			all.Done()
		}
		all.Add(2)
		if i%2 == 0 {
			rt.Go(put)
			go get()
		} else {
			go put()
			rt.Go(get)
		}
	}
	all.Wait()
	const n = 2 * parties * each
	if got := sum.Load(); got != n*(n-1)/2 {
		t.Errorf("sum %d, must be %d", got, n*(n-1)/2)
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
}

// fake is a workload that notes its runs.
func fake(runs *[]string, fail string) *workload {
	w := &workload{suite: "s", rows: []row{{name: "fake", unit: "ms"}}, rounds: 2}
	for s := range sides {
		w.sides[s] = func(_ context.Context, p params) (sample, error) {
			name := fmt.Sprintf("%c%d", s.String()[0], p.schedulers)
			*runs = append(*runs, name)
			if name == fail {
				return sample{}, verify("the sum", 1, 2)
			}
			return sample{values: []float64{1}}, nil
		}
	}
	return w
}

func runnerOf(w *workload) *runner {
	b := &block{workload: w, rows: []int{0}, results: []*result{{schedulers: 1}, {schedulers: 2}}}
	return &runner{scale: tiny, rounds: 2, blocks: []*block{b}, progress: newProgress(io.Discard, []*block{b})}
}

func TestSidesTakeTurns(t *testing.T) {
	var runs []string
	r := runnerOf(fake(&runs, ""))
	if err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(runs, " "), "f1 g1 f2 g2 g1 f1 g2 f2"; got != want {
		t.Errorf("order %q, must be %q", got, want)
	}
	if n := len(r.lines()); n != 2 {
		t.Errorf("%d lines, must be 2", n)
	}
}

// TestLateRunsTakeOneRound holds the run to its time on a machine that others
// keep busy.
func TestLateRunsTakeOneRound(t *testing.T) {
	w := &workload{rounds: 3, budget: time.Second}
	for _, c := range []struct {
		began, spent time.Duration // ago
		rounds       int
		want         bool
	}{
		{0, time.Second / 10, 1, false},
		{0, 2 * time.Second, 1, false},
		{0, 2 * time.Second, 3, true},
		{0, time.Second / 10, 3, false},
		{time.Hour, 2 * time.Second, 1, true},
		{time.Hour, time.Second / 10, 1, false},
	} {
		r := &runner{began: time.Now().Add(-c.began), planned: time.Minute}
		if got := r.enough(w, c.rounds, c.spent, c.spent/time.Duration(c.rounds)); got != c.want {
			t.Errorf("began %v ago, %v for %d rounds: enough is %v", c.began, c.spent, c.rounds, got)
		}
	}
}

func TestWrongAnswerIsAnError(t *testing.T) {
	var runs []string
	err := runnerOf(fake(&runs, "g2")).run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "wrong answer") || !strings.Contains(err.Error(), "goroutines with 2 schedulers") {
		t.Errorf("error: %v", err)
	}
}

func TestChildErrors(t *testing.T) {
	if _, err := send(t.Context(), errand{Kind: "nonsense", Schedulers: 1}); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("an errand that does not exist: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := send(ctx, errand{Kind: "idle", Schedulers: 1, N: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("a child of a cancelled parent: %v", err)
	}
}
