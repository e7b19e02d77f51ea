package cml_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// deepen calls f some kilobytes further down its stack, which is moved for it.
//
//go:noinline
func deepen(n int, f func()) {
	var room [512]byte
	if n == 0 {
		f()
	} else {
		deepen(n-1, f)
	}
	runtime.KeepAlive(&room)
}

// The arms of a Select and their functions may lie on the stack of its caller, which moves
// while it waits, and when a function in it wants more: H1, H2.
func TestSelectOnMovingStacks(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	const rounds = 40
	var collections atomic.Int64
	kinds := selectKinds(&collections)
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC() // shrinks the stacks of those who wait
				collections.Inc()
			}
		}
	})
	fibers.Run(func() {
		var wg cml.WaitGroup
		for i, kind := range kinds {
			for _, spawn := range []func(func()){func(f func()) { fibers.Go(f) }, func(f func()) { go f() }} {
				wg.Add(1)
				spawn(func() {
					defer wg.Done()
					for r := range rounds {
						deepen(40, func() {}) // leaves much room, of which most is taken back
						deepen(r%3, func() {
							if got := kind(r); got != r {
								t.Errorf("kind %d, round %d: %d", i, r, got)
							}
						})
					}
				})
			}
		}
		wg.Wait()
	}, fibers.WithSchedulers(2))
	close(stop)
	collector.Wait()
}

// selectKinds returns functions each of which waits by a Select written in place, whose arms
// have the variables of its frame, for a value that comes when it has been moved; they
// return r.
func selectKinds(collections *atomic.Int64) []func(r int) int {
	later := func(f func()) {
		go func() {
			for until := collections.Load() + 2; collections.Load() < until; {
				runtime.Gosched()
			}
			deepen(30, f) // where the stack has been
		}()
	}
	// deeper writes to what an arm has captured, further down.
	deeper := func(to *int, v int) { deepen(40, func() { *to = v }) }
	never := cml.NewChan[int]()
	return []func(r int) int{
		func(r int) (got int) {
			c := cml.NewChan[int]()
			later(func() { c.Put(r) })
			cml.Select(
				cml.On(never.GetOp(), func(int) { got = -1 }),
				cml.On(c.GetOp(), func(v int) { deeper(&got, v) }),
			)
			return got
		},
		func(r int) (got int) {
			var c cml.Chan[int]
			later(func() { c.Put(r) })
			cml.Select(
				cml.On(c.GetOp(), func(v int) { deeper(&got, v) }),
				cml.On(cml.NewChan[int]().PutOp(r), func(unit) { got = -1 }),
			)
			return got
		},
		func(r int) (got int) {
			c, back := cml.NewChan[int](), cml.NewIVar[int]()
			later(func() { back.Fill(c.Get()) })
			for range 2 {
				cml.Select(
					cml.On(c.PutOp(r), func(unit) { deeper(&got, -1) }),
					cml.On(back.ReadOp(), func(v int) { deeper(&got, v) }),
				)
			}
			return got
		},
		func(r int) (got int) {
			m, s, q := new(cml.Mutex), cml.NewSemaphore(1), cml.NewQueue[int](2)
			m.Lock()
			s.Acquire(1)
			later(func() { q.Put(r) })
			cml.Select(
				cml.On(m.LockOp(), func(unit) { got = -1 }),
				cml.On(s.AcquireOp(1), func(unit) { got = -2 }),
				cml.On(q.GetOp(), func(v cml.Item[int]) { deeper(&got, v.Value) }),
			)
			return got
		},
		func(r int) (got int) {
			ctx, cancel := context.WithCancel(context.Background())
			later(cancel)
			cml.Select(
				cml.On(cml.Done(ctx), func(error) { deeper(&got, r) }),
				cml.On(fibers.After(time.Hour), func(time.Time) { got = -1 }),
			)
			return got
		},
		func(r int) (got int) {
			cml.Select(
				cml.On(fibers.After(50*time.Microsecond), func(time.Time) { deeper(&got, r) }),
				cml.On(never.GetOp(), func(int) { got = -1 }),
			)
			return got
		},
		func(r int) (got int) { // with a guard and its hook
			c := cml.NewChan[int]()
			later(func() { c.Put(r) })
			aborted := 0
			cml.Select(
				cml.On(cml.Guard(func() cml.Op[int] { return c.GetOp() }), func(v int) { deeper(&got, v) }),
				cml.On(cml.OnAbort(never.GetOp(), func() { deeper(&aborted, 1) }), func(int) { got = -1 }),
			)
			return got * aborted
		},
		func(r int) (got int) { // a choice among the arms
			c := cml.NewChan[int]()
			later(func() { c.Put(r) })
			cml.Select(
				cml.Choice(cml.On(never.GetOp(), func(int) { got = -1 }), cml.On(c.GetOp(), func(v int) { deeper(&got, v) })),
				cml.On(cml.Never[int](), func(int) { got = -2 }),
			)
			return got
		},
		func(r int) (got int) { // more than few
			c := cml.NewChan[int]()
			later(func() { c.Put(r) })
			no := func(int) { got = -1 }
			cml.Select(cml.On(never.GetOp(), no), cml.On(never.GetOp(), no), cml.On(never.GetOp(), no),
				cml.On(never.GetOp(), no), cml.On(never.GetOp(), no), cml.On(never.GetOp(), no),
				cml.On(c.GetOp(), func(v int) { deeper(&got, v) }),
				cml.On(never.GetOp(), no), cml.On(never.GetOp(), no), cml.On(never.GetOp(), no))
			return got
		},
		func(r int) (got int) { // one alone
			c := cml.NewChan[int]()
			later(func() { c.Put(r) })
			cml.Select(cml.On(c.GetOp(), func(v int) { deeper(&got, v) }))
			return got
		},
	}
}

// A Select that is written in place costs no memory.
func TestSelectInPlaceAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	fibers.Run(func() {
		x, y := cml.NewChan[int](), cml.NewChan[int]()
		fibers.Go(func() {
			for {
				x.Put(1)
			}
		})
		sum := 0
		if n := allocs.Least(200, func() {
			cml.Select(
				cml.On(x.GetOp(), func(v int) { sum += v }),
				cml.On(y.GetOp(), func(v int) { sum -= v }),
			)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}, fibers.WithSchedulers(1))
}

// Among the arms of a Select each may be chosen, those of a choice in it as the others,
// also where a guard has it go the longer way; and an arm without On has its own functions.
func TestSelectPicksAmongAll(t *testing.T) {
	for _, guarded := range []bool{false, true} {
		fibers.Run(func() {
			counts := make([]atomic.Int64, 5)
			count := func(i int) func(unit) { return func(unit) { counts[i].Inc() } }
			fourth := cml.Always(unit{})
			if guarded {
				fourth = cml.Guard(func() cml.Op[unit] { return cml.Always(unit{}) })
			}
			const n = 5000
			for range n {
				cml.Select(
					cml.On(cml.Always(unit{}), count(0)),
					cml.Choice(cml.On(cml.Always(unit{}), count(1)), cml.On(cml.Always(unit{}), count(2))),
					cml.On(fourth, count(3)),
					cml.Wrap(cml.Always(unit{}), func(unit) unit { counts[4].Inc(); return unit{} }),
				)
			}
			for i := range counts {
				if got := counts[i].Load(); got < n/8 || got > n/3 {
					t.Errorf("guarded %v: arm %d was chosen %d times of %d", guarded, i, got, n)
				}
			}
		})
	}
	var got error = context.Canceled
	cml.Select(cml.On(cml.Always[error](nil), func(err error) { got = err }))
	if got != nil {
		t.Errorf("a nil interface came as %v", got)
	}
}
