// Package forkjoin has the suite forkjoin: package parallel against goroutines, as one would
// write the same with them. Both sides compute; nothing waits but for a branch to end.
package forkjoin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// Workloads returns the suite forkjoin.
func Workloads() []*harness.Workload {
	type run = func(context.Context, harness.Params) (harness.Sample, error)
	against := func(name, unit, about string, onFibers, onGoroutines run) *harness.Workload {
		return &harness.Workload{
			Suite:   "forkjoin",
			Rows:    []harness.Row{{Name: name, Unit: unit, About: about}},
			Budget:  500 * time.Millisecond,
			Speedup: true,
			Sides:   [harness.Sides]run{onFibers, onGoroutines},
		}
	}
	both := against("fork/both", "ns/op", "fib, a branch for every call: time of one, by Both and by a goroutine and a WaitGroup",
		forkFibers(bothFib), forkGoroutines)
	do := against("fork/do", "ns/op", "the same by Do, with two closures each time",
		forkFibers(doFib), forkGoroutines)
	both.Note, do.Note = overPlainNote, overPlainNote
	sort := against("sort", "ms", "2 million ints, by Sort and, sequentially, by slices.Sort", sortFibers, sortSequential)
	sort.Budget = time.Second
	return []*harness.Workload{
		both, do,
		against("fib", "ms", "fib(34), a branch for every call above fib(20)", fibFibers, fibGoroutines),
		against("nqueens", "ms", "the ways to place 12 queens, a branch for each queen of the first 4 rows", queensFibers, queensGoroutines),
		against("knapsack", "ms", "the best of all packings of 24 things, a branch for each of the first 12", knapsackFibers, knapsackGoroutines),
		against("skewed", "ms", "a tree whose left branch has a twentieth of the nodes, 100 ns each: 400 000", skewedFibers, skewedGoroutines),
		against("for", "ms", "a polynomial of 10 million floats, by For and by one goroutine a processor", forFibers, forGoroutines),
		against("matmul", "ms", "product of two matrices of 384², a row at a time", matmulFibers, matmulGoroutines),
		against("mandelbrot", "ms", "a picture of 640 × 480, a row at a time", mandelbrotFibers, mandelbrotGoroutines),
		sort,
	}
}

// timed runs work in a fiber, or as it is, and makes a sample in milliseconds.
func timed(work func()) harness.Sample {
	m := harness.StartMeter()
	work()
	c := m.Stop()
	return harness.Sample{Values: []float64{c.Wall.Seconds() * 1e3}, Cost: c, Ops: 1}
}

func timedInFibers(p harness.Params, work func()) (s harness.Sample, err error) {
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) { s = timed(work) })
	return s, err
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func bothFib(n int) int {
	if n < 2 {
		return n
	}
	a, b := parallel.Both(bothFib, n-1, n-2)
	return a + b
}

func doFib(n int) int {
	if n < 2 {
		return n
	}
	var a, b int
	parallel.Do(func() { a = doFib(n - 1) }, func() { b = doFib(n - 2) })
	return a + b
}

func goFib(n int) int {
	if n < 2 {
		return n
	}
	var a int
	var end sync.WaitGroup
	end.Go(func() { a = goFib(n - 1) })
	b := goFib(n - 2)
	end.Wait()
	return a + b
}

// forks is how many branches the recursion fib(n) forks: one in every call that
// is not a leaf.
func forks(n int) int { return fib(n+1) - 1 }

// plain is the extra value of a sample of fork: ns of a plain call.
const plain = "plain call, ns"

func forkFibers(f func(int) int) func(context.Context, harness.Params) (harness.Sample, error) {
	return func(_ context.Context, p harness.Params) (s harness.Sample, err error) {
		n := p.Scale.Of([3]int{30, 24, 12})
		var got int
		err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
			m := harness.StartMeter()
			got = f(n)
			s = perFork(m.Stop(), n)
		})
		if err != nil {
			return s, err
		}
		began := time.Now()
		want := fib(n)
		s.Extra = map[string]float64{plain: float64(time.Since(began).Nanoseconds()) / float64(forks(n))}
		return s, harness.Verify("fib", got, want)
	}
}

// perFork makes a sample of a recursion that forks in fib(n). As the sides differ
// in n, the processor time is made that of a million forks.
func perFork(c harness.Cost, n int) harness.Sample {
	s := c.PerOp(forks(n))
	s.Cost.CPU = time.Duration(float64(c.CPU) * 1e6 / float64(forks(n)))
	return s
}

func forkGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	n := p.Scale.Of([3]int{24, 20, 12})
	m := harness.StartMeter()
	got := goFib(n)
	s := perFork(m.Stop(), n)
	return s, harness.Verify("fib", got, fib(n))
}

// overPlainNote says what a branch costs beside a plain call, on one scheduler,
// where none is run elsewhere.
func overPlainNote(r *harness.Result) string {
	if r.Schedulers != 1 {
		return ""
	}
	over := harness.Column(r.Pairs, harness.OnFibers, func(x harness.Sample) float64 { return x.Values[0] - x.Extra[plain] })
	return fmt.Sprintf("%s ns over a plain call", harness.Figure(harness.Median(over)))
}

const fibCutoff = 20

func bothFibAbove(n int) int {
	if n <= fibCutoff {
		return fib(n)
	}
	a, b := parallel.Both(bothFibAbove, n-1, n-2)
	return a + b
}

func goFibAbove(n int) int {
	if n <= fibCutoff {
		return fib(n)
	}
	var a int
	var end sync.WaitGroup
	end.Go(func() { a = goFibAbove(n - 1) })
	b := goFibAbove(n - 2)
	end.Wait()
	return a + b
}

var (
	fibSizes   = [3]int{34, 29, 22}
	fibAnswers = [3]int{5702887, 514229, 17711}
)

func fibFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	got := 0
	s, err := timedInFibers(p, func() { got = bothFibAbove(fibSizes[p.Scale]) })
	if err != nil {
		return s, err
	}
	return s, harness.Verify("fib", got, fibAnswers[p.Scale])
}

func fibGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	got := 0
	s := timed(func() { got = goFibAbove(fibSizes[p.Scale]) })
	return s, harness.Verify("fib", got, fibAnswers[p.Scale])
}
