package runtime_test

import (
	"errors"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func init() {
	programs["run on a locked thread"] = func() {
		goruntime.LockOSThread()
		check(fibers.Run(func() { fibers.Sleep(time.Millisecond) }) == nil, "Run")
	}
	programs["close on a locked thread"] = func() {
		rt, err := fibers.New()
		check(err == nil, "New")
		check(rt.Run(func() { fibers.Yield() }) == nil, "Run")
		goruntime.LockOSThread()
		check(rt.Close() == nil, "Close")
	}
	programs["close in a blocking call on a locked thread"] = func() {
		err := fibers.Run(func() {
			err := fibers.Blocking(func() error {
				goruntime.LockOSThread()
				return fibers.Run(fibers.Yield)
			})
			check(err == nil, "inner Run")
		})
		check(err == nil, "outer Run")
	}
}

// The caller may be locked to its thread, as the main goroutine is during
// initialisation and in programs with a graphical interface: no coroutine may
// be resumed on it.
func TestRunAndCloseOnALockedThread(t *testing.T) {
	for _, name := range []string{"run on a locked thread", "close on a locked thread", "close in a blocking call on a locked thread"} {
		t.Run(name, func(t *testing.T) { mustRerun(t, name) })
	}
}

// Go in a fiber whose runtime is ending makes a fiber that never runs.
func TestFibersSpawnedAtTheEndNeverRun(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	const n = 100
	var up, ran atomic.Int64
	for range n { // so that idle coroutines are left over
		rt.Go(func() { fibers.Sleep(time.Millisecond) })
	}
	for range n {
		rt.Go(func() {
			defer fibers.Go(func() { ran.Inc() })
			up.Inc()
			fibers.Sleep(time.Hour)
		})
	}
	for up.Load() < n || rt.NumFibers() > n {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if r := ran.Load(); r != 0 {
		t.Errorf("%d of %d fibers ran that were spawned after Close had begun", r, n)
	}
}

func TestRunRunsMainInAFiber(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		outer, here := fibers.Current(), 0
		for range 3 {
			if err := fibers.Run(func() {
				if self := fibers.Current(); self == nil || self == outer {
					t.Error("main does not run in a fiber of its own")
				}
				fibers.Yield()
				here++ // Run returns after this
			}); err != nil {
				t.Error(err)
			}
		}
		if here != 3 || fibers.Current() != outer {
			t.Errorf("main ran %d times of 3; the caller is the same: %v", here, fibers.Current() == outer)
		}
	})
}

func TestRunAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		const n = 8
		var inside atomic.Int64
		together := func() {
			for inside.Inc(); inside.Load() < n; {
				fibers.Yield() // all have to be there at once
			}
		}
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				if err := fibers.Run(together, fibers.WithSchedulers(1)); err != nil {
					t.Error(err)
				}
			})
		}
		fibers.Blocking(func() int { wg.Wait(); return 0 })

		rt := newRuntime(t, fibers.WithSchedulers(1))
		inside.Store(0)
		for range n {
			wg.Go(func() {
				if err := rt.Run(together); err != nil {
					t.Error(err)
				}
			})
		}
		fibers.Blocking(func() int { wg.Wait(); return 0 })
	})
}

func TestRunOfARuntimeInItsOwnFibers(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	depth := 0
	var down func()
	down = func() {
		if depth++; depth < 50 {
			if err := rt.Run(down); err != nil {
				t.Error(err)
			}
		}
	}
	if err := rt.Run(down); err != nil || depth != 50 {
		t.Errorf("Run returned %v at depth %d", err, depth)
	}
}

func TestRunNests(t *testing.T) {
	depth := 0
	var down func()
	down = func() {
		if depth++; depth < 5 {
			if err := fibers.Run(down, fibers.WithSchedulers(1)); err != nil {
				t.Error(err)
			}
		}
	}
	if down(); depth != 5 {
		t.Errorf("depth %d", depth)
	}
}

// A panic in main reaches the caller of Run, when everything has ended.
func TestPanicInMainIsRaisedInTheCaller(t *testing.T) {
	failure := errors.New("failure")
	everywhere(t, func(t *testing.T) {
		var cleaned atomic.Bool
		main := func() {
			var up atomic.Bool
			fibers.Go(func() { defer cleaned.Store(true); up.Store(true); fibers.Sleep(time.Hour) })
			for !up.Load() {
				fibers.Yield()
			}
			deepDown(failure)
		}
		for name, run := range map[string]func(){
			"Run":             func() { _ = fibers.Run(main) },
			"Run that drains": func() { _ = fibers.Run(main, fibers.WithDrain()) },
		} {
			cleaned.Store(false)
			p, ok := caught(run).(*fibers.PanicError)
			if !ok || p.Value != failure || !errors.Is(p, failure) || !strings.Contains(string(p.Stack), "deepDown") {
				t.Errorf("%s panicked with %v", name, p)
			}
			if !cleaned.Load() {
				t.Errorf("%s panicked before the other fiber had ended", name)
			}
		}
		rt := newRuntime(t)
		if p, ok := caught(func() { _ = rt.Run(func() { deepDown(failure) }) }).(*fibers.PanicError); !ok || p.Value != failure {
			t.Errorf("Runtime.Run panicked with %v", p)
		}
		if err := rt.Run(func() {}); err != nil {
			t.Errorf("after that: %v", err)
		}
	})
}

// A handler gets the panic of main too, in its fiber; Run returns it.
func TestPanicInMainWithAHandlerIsReturned(t *testing.T) {
	failure := errors.New("failure")
	everywhere(t, func(t *testing.T) {
		var handled atomic.Int64
		var cleaned atomic.Bool
		handler := fibers.WithPanicHandler(func(f *fibers.Fiber, v any, stack []byte) {
			if f != fibers.Current() || f.Name() != "main" || v != failure || !strings.Contains(string(stack), "deepDown") {
				t.Errorf("the handler got %v of %v", v, f)
			}
			handled.Inc()
		})
		main := func() { fibers.Current().SetName("main"); deepDown(failure) }
		err := fibers.Run(func() {
			fibers.Go(func() { fibers.Sleep(time.Millisecond); cleaned.Store(true) })
			main()
		}, handler, fibers.WithDrain())
		var p *fibers.PanicError
		if !errors.As(err, &p) || p.Value != failure || handled.Load() != 1 || !cleaned.Load() {
			t.Errorf("Run returned %v after %d calls of the handler; it drained: %v", err, handled.Load(), cleaned.Load())
		}
		rt := newRuntime(t, handler)
		if err := rt.Run(main); !errors.As(err, &p) || p.Value != failure || handled.Load() != 2 {
			t.Errorf("Runtime.Run returned %v after %d calls of the handler", err, handled.Load())
		}
	})
}

func TestGoexitOfMainDrainsAsAReturnDoes(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var ended atomic.Bool
		if err := fibers.Run(func() {
			fibers.Go(func() { fibers.Sleep(time.Millisecond); ended.Store(true) })
			goruntime.Goexit()
		}, fibers.WithDrain()); err != fibers.ErrGoexit || !ended.Load() {
			t.Errorf("Run returned %v; it drained: %v", err, ended.Load())
		}
		rt := newRuntime(t)
		for range 3 {
			if err := rt.Run(goruntime.Goexit); err != fibers.ErrGoexit {
				t.Errorf("Runtime.Run returned %v", err)
			}
		}
	})
}

// Who waits in Run while the runtime is closed learns of it.
func TestRunOnARuntimeThatIsClosedMeanwhile(t *testing.T) {
	rt := newRuntime(t)
	up := make(chan struct{})
	done := make(chan error)
	go func() { done <- rt.Run(func() { close(up); fibers.Sleep(time.Hour) }) }()
	<-up
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != fibers.ErrClosed {
		t.Errorf("Run returned %v", err)
	}
}

// The runtime of a nested Run is closed when its caller is ended, before the
// outer Close returns.
func TestNestedRunEndsWithTheOuterRuntime(t *testing.T) {
	for name, opts := range map[string][]fibers.Option{"": nil, "drain": {fibers.WithDrain()}} {
		t.Run(name, func(t *testing.T) {
			rt := newRuntime(t)
			var inner, cleaned atomic.Int64
			sleeper := func() { defer cleaned.Inc(); inner.Inc(); fibers.Sleep(time.Hour) }
			rt.Go(func() {
				defer func() {
					if n := cleaned.Load(); n != 3 {
						t.Errorf("the caller of Run was ended when %d of 3 inner fibers had", n)
					}
				}()
				_ = fibers.Run(func() {
					fibers.Go(sleeper)
					fibers.Go(sleeper)
					if opts == nil {
						sleeper()
					}
					fibers.Go(sleeper)
				}, opts...)
				t.Error("Run returned")
			})
			for inner.Load() < 3 {
				goruntime.Gosched()
			}
			if err := rt.Close(); err != nil || cleaned.Load() != 3 {
				t.Errorf("Close returned %v with %d of 3 inner fibers ended", err, cleaned.Load())
			}
		})
	}
}
