package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// cleanups are what a deferred function may do that takes a wait, and comes to an end.
var cleanups = map[string]func(){
	"Yield":      fibers.Yield,
	"Sleep of 0": func() { fibers.Sleep(0) },
	"Sleep":      func() { fibers.Sleep(time.Millisecond) },
	"SleepUntil": func() { fibers.SleepUntil(time.Now().Add(time.Millisecond)) },
	"Blocking":   func() { fibers.Blocking(func() int { goruntime.Gosched(); return 0 }) },
	"Await":      func() { _, _ = fibers.Spawn(func() (int, error) { return 0, nil }).Await() },
	"After":      func() { cml.Perform(fibers.After(time.Millisecond)) },
	"a goroutine's put": func() {
		c := cml.NewChan[int]()
		go c.Put(1)
		c.Get()
	},
	"WithGroup": func() {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(func(context.Context) error { return nil })
			return nil
		})
	},
}

// The end of a runtime does not cut the deferred functions of those whom it ends.
func TestCleanUpThatWaitsIsNotCut(t *testing.T) {
	for name, clean := range cleanups {
		t.Run(name, func(t *testing.T) {
			rt := newRuntime(t, fibers.WithGrace(time.Minute))
			var steps []string
			up := make(chan struct{})
			rt.Go(func() {
				defer func() { steps = append(steps, "last") }()
				defer func() {
					clean()
					clean()
					steps = append(steps, "cleaned up")
				}()
				close(up)
				fibers.Sleep(time.Hour)
			})
			<-up
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
			if !slices.Equal(steps, []string{"cleaned up", "last"}) {
				t.Errorf("the fiber went through %q", steps)
			}
		})
	}
}

// Who is on the way out already, by a panic or a Goexit of its own, is not cut either.
func TestCleanUpAfterAPanicOrGoexitIsNotCut(t *testing.T) {
	for _, how := range []string{"panic", "Goexit"} {
		t.Run(how, func(t *testing.T) {
			rt := newRuntime(t, fibers.WithGrace(time.Minute), fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) {}))
			gate := cml.NewChan[int]()
			var cleaned atomic.Bool
			rt.Go(func() {
				fibers.Current().SetName("cleaner")
				defer func() { gate.Get(); fibers.Sleep(time.Millisecond); cleaned.Store(true) }()
				if how == "panic" {
					panic("down")
				}
				goruntime.Goexit()
			})
			untilWaiting(rt, "cleaner")
			go func() { untilClosing(rt); gate.Put(1) }()
			if err := rt.Close(); err != nil || !cleaned.Load() {
				t.Errorf("Close returned %v, the fiber has cleaned up: %v", err, cleaned.Load())
			}
		})
	}
}

// Clean-up that does not come to an end is cut after the grace.
func TestCleanUpIsCutAfterTheGrace(t *testing.T) {
	// Twice the grace is all the time that it has, beside whatever else the machine does.
	rt := newRuntime(t, fibers.WithGrace(time.Second))
	up := make(chan struct{})
	var cut, last atomic.Bool
	rt.Go(func() {
		defer last.Store(true)
		defer func() {
			defer cut.Store(true)
			fibers.Sleep(time.Hour)
			t.Error("it went on")
		}()
		close(up)
		fibers.Sleep(time.Hour)
	})
	<-up
	within(t, 30*time.Second, "Close", func() {
		if err := rt.Close(); err != nil || !cut.Load() || !last.Load() {
			t.Errorf("Close returned %v; the fiber was cut: %v, and ended: %v", err, cut.Load(), last.Load())
		}
	})
}

// What a call has made is not thrown away: it is returned, and the next wait ends the
// fiber.
func TestBlockingReturnsWhatItHasMadeAtTheEnd(t *testing.T) {
	rt := newRuntime(t)
	up, release := make(chan struct{}), make(chan struct{})
	var got atomic.Int64
	rt.Go(func() {
		got.Store(int64(fibers.Blocking(func() int { close(up); <-release; return 7 })))
		fibers.Blocking(func() int { t.Error("another call was begun"); return 0 })
		t.Error("it went on after the next wait")
	})
	<-up
	go func() { untilClosing(rt); close(release) }()
	if err := rt.Close(); err != nil || got.Load() != 7 {
		t.Errorf("Close returned %v, the call %d", err, got.Load())
	}
}

// A fiber that has not begun to run when its runtime ends owns something all the same.
func TestWhatAFiberOwnsThatNeverRanIsSeenTo(t *testing.T) {
	const each = 1000
	for range 1000 { // until some have not begun in time
		var ran, instead atomic.Int64
		rt, err := fibers.New()
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan struct{})
		rt.Go(func() {
			for range each {
				fibers.GoOrElse(func() { ran.Inc() }, func() {
					fibers.Sleep(time.Microsecond) // it may wait
					if fibers.Current() == nil {
						t.Error("it runs in no fiber")
					}
					instead.Inc()
				})
			}
			close(up)
			for start := time.Now(); time.Since(start) < time.Millisecond; {
			}
		})
		<-up
		err = rt.Close()
		if sum := ran.Load() + instead.Load(); err != nil || sum != each {
			t.Fatalf("Close returned %v; %d fibers ran, of %d somebody saw to it, of %d", err, ran.Load(), instead.Load(), each)
		}
		if instead.Load() > 0 {
			return
		}
	}
	t.Error("all have begun, each time")
}

func TestGoexitInMainIsReported(t *testing.T) {
	var ended atomic.Bool
	main := func() { defer ended.Store(true); goruntime.Goexit() }
	if err := fibers.Run(main); err != fibers.ErrGoexit || !ended.Load() {
		t.Errorf("Run returned %v", err)
	}
	rt := newRuntime(t)
	if err := rt.Run(main); err != fibers.ErrGoexit {
		t.Errorf("Run of a runtime returned %v", err)
	}
	if err := rt.Run(func() {}); err != nil {
		t.Errorf("the next Run returned %v", err)
	}
	release := make(chan struct{})
	err := fibers.Run(func() {
		begun := cml.NewIVar[int]()
		fibers.Go(func() { begun.Fill(1); <-release })
		begun.Read()
		goruntime.Goexit()
	}, fibers.WithGrace(time.Millisecond), fibers.WithSchedulers(1))
	close(release)
	var left *fibers.LeftoverError
	if !errors.Is(err, fibers.ErrGoexit) || !errors.As(err, &left) {
		t.Errorf("with a fiber left over, Run returned %v", err)
	}
}

// closing returns how long it takes to close a runtime with n fibers that wait so.
func closingOf(t *testing.T, n int, wait func()) time.Duration {
	rt := newRuntime(t, fibers.WithSchedulers(1), fibers.WithGrace(time.Minute))
	var up atomic.Int64
	rt.Go(func() {
		for range n {
			fibers.Go(func() { up.Inc(); wait() })
		}
	})
	for up.Load() < int64(n) {
		goruntime.Gosched()
	}
	start := time.Now()
	if err := rt.Close(); err != nil {
		t.Error(fmt.Sprint(err)[:100])
	}
	return time.Since(start)
}

// 100 000 fibers that await one task took Close over five seconds, others a fraction of
// one.
func TestCloseOfManyThatAwaitOneTask(t *testing.T) {
	n := scale(100000, 20000)
	task := newRuntime(t, fibers.WithSchedulers(1)) // it goes on
	var never *fibers.Task[int]
	if err := task.Run(func() {
		never = fibers.Spawn(func() (int, error) { fibers.Sleep(time.Hour); return 0, nil })
	}); err != nil {
		t.Fatal(err)
	}
	cond := cml.NewCond()
	for range 3 { // others may need the processors
		await := closingOf(t, n, func() { _, _ = never.Await() })
		wait := closingOf(t, n, cond.Wait)
		if await < 4*wait+time.Second {
			return
		}
		t.Logf("await one task: %v; wait for a condition: %v", await, wait)
	}
	t.Error("closing takes too long each time")
}

func init() {
	programs["leaves LockOSThread behind"] = func() {
		for _, end := range []func(){func() {}, goruntime.Goexit} {
			check(fibers.Run(func() {
				for depth := range 8 {
					done := cml.NewCond()
					fibers.Go(func() {
						defer done.Signal()
						for range depth + 1 {
							goruntime.LockOSThread()
						}
						end()
					})
					done.Wait()
					fibers.Yield()
				}
			}, fibers.WithSchedulers(1)) == nil, "Run failed")
		}
	}
}

// A fiber that ended while it held LockOSThread killed the process.
func TestAFiberMayEndLockedToItsThread(t *testing.T) { mustRerun(t, "leaves LockOSThread behind") }

// What a fiber has set on its goroutine was still there for the next one.
func TestWhatAFiberLeavesOnItsGoroutineIsNotInherited(t *testing.T) {
	if err := fibers.Run(func() {
		for range 100 {
			done := cml.NewChan[bool]()
			fibers.Go(func() {
				was := debug.SetPanicOnFault(true)
				done.Put(was)
			})
			if done.Get() {
				t.Error("a fiber found SetPanicOnFault on")
			}
			fibers.Yield()
		}
	}, fibers.WithSchedulers(1)); err != nil {
		t.Error(err)
	}
}
