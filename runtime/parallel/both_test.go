package parallel_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/allocs"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	a, b := parallel.Both(fib, n-1, n-2)
	return a + b
}

func TestBoth(t *testing.T) {
	on(t, func(t *testing.T) {
		if got := fib(20); got != 6765 {
			t.Errorf("fib(20) = %d", got)
		}
		length := func(s string) int { return len(s) }
		if a, b := parallel.Both(length, "one", "three"); a != 3 || b != 5 {
			t.Errorf("Both of lengths: %d, %d", a, b)
		}
	})
}

// Branches of different types, one within the other and in turn.
func TestBothOfManyTypes(t *testing.T) {
	type pair struct{ a, b int }
	var text func(n int) string
	number := func(n int) int {
		if n == 0 {
			return 1
		}
		a, b := parallel.Both(text, n-1, n-1)
		return len(a) + len(b)
	}
	text = func(n int) string {
		if n == 0 {
			return "x"
		}
		both := func(p pair) [2]int {
			a, b := parallel.Both(number, p.a, p.b)
			sum := 0
			parallel.For(0, 3, 1, func(lo, hi int) {
				if lo == 2 { // one of them, so that there is no race
					sum = a + b
				}
			})
			return [2]int{sum, a}
		}
		l, r := parallel.Both(both, pair{n - 1, n - 1}, pair{n - 1, n - 1})
		return strings.Repeat("x", l[0]+r[1])
	}
	on(t, func(t *testing.T) {
		// By hand: t(0) = n(0) = 1; n(k) = 2 t(k−1); t(k) = 3 n(k−1).
		if got, want := number(6), 2*3*2*3*2*3; got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	})
}

func TestDo(t *testing.T) {
	on(t, func(t *testing.T) {
		for n := range 20 {
			var fns []func()
			done := make([]bool, n)
			for i := range n {
				fns = append(fns, func() { done[i] = true })
			}
			parallel.Do(fns...)
			for i, d := range done {
				if !d {
					t.Errorf("Do of %d: function %d was not called", n, i)
				}
			}
		}
	})
}

// A branch that waits for the other one does not keep it from running, whichever
// is first, also where there is a single scheduler.
func TestBranchesWaitForEachOther(t *testing.T) {
	on(t, func(t *testing.T) {
		c := cml.NewChan[int]()
		got := 0
		get, put := func() { got = c.Get() }, func() { c.Put(1) }
		parallel.Do(get, put)
		parallel.Do(put, get)
		if got != 1 {
			t.Errorf("got %d", got)
		}
		// A ring: each waits for its neighbour, the last for the first.
		const n = 50
		var ring [n]*cml.Chan[int]
		var fns []func()
		for i := range ring {
			ring[i] = cml.NewChan[int]()
			fns = append(fns, func() {
				if i == 0 {
					ring[1].Put(1)
					got = ring[0].Get()
					return
				}
				ring[(i+1)%n].Put(ring[i].Get() + 1)
			})
		}
		parallel.Do(fns...)
		if got != n {
			t.Errorf("the ring gives %d, not %d", got, n)
		}
	})
}

// A branch that yields until the other has run lets it run.
func TestBranchYields(t *testing.T) {
	on(t, func(t *testing.T) {
		var flag atomic.Bool
		parallel.Do(
			func() {
				for !flag.Load() {
					fibers.Yield()
				}
			},
			func() { flag.Store(true) })
	})
}

func TestBranchesSleep(t *testing.T) {
	on(t, func(t *testing.T) {
		const n, nap = 100, 20 * time.Millisecond
		began := time.Now()
		var count atomic.Int32
		fns := make([]func(), n)
		for i := range fns {
			fns[i] = func() { fibers.Sleep(nap); count.Inc() }
		}
		parallel.Do(fns...)
		if took := time.Since(began); took < nap || took > n*nap/2 {
			t.Errorf("%d naps of %v, all at once, took %v", n, nap, took)
		}
		if count.Load() != n {
			t.Errorf("%d branches ended", count.Load())
		}
	})
}

func nop() {}

// spin keeps its scheduler until flag is set. It forks meanwhile, as only at a
// fork a fiber sees that another scheduler is idle.
func spin(flag *atomic.Bool) {
	for !flag.Load() {
		parallel.Do(nop, nop)
	}
}

// The second branch is taken by another scheduler, certainly: the first waits for
// it without letting go of its own.
func TestStolen(t *testing.T) {
	in(t, 2, func() {
		for range 20 {
			var stolen atomic.Bool
			await := func(first bool) *fibers.Fiber {
				if first {
					spin(&stolen)
				}
				stolen.Store(true)
				return fibers.Current()
			}
			a, b := parallel.Both(await, true, false)
			if a == b {
				t.Error("one fiber ran both")
			}
		}
	})
}

// The joiner waits for a stolen branch that itself waits, and runs elsewhere then.
func TestStolenBranchWaits(t *testing.T) {
	in(t, 2, func() {
		for i := range 50 {
			var stolen atomic.Bool
			c := cml.NewChan[int]()
			f := func(first bool) int {
				if first {
					spin(&stolen)
					return 1
				}
				stolen.Store(true)
				return c.Get()
			}
			fibers.Go(func() { c.Put(i) })
			if a, b := parallel.Both(f, true, false); a != 1 || b != i {
				t.Errorf("round %d: %d, %d", i, a, b)
			}
		}
	})
}

// The oldest branch is given away first: it is the largest.
func TestOldestIsStolen(t *testing.T) {
	in(t, 2, func() {
		var stolen atomic.Int32
		stolen.Store(-1)
		owner := fibers.Current()
		var dive func(depth int) struct{}
		dive = func(depth int) struct{} {
			switch {
			case depth < 0: // a second branch, of level −depth
				if fibers.Current() != owner {
					stolen.CompareAndSwap(-1, int32(-depth))
				}
			case depth < 10:
				parallel.Both(dive, depth+1, -depth-1)
			default:
				for stolen.Load() < 0 {
					parallel.Do(nop, nop)
				}
			}
			return struct{}{}
		}
		dive(0)
		if got := stolen.Load(); got != 1 {
			t.Errorf("the branch of level %d was stolen first", got)
		}
	})
}

// No branch allocates that is not stolen; also where it is offered again and again
// to schedulers that sleep, as here the others have no processor.
func TestBothAllocatesNothing(t *testing.T) {
	for _, n := range []int{1, 2, 8} {
		in(t, n, func() { allocatesNothing(t) })
	}
}

func allocatesNothing(t *testing.T) {
	// Once in a while one is stolen all the same: the least of some tries counts.
	if n := allocs.Least(100, func() { fib(10) }); n != 0 {
		t.Errorf("fib(10) allocates %v times", n)
	}
	var sink [64]int
	body := func(lo, hi int) { sink[lo]++ }
	if n := allocs.Least(100, func() { parallel.For(0, 64, 1, body) }); n != 0 {
		t.Errorf("For allocates %v times", n)
	}
}

// Deep recursion needs no more than stack and frames.
func TestBothDeep(t *testing.T) {
	in(t, 2, func() {
		var list func(n int) int
		list = func(n int) int {
			if n <= 0 {
				return 1
			}
			a, b := parallel.Both(list, n-1, 0)
			return a + b
		}
		if got := list(100_000); got != 100_001 {
			t.Errorf("got %d", got)
		}
	})
}

// Many fibers fork at once and wait in their branches: each has its own.
func TestManyFibers(t *testing.T) {
	on(t, func(t *testing.T) {
		var all sync.WaitGroup
		var wrong atomic.Int32
		for range 50 {
			all.Add(1)
			fibers.Go(func() {
				defer all.Done()
				var f func(n int) int
				f = func(n int) int {
					if n < 2 {
						fibers.Yield()
						return n
					}
					a, b := parallel.Both(f, n-1, n-2)
					return a + b
				}
				if f(10) != 55 {
					wrong.Inc()
				}
			})
		}
		if fibers.Current() != nil {
			fibers.Blocking(func() int { all.Wait(); return 0 })
		} else {
			all.Wait()
		}
		if n := wrong.Load(); n > 0 {
			t.Errorf("%d wrong results", n)
		}
	})
}

func TestGoroutinesForkAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 5 {
				if got := fib(12); got != 144 {
					t.Errorf("fib(12) = %d", got)
				}
			}
		})
	}
	all.Wait()
}

func TestMisuse(t *testing.T) {
	for name, call := range map[string]func(){
		"Both":           func() { parallel.Both[int, int](nil, 1, 2) },
		"Do":             func() { parallel.Do(func() { t.Error("Do called a function beside a nil one") }, nil) },
		"Do one":         func() { parallel.Do(nil) },
		"For":            func() { parallel.For(0, 0, 0, nil) },
		"Reduce leaf":    func() { parallel.Reduce(0, 0, 0, 0, nil, func(a, b int) int { return a }) },
		"Reduce join":    func() { parallel.Reduce(0, 0, 0, 0, func(int, int, int) int { return 0 }, nil) },
		"Map":            func() { parallel.Map[int, int](nil, nil) },
		"Filter":         func() { parallel.Filter([]int{}, nil) },
		"Scan":           func() { parallel.Scan([]int{}, nil) },
		"MapReduce":      func() { parallel.MapReduce([]int{}, 0, nil, func(a, b int) int { return a }) },
		"MapSeq":         func() { parallel.MapSeq[int, int](nil, nil) },
		"MapReduceSeq":   func() { parallel.MapReduceSeq[int](nil, 0, nil, nil) },
		"SortFunc":       func() { parallel.SortFunc([]int{}, nil) },
		"SortStableFunc": func() { parallel.SortStableFunc([]int{}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if msg := fmt.Sprint(recover()); !strings.HasPrefix(msg, "parallel: ") {
					t.Errorf("it panics with %q", msg)
				}
			}()
			call()
		})
	}
}
