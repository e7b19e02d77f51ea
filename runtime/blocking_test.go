package runtime_test

import (
	"errors"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestBlockingReturnsTheResult(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		self := fibers.Current()
		got := fibers.Blocking(func() [3]string {
			if fibers.Current() != nil {
				t.Error("the function runs in a fiber")
			}
			return [3]string{"a", "b", "c"}
		})
		if got != [3]string{"a", "b", "c"} {
			t.Errorf("got %v", got)
		}
		if fibers.Current() != self {
			t.Error("another fiber came back")
		}
		if n := fibers.Blocking(func() int { return 1 + fibers.Blocking(func() int { return 1 }) }); n != 2 {
			t.Errorf("one in another returned %d", n)
		}
	})
}

// Only the caller waits: one scheduler carries any number of blocking calls.
func TestBlockingKeepsNoScheduler(t *testing.T) {
	const n = 500
	rt := newRuntime(t, fibers.WithSchedulers(1))
	release := make(chan struct{})
	if err := rt.Run(func() {
		blocked, back := newLatch(1), newLatch(n)
		var entered atomic.Int64
		for range n {
			fibers.Go(func() {
				fibers.Blocking(func() int {
					if entered.Inc() == n {
						blocked.done()
					}
					<-release
					return 0
				})
				back.done()
			})
		}
		blocked.wait()
		for range 1000 {
			fibers.Yield()
		}
		close(release)
		back.wait()
	}); err != nil {
		t.Error(err)
	}
}

// What fn spawns does not belong to the runtime of its caller: fn is no fiber.
func TestBlockingSpawnsInTheDefaultRuntime(t *testing.T) {
	rt := newRuntime(t)
	if err := rt.Run(func() {
		_ = fibers.Blocking(func() error {
			_, err := fibers.Spawn(func() (int, error) { return 0, nil }).Await()
			return err
		})
	}); err != nil {
		t.Error(err)
	}
	if n := rt.Stats().Spawned; n != 1 {
		t.Errorf("%d fibers were made in the runtime, want 1", n)
	}
}

func TestBlockingMayLockItsThread(t *testing.T) {
	err := fibers.Run(func() {
		for range 10 {
			fibers.Blocking(func() int {
				goruntime.LockOSThread()
				fibers.Sleep(time.Microsecond)
				return 0 // locked: the thread ends with the goroutine
			})
			fibers.Yield()
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPanicInBlockingReachesTheCaller(t *testing.T) {
	failure := errors.New("failure")
	err := fibers.Run(func() {
		p, ok := caught(func() { fibers.Blocking(func() int { deepDown(failure); return 0 }) }).(*fibers.PanicError)
		if !ok || p.Value != failure || !errors.Is(p, failure) || !strings.Contains(string(p.Stack), "deepDown") {
			t.Errorf("the fiber caught %v", p)
		}
	})
	if err != nil {
		t.Error(err)
	}
	if v := caught(func() { fibers.Blocking(func() int { deepDown(failure); return 0 }) }); v != failure {
		t.Errorf("the goroutine caught %v", v)
	}
}

func TestGoexitInBlockingEndsTheCaller(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		cleaned := false
		_, err := fibers.Spawn(func() (int, error) {
			defer func() { cleaned = true }()
			fibers.Blocking(func() int { goruntime.Goexit(); return 0 })
			t.Error("Blocking returned")
			return 1, nil
		}).Await()
		if err != fibers.ErrGoexit || !cleaned {
			t.Errorf("the caller came to %v; its deferred functions ran: %v", err, cleaned)
		}
	})
}

// The end of the runtime does not cut fn short, and is not over before it.
func TestCloseWaitsForBlocking(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	up, release := make(chan struct{}), make(chan struct{})
	var finished, cleaned atomic.Bool
	rt.Go(func() {
		defer func() { cleaned.Store(finished.Load()) }()
		fibers.Blocking(func() int { close(up); <-release; finished.Store(true); return 0 })
		fibers.Yield()
		t.Error("the caller went on after a wait in a runtime that has ended")
	})
	<-up
	closed := make(chan error)
	go func() { closed <- rt.Close() }()
	untilClosing(rt)
	for range 100 {
		goruntime.Gosched()
	}
	select {
	case err := <-closed:
		t.Errorf("Close returned %v before the call", err)
	default:
	}
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if !cleaned.Load() {
		t.Error("the fiber's deferred functions did not run after the call")
	}
}

// A call that outlasts the grace is named.
func TestBlockingBeyondTheGraceIsLeftOver(t *testing.T) {
	up, release := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	err := fibers.Run(func() {
		fibers.GoNamed("stuck", func() {
			defer close(ended)
			fibers.Blocking(func() int { close(up); <-release; return 0 })
		})
		fibers.Blocking(func() struct{} { return <-up })
	}, fibers.WithGrace(time.Millisecond))
	var left *fibers.LeftoverError
	if !errors.As(err, &left) || len(left.Fibers) != 1 || left.Fibers[0].Name != "stuck" {
		t.Errorf("Run returned %v", err)
	}
	close(release)
	<-ended
}

func TestBlockingNilIsRefusedAtTheCaller(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		mustMisuse(t, "Blocking", func() { fibers.Blocking[int](nil) })
	})
}
