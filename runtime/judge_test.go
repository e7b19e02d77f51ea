package runtime_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// runs calls Run and returns what it returns, or fails the test after a minute.
func runs(t *testing.T, main func(), opts ...fibers.Option) error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- fibers.Run(main, opts...) }()
	select {
	case err := <-result:
		return err
	case <-time.After(time.Minute):
		t.Fatal("Run does not return")
		return nil
	}
}

func TestRunEndsWhenNothingCanHappen(t *testing.T) {
	if !fibers.JudgeKnows() {
		t.Skip("this Go runtime does not tell of its timers")
	}
	unwatch := fibers.Watch()
	defer unwatch()
	for name, c := range map[string]struct {
		main func()
		opts []fibers.Option
		want []string
	}{
		"a get that nobody serves": {main: func() { cml.NewChan[int]().Get() }, want: []string{"nothing can happen", "channel get"}},
		"a get after ticks, for which the monitor was not up": {main: func() {
			for range 50 {
				fibers.Sleep(20 * time.Millisecond)
			}
			cml.NewChan[int]().Get()
		}, want: []string{"nothing can happen", "channel get"}},
		"two locks in opposite order": {main: func() {
			var a, b cml.Mutex
			locked := cml.NewBarrier(2)
			other := fibers.Spawn(func() (int, error) {
				b.Lock()
				locked.Wait()
				a.Lock()
				return 0, nil
			})
			a.Lock()
			locked.Wait()
			b.Lock()
			_, _ = other.Await()
		}, want: []string{"deadlock of 2 fibers", "mutex"}},
		"a choice among what nobody gives": {main: func() {
			cml.Select(cml.On(cml.NewChan[int]().GetOp(), func(int) {}), cml.On(cml.NewCond().WaitOp(), func(cml.Unit) {}))
		}, want: []string{"choice"}},
		"a task awaited by an operation": {main: func() {
			lost := fibers.Spawn(func() (int, error) { return cml.NewChan[int]().Get(), nil })
			cml.Perform(lost.AwaitOp())
		}, want: []string{"nothing can happen", "channel get", "2 fibers"}},
		"the end of a group whose member waits for nothing": {main: func() {
			_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				g.Go(func(context.Context) error { cml.NewChan[int]().Get(); return nil })
				return cml.Perform(g.DoneOp())
			})
		}, want: []string{"nothing can happen", "channel get", "wait for group", "2 fibers"}},
		"the next of tasks that wait for nothing": {main: func() {
			s := fibers.NewTaskSet[int](context.Background())
			s.Spawn(func(context.Context) (int, error) { return cml.NewChan[int]().Get(), nil })
			s.Next()
		}, want: []string{"nothing can happen", "channel get", "await task", "2 fibers"}},
		"a scope as an operation": {main: func() {
			_ = cml.Perform(fibers.WithGroupOp(context.Background(), func(_ context.Context, g *fibers.Group) error {
				g.Go(func(context.Context) error { cml.NewChan[int]().Get(); return nil })
				return nil
			}))
		}, want: []string{"nothing can happen", "channel get", "wait for group", "await task", "3 fibers"}},
		"a fiber left while draining": {main: func() {
			fibers.GoNamed("left", func() { cml.NewQueue[int](0).Get() })
		}, opts: []fibers.Option{fibers.WithDrain()}, want: []string{`"left"`, "queue get"}},
		"in a nested Run": {main: func() {
			if err := fibers.Run(func() { cml.NewMVar[int]().Take() }); err != nil {
				panic(err)
			}
		}, opts: []fibers.Option{fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) {})}, want: []string{"mvar take"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := runs(t, c.main, c.opts...)
			var r fibers.Report
			if !errors.As(err, &r) || !r.Idle {
				t.Fatalf("%v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// A runtime that Run did not make may be the last to have something to do, and fall asleep
// or be closed then.
func TestRunEndsWhenOthersFallAsleepLast(t *testing.T) {
	if !fibers.JudgeKnows() {
		t.Skip("this Go runtime does not tell of its timers")
	}
	const busy = 1200 * time.Millisecond // beyond the judge's first look
	for name, close := range map[string]bool{"asleep": false, "closed": true} {
		t.Run(name, func(t *testing.T) {
			other := newRuntime(t, fibers.WithSchedulers(1))
			begun := make(chan struct{})
			other.Go(func() {
				<-begun
				for start := time.Now(); close || time.Since(start) < busy; {
					fibers.Yield()
				}
			})
			if closed := make(chan struct{}); close {
				defer func() { <-closed }()
				time.AfterFunc(busy, func() { defer func() { closed <- struct{}{} }(); _ = other.Close() })
			}
			err := runs(t, func() { begun <- struct{}{}; cml.NewChan[int]().Get() })
			var r fibers.Report
			if !errors.As(err, &r) || !r.Idle {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is not known to be in vain is waited for.
func TestRunWaitsWhileSomethingMayHappen(t *testing.T) {
	const later = 3 * time.Second // than the judge's looks
	for name, main := range map[string]func(){
		"a goroutine that sleeps": func() {
			c := cml.NewChan[int]()
			go func() { time.Sleep(later); c.Put(1) }() // sleep: it is what is tested
			c.Get()
		},
		"a function after a time": func() {
			c := cml.NewCond()
			time.AfterFunc(later, func() { c.Signal() })
			c.Wait()
		},
		"a context": func() {
			ctx, cancel := context.WithTimeout(context.Background(), later)
			defer cancel()
			cml.Perform(cml.Done(ctx))
		},
		"a blocking call": func() {
			fibers.Blocking(func() int { time.Sleep(later); return 0 }) // sleep: it is what is tested
		},
		"a timer of ours": func() {
			c := cml.NewCond()
			fibers.AfterFunc(later, func() { c.Signal() })
			c.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := runs(t, main); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStallsAreReported(t *testing.T) {
	reports := make(chan fibers.Report, 100)
	hold := cml.NewCond()
	err := runs(t, func() {
		var a, b cml.Mutex
		locked := cml.NewBarrier(2)
		fibers.GoNamed("second", func() { b.Lock(); locked.Wait(); a.Lock() })
		fibers.GoNamed("first", func() { a.Lock(); locked.Wait(); b.Lock() })
		hold.Wait()
	}, fibers.WithStallReport(50*time.Millisecond, func(r fibers.Report) {
		reports <- r
		if len(r.Deadlocks) > 0 {
			hold.Signal()
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for r := range reports {
		if len(r.Deadlocks) == 0 {
			continue
		}
		d := r.Deadlocks[0]
		if len(d.Fibers) != 2 || d.Fibers[0].Wants.Kind != "mutex" || d.Fibers[0].HeldBy[0] != d.Fibers[1].ID || d.Fibers[1].HeldBy[0] != d.Fibers[0].ID {
			t.Errorf("%v", r)
		}
		if text := r.String(); !strings.Contains(text, `"first"`) || !strings.Contains(text, "judge_test.go:") {
			t.Error(text)
		}
		return
	}
}
