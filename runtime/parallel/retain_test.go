package parallel_test

import (
	goruntime "runtime"
	"testing"
	"weak"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// big is large enough to be seen by the garbage collector alone.
type big [1 << 20]byte

// watch counts those of its values that are still there.
type watch []weak.Pointer[big]

func (w *watch) make() *big {
	p := new(big)
	*w = append(*w, weak.Make(p))
	return p
}

// check looks more than once: a thief may not have left its stack yet, and what is
// stopped in the middle of a function is scanned conservatively.
func (w watch) check(t *testing.T) {
	t.Helper()
	var left []int
	for range 20 {
		goruntime.GC()
		left = nil
		for i, p := range w {
			if p.Value() != nil {
				left = append(left, i)
			}
		}
		if left == nil {
			return
		}
		fibers.Yield()
	}
	t.Errorf("of %d values these are still there: %v", len(w), left)
}

// What was passed to a branch is not kept when the fork is over, whoever ran it.
func TestNothingIsRetained(t *testing.T) {
	in(t, 2, func() {
		var arguments watch
		size := func(p *big) *big { return &big{p[0]} }
		for range 3 {
			parallel.Both(size, arguments.make(), arguments.make())
			var stolen atomic.Bool
			first := arguments.make()
			first[1] = 1
			parallel.Both(func(p *big) *big { // the second one is stolen
				if p[1] == 1 {
					spin(&stolen)
				}
				stolen.Store(true)
				return p
			}, first, arguments.make())
			func() {
				defer func() { _ = recover() }()
				parallel.Both(func(p *big) *big { panic("x") }, arguments.make(), arguments.make())
			}()
		}
		arguments.check(t)
	})
}

// Nor is what a branch panicked with when the panic has been recovered: of forks,
// of loops, of loops in loops, and of parts of one that were stolen.
func TestNoPanicIsRetained(t *testing.T) {
	in(t, 2, func() {
		var values watch
		recovered := func(f func()) {
			defer func() { _ = recover() }()
			f()
			t.Error("no panic")
		}
		for _, grain := range []int{0, 1} {
			recovered(func() { parallel.Both(func(p *big) *big { panic(p) }, values.make(), values.make()) })
			first, inner, outer := values.make(), values.make(), values.make()
			recovered(func() { parallel.For(0, 100, grain, func(int, int) { panic(first) }) })
			recovered(func() {
				parallel.For(0, 2, grain, func(int, int) {
					recovered(func() { parallel.For(0, 1, grain, func(int, int) { panic(inner) }) })
					parallel.For(0, 2, grain, func(int, int) { panic(outer) })
				})
			})
			// Pieces 0 and 1 meet, so one of them was stolen.
			var arrived atomic.Int32
			var met atomic.Bool
			left, right := values.make(), values.make()
			recovered(func() {
				parallel.For(0, 2, grain, func(lo, _ int) {
					if arrived.Inc() == 2 {
						met.Store(true)
					}
					spin(&met)
					panic([]*big{left, right}[lo])
				})
			})
		}
		values.check(t)
	})
}

// A loop that waited for its parts does not keep its waiter.
func TestNoWaiterIsRetained(t *testing.T) {
	in(t, 1, func() {
		c := cml.NewChan[int]()
		parallel.For(0, 2, 1, func(lo, _ int) { // each waits for the other
			if lo == 0 {
				c.Get()
			} else {
				c.Put(1)
			}
		})
		if k := parallel.KeptHere(); k.Loops == 0 || k.Waiters != 0 {
			t.Errorf("%d frames hold %d waiters", k.Loops, k.Waiters)
		}
	})
}

// One deep recursion does not cost memory for ever.
func TestDepthIsNotRetained(t *testing.T) {
	const deep = 2*parallel.MostKept + 1
	in(t, 1, func() {
		check := func(what string) {
			t.Helper()
			k := parallel.KeptHere()
			if m := parallel.MostKept; k.Frames > m || k.Jobs > m || k.Loops > m || k.Spans > m {
				t.Errorf("after %s: %+v", what, k)
			}
		}
		var leaf func()
		var loops func(n int)
		loops = func(n int) {
			if n == 0 {
				leaf()
				return
			}
			parallel.For(0, 1, 1, func(int, int) { loops(n - 1) })
		}
		var forks func(n int) int
		forks = func(n int) int {
			switch {
			case n == 0:
				leaf()
			case n > 0:
				parallel.Both(forks, n-1, -1)
			}
			return 0
		}
		var both func(n int)
		both = func(n int) {
			if n == 0 {
				leaf()
				return
			}
			parallel.For(0, 1, 1, func(int, int) { parallel.Do(func() { both(n - 1) }, nop) })
		}
		for _, leaf = range []func(){nop, fibers.Yield} { // the latter makes jobs of all
			loops(deep)
			check("loops")
			forks(deep)
			check("forks")
			both(deep)
			forks(1)
			check("both in turn")
		}
	})
}
