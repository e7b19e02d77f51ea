package runtime_test

import (
	"context"
	"errors"
	"iter"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// untilClosing returns when rt admits no one any more.
func untilClosing(rt *fibers.Runtime) {
	for caught(func() { rt.Go(func() {}) }) == nil {
		goruntime.Gosched()
	}
}

// untilWaiting returns when the fiber of that name waits, and for what.
func untilWaiting(rt *fibers.Runtime, name string) string {
	for {
		for _, f := range rt.Fibers() {
			if f.Name == name && f.State == fibers.Waiting {
				return f.Reason
			}
		}
		goruntime.Gosched()
	}
}

// endlessly are the ways to wait. Each must not return before its runtime ends;
// other is a runtime that does not.
var endlessly = map[string]struct {
	wait   func(other *fibers.Runtime, release <-chan struct{})
	reason string
}{
	"Sleep":      {func(*fibers.Runtime, <-chan struct{}) { fibers.Sleep(time.Hour) }, "sleep"},
	"SleepUntil": {func(*fibers.Runtime, <-chan struct{}) { fibers.SleepUntil(time.Now().Add(time.Hour)) }, "sleep"},
	"Park":       {func(*fibers.Runtime, <-chan struct{}) { parkForEver(wait.Signal) }, "signal"},
	"Await": {func(other *fibers.Runtime, _ <-chan struct{}) {
		_, _ = fibers.Spawn(func() (int, error) { fibers.Sleep(time.Hour); return 0, nil }).Await()
	}, "await task"},
	"Run of another runtime": {func(other *fibers.Runtime, release <-chan struct{}) {
		_ = other.Run(func() { <-release })
	}, "await task"},
	"nested Run": {func(*fibers.Runtime, <-chan struct{}) {
		_ = fibers.Run(func() { fibers.Sleep(time.Hour) })
	}, "await task"},
	"nested Run that drains": {func(*fibers.Runtime, <-chan struct{}) {
		_ = fibers.Run(func() { fibers.Go(func() { fibers.Sleep(time.Hour) }) }, fibers.WithDrain())
	}, "blocking call"},
	"Blocking": {func(_ *fibers.Runtime, release <-chan struct{}) {
		fibers.Blocking(func() int { <-release; return 0 })
		fibers.Yield() // the call is seen to its end: the next wait is the one that does not return
	}, "blocking call"},
	"WithGroup": {func(*fibers.Runtime, <-chan struct{}) {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(func(context.Context) error { fibers.Sleep(time.Hour); return nil })
			return nil
		})
	}, "wait for group"},
	"Group.Go": {func(*fibers.Runtime, <-chan struct{}) {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.SetLimit(1)
			for range 2 {
				g.Go(func(context.Context) error { fibers.Sleep(time.Hour); return nil })
			}
			return nil
		})
	}, "wait for group"},
}

func parkForEver(why wait.Reason) {
	for w := wait.Current(); ; {
		w.Park(why)
	}
}

func TestCloseEndsFibersInEveryKindOfWait(t *testing.T) {
	for name, c := range endlessly {
		for _, n := range []int{1, 2} {
			t.Run(name, func(t *testing.T) {
				rt, other := newRuntime(t, fibers.WithSchedulers(n)), newRuntime(t, fibers.WithSchedulers(1))
				release := make(chan struct{})
				var steps []string
				rt.Go(func() {
					defer func() { steps = append(steps, "last") }()
					defer func() { steps = append(steps, "first") }()
					fibers.Current().SetName("waiter")
					c.wait(other, release)
					steps = append(steps, "returned")
				})
				if reason := untilWaiting(rt, "waiter"); reason != c.reason {
					// A wait may begin with another one.
					for start := time.Now(); reason != c.reason && time.Since(start) < 5*time.Second; {
						reason = untilWaiting(rt, "waiter")
					}
					if reason != c.reason {
						t.Errorf("it waits for %q, want %q", reason, c.reason)
					}
				}
				go func() { untilClosing(rt); close(release) }()
				if err := rt.Close(); err != nil {
					t.Error(err)
				}
				if !slices.Equal(steps, []string{"first", "last"}) {
					t.Errorf("the fiber went through %q", steps)
				}
				if n := rt.NumFibers(); n != 0 {
					t.Errorf("%d fibers are left", n)
				}
			})
		}
	}
}

func TestCloseEndsFibersThatYield(t *testing.T) {
	rt := newRuntime(t)
	var up, cleaned atomic.Int64
	for range 10 {
		rt.Go(func() {
			defer cleaned.Inc()
			for up.Inc(); ; {
				fibers.Yield()
			}
		})
	}
	for up.Load() < 10 {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil || cleaned.Load() != 10 {
		t.Errorf("Close returned %v with %d of 10 cleaned up", err, cleaned.Load())
	}
}

func TestCloseTwiceAndAtOnce(t *testing.T) {
	rt := newRuntime(t)
	var cleaned atomic.Int64
	up := make(chan struct{})
	rt.Go(func() {
		defer cleaned.Inc()
		close(up)
		fibers.Sleep(time.Hour)
	})
	<-up
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
			if cleaned.Load() != 1 {
				t.Error("Close returned before the end")
			}
		})
	}
	wg.Wait()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if err := rt.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown after Close: %v", err)
	}
}

func TestAClosedRuntimeAdmitsNobody(t *testing.T) {
	rt := newRuntime(t)
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T) {
		mustMisuse(t, "Go", func() { rt.Go(func() { t.Error("it ran") }) })
		if err := rt.Run(func() { t.Error("it ran") }); err != fibers.ErrClosed {
			t.Errorf("Run returned %v", err)
		}
		if rt.NumFibers() != 0 || len(rt.Fibers()) != 0 {
			t.Errorf("%d fibers, %v", rt.NumFibers(), rt.Fibers())
		}
	})
}

func TestCloseInAFiberOfTheRuntimeIsRefused(t *testing.T) {
	rt := newRuntime(t)
	for range 2 {
		if err := rt.Run(func() {
			mustMisuse(t, "Close", func() { _ = rt.Close() })
			mustMisuse(t, "Shutdown", func() { _ = rt.Shutdown(context.Background()) })
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestCloseInAFiberOfAnotherRuntime(t *testing.T) {
	rt, other := newRuntime(t, fibers.WithSchedulers(1)), newRuntime(t)
	if err := other.Run(func() {
		var cleaned, over atomic.Bool
		up := newLatch(1)
		rt.Go(func() {
			defer cleaned.Store(true)
			up.done()
			fibers.Sleep(time.Hour)
		})
		up.wait()
		fibers.Go(func() { // goes on meanwhile
			for !over.Load() {
				fibers.Yield()
			}
		})
		if err := rt.Close(); err != nil || !cleaned.Load() {
			t.Errorf("Close returned %v; the fiber cleaned up: %v", err, cleaned.Load())
		}
		over.Store(true)
	}); err != nil {
		t.Error(err)
	}
}

func TestShutdownWaitsForAllFibers(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		rt, err := fibers.New()
		if err != nil {
			t.Fatal(err)
		}
		var ended atomic.Int64
		var grow func(n int)
		grow = func(n int) { // fibers go on spawning fibers
			if n > 0 {
				fibers.Sleep(time.Microsecond)
				fibers.Go(func() { grow(n - 1) })
				fibers.Go(func() { grow(n - 1) })
			}
			ended.Inc()
		}
		rt.Go(func() { grow(8) })
		if err := rt.Shutdown(context.Background()); err != nil || ended.Load() != 511 {
			t.Errorf("Shutdown returned %v with %d of 511 fibers ended", err, ended.Load())
		}
	})
}

func TestShutdownEndsWhatTheContextDoesNotWaitFor(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		rt, err := fibers.New()
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan struct{})
		var cleaned atomic.Bool
		rt.Go(func() {
			defer cleaned.Store(true)
			close(up)
			fibers.Sleep(time.Hour)
		})
		fibers.Blocking(func() struct{} { return <-up })
		impatience := errors.New("impatience")
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(impatience)
		if err := rt.Shutdown(ctx); err != impatience || !cleaned.Load() {
			t.Errorf("Shutdown returned %v; the fiber cleaned up: %v", err, cleaned.Load())
		}
		if err := rt.Run(func() {}); err != fibers.ErrClosed {
			t.Errorf("Run returned %v", err)
		}
	})
}

// A fiber that computes on is named in the error, and ends at its next wait:
// then nothing is left (which the end of all tests looks at).
func TestLeftOverFiberEndsAtItsNextWait(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(1), fibers.WithGrace(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	rt.Watch()
	var up, stop, cleaned atomic.Bool
	rt.Go(func() {
		fibers.GoNamed("stubborn", func() {
			defer cleaned.Store(true)
			for up.Store(true); !stop.Load(); {
			}
			fibers.Yield()
			t.Error("it went on after a wait")
		})
	})
	for !up.Load() {
		goruntime.Gosched()
	}
	err = rt.Close()
	var left *fibers.LeftoverError
	if !errors.As(err, &left) || len(left.Fibers) != 1 {
		t.Fatalf("Close returned %v", err)
	}
	f := left.Fibers[0]
	if f.Name != "stubborn" || f.State != fibers.Runnable || f.ID == 0 || !strings.Contains(f.Site, "close_test.go:") {
		t.Errorf("the error names %+v", f)
	}
	for _, want := range []string{"fibers: 1 left over", `"stubborn"`, "runnable", "close_test.go:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if again := rt.Close(); again != err {
		t.Errorf("Close again returned %v", again)
	}
	stop.Store(true)
	for !cleaned.Load() || rt.NumFibers() > 0 {
		goruntime.Gosched()
	}
}

func TestLeftoverErrorIsNoLongList(t *testing.T) {
	e := &fibers.LeftoverError{Fibers: make([]fibers.FiberInfo, 25)}
	if text := e.Error(); !strings.Contains(text, "25 left over") || !strings.HasSuffix(text, "and 15 more") {
		t.Errorf("the text is %q", text)
	}
}

func TestDefaultStartsAgainAfterClose(t *testing.T) {
	first := fibers.Default()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	done := make(chan *fibers.Runtime)
	fibers.Go(func() { done <- fibers.Default() })
	second := <-done
	if second == first || second != fibers.Default() {
		t.Error("Go did not start another Default runtime, or not the one")
	}
	if v, err := fibers.Spawn(func() (int, error) { return 1, nil }).Await(); v != 1 || err != nil {
		t.Errorf("Spawn: %d, %v", v, err)
	}
}

// A fiber that waits in the body of an iter.Pull is no fiber there. It is left over, which
// the error says, and goes on when the body does.
func TestAFiberInAnIteratorIsLeftOver(t *testing.T) {
	never := cml.NewChan[int]()
	inBody, ended := make(chan struct{}), make(chan struct{})
	err := fibers.Run(func() {
		fibers.GoNamed("puller", func() {
			defer close(ended)
			next, stop := iter.Pull(func(yield func(int) bool) {
				if fibers.Current() != nil {
					t.Error("the body is a fiber")
				}
				close(inBody)
				yield(never.Get())
			})
			defer stop()
			next()
			fibers.Yield()
			t.Error("it went on after its next wait")
		})
		fibers.Blocking(func() struct{} { return <-inBody })
	}, fibers.WithGrace(time.Millisecond))
	var left *fibers.LeftoverError
	if !errors.As(err, &left) || len(left.Fibers) != 1 || left.Fibers[0].Name != "puller" || !strings.Contains(err.Error(), "iter.Pull") {
		t.Errorf("Run returned %v", err)
	}
	never.Put(1)
	<-ended
}
