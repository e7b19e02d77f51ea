package cml_test

import (
	"context"
	goruntime "runtime"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Fibers that run one after the other use the same records. These are the ways in which one
// record might have shown something of its last user, or served two at once.

// The runtime closes while an inspector watches. A fiber that has given its performance back
// waits for something else as it unwinds, and must not be taken to wait in that: another uses it.
func TestAnInspectorReadsNoPerformanceThatWasGivenBack(t *testing.T) {
	defer fibers.Watch()()
	rt, err := fibers.New(fibers.WithSchedulers(2), fibers.WithGrace(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	a, b := cml.NewChan[int](), cml.NewChan[int]()
	both := cml.Choice(a.GetOp(), b.GetOp())
	var begun atomic.Int32
	const half = 50
	for range half {
		rt.Go(func() {
			defer fibers.Sleep(300 * time.Millisecond)
			begun.Inc()
			cml.Perform(both)
		})
		rt.Go(func() {
			defer func() {
				fibers.Sleep(time.Millisecond) // the others sleep by now
				for range 1000 {
					cml.PerformUntil(both, fibers.After(10*time.Microsecond))
				}
			}()
			begun.Inc()
			cml.Perform(both)
		})
	}
	for start := time.Now(); begun.Load() < 2*half; goruntime.Gosched() {
		if time.Since(start) > patience {
			t.Fatal("the fibers do not begin")
		}
	}
	closed := make(chan struct{})
	go func() {
		rt.Close()
		close(closed)
	}()
	for {
		select {
		case <-closed:
			return
		default:
			fibers.Examine(rt)
		}
	}
}

// WithOp does not wait, so a fiber that is locked to its thread may call it.
func TestWithOpInALockedFiber(t *testing.T) {
	err := fibers.Run(func() {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		ctx, cancel := cml.WithOp(context.Background(), cml.NewChan[int]().GetOp())
		cancel()
		<-ctx.Done()
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
}

// A contextThatParks is one of the user's own, whose Done waits.
type contextThatParks struct{ context.Context }

func (c contextThatParks) Done() <-chan struct{} {
	fibers.Sleep(time.Microsecond)
	return c.Context.Done()
}

// The fiber may be on another scheduler when Done returns, with other records.
func TestPerformContextWhoseDoneParks(t *testing.T) {
	err := fibers.Run(func() {
		var all cml.WaitGroup
		for range 32 {
			all.Add(1)
			fibers.Go(func() {
				defer all.Done()
				for range 50 {
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
					if _, err := cml.PerformContext(contextThatParks{ctx}, cml.NewChan[int]().GetOp()); err == nil {
						t.Error("a get of nobody's has ended")
					}
					cancel()
				}
			})
		}
		all.Wait()
	}, fibers.WithSchedulers(4))
	if err != nil {
		t.Fatal(err)
	}
}

// Records that lie about keep nothing of what they were used for.
func TestRecordsRetainNothing(t *testing.T) {
	type large struct{ _ [1 << 10]byte }
	for name, wait := range map[string]func(x *cml.Chan[*large], gate *cml.Chan[*large]){
		"a choice of four": func(x, gate *cml.Chan[*large]) {
			y, z := cml.NewChan[*large](), cml.NewChan[*large]()
			cml.Perform(cml.Choice(x.GetOp(), y.GetOp(), z.GetOp(), gate.GetOp()))
		},
		"a context's value": func(x, gate *cml.Chan[*large]) {
			type key struct{}
			ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, x))
			defer cancel()
			_, _ = cml.PerformContext(ctx, gate.GetOp())
		},
		"operations of the user's": func(x, gate *cml.Chan[*large]) {
			mine := func() cml.Op[*large] {
				return cml.NewOp(func() (*large, bool) { return nil, false }, func(cml.Waiter[*large]) func() { return func() { x.TryGet() } })
			}
			cml.Perform(cml.Choice(mine(), mine(), gate.GetOp()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := fibers.New(fibers.WithSchedulers(1))
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			const n = 100
			var freed atomic.Int32
			err = rt.Run(func() {
				gate := cml.NewChan[*large]()
				var all cml.WaitGroup
				for range n {
					all.Add(1)
					fibers.Go(func() {
						defer all.Done()
						x := cml.NewChan[*large]()
						goruntime.SetFinalizer(x, func(*cml.Chan[*large]) { freed.Inc() })
						wait(x, gate)
					})
				}
				for range 10 {
					fibers.Yield() // so that all wait at once, each with a record
				}
				for range n {
					gate.Put(nil)
				}
				all.Wait()
			})
			if err != nil {
				t.Fatal(err)
			}
			for start := time.Now(); freed.Load() < n-5; goruntime.GC() {
				if time.Since(start) > 10*time.Second {
					t.Fatalf("%d of %d channels are free again", freed.Load(), n)
				}
			}
		})
	}
}

// Many wait at once, again and again: what they wait by is there from the time before, more
// than one scheduler keeps by itself.
func TestACrowdWaitsByTheRecordsOfTheLast(t *testing.T) {
	const crowd = 10_000
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	err := fibers.Run(func() {
		a, b := cml.NewChan[int](), cml.NewChan[int]()
		both := cml.Choice(a.GetOp(), b.GetOp())
		each := func() (bytes uint64) {
			var before, after goruntime.MemStats
			goruntime.ReadMemStats(&before)
			var end cml.WaitGroup
			end.Add(crowd)
			var begun atomic.Int32
			for range crowd {
				fibers.Go(func() {
					begun.Inc()
					cml.Perform(both)
					end.Done()
				})
			}
			for begun.Load() < crowd {
				fibers.Yield()
			}
			for range crowd {
				a.Put(0)
			}
			end.Wait()
			goruntime.ReadMemStats(&after)
			return (after.TotalAlloc - before.TotalAlloc) / crowd
		}
		first := each()
		again := each()
		for range 5 {
			again = min(again, each())
		}
		if again > 200 && !race.Enabled { // there sync.Pool forgets at random
			t.Errorf("one who waits takes %d new bytes each time, and %d the first time", again, first)
		}
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
}
