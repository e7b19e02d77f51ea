package runtime_test

import (
	"context"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Who waits for a task, a fiber or a group, in whatever way, is told, and who gives up before leaves
// nothing behind: fibers and goroutines, by themselves or by operations, some of which lose, in lines
// whose places are used again and again.
func TestAwaitStress(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	var told atomic.Int64
	rounds, each := scale(300, 60), 8
	ways := []func(task *fibers.Task[int], g *fibers.Group, f *fibers.Fiber){
		func(task *fibers.Task[int], _ *fibers.Group, _ *fibers.Fiber) {
			if v, err := task.Await(); v != 42 || err != nil {
				t.Errorf("Await returned %d, %v", v, err)
			}
		},
		func(task *fibers.Task[int], _ *fibers.Group, f *fibers.Fiber) {
			if r := cml.Perform(task.AwaitOp()); r.Value != 42 {
				t.Errorf("AwaitOp returned %d", r.Value)
			}
			cml.Perform(f.DoneOp())
		},
		func(task *fibers.Task[int], g *fibers.Group, f *fibers.Fiber) { // one of them loses
			cml.Select(
				cml.On(task.AwaitOp(), func(fibers.Result[int]) {}),
				cml.On(f.DoneOp(), func(cml.Unit) {}),
				cml.On(g.DoneOp(), func(error) {}),
			)
		},
		func(task *fibers.Task[int], g *fibers.Group, f *fibers.Fiber) { // gives up
			for {
				if _, ok := fibers.PerformTimeout(task.AwaitOp(), time.Microsecond); ok {
					break
				}
			}
			f.Wait()
			cml.Perform(g.DoneOp())
		},
	}
	for range rounds {
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			var open atomic.Bool
			gate := func() {
				for !open.Load() {
					fibers.Yield()
				}
			}
			var task *fibers.Task[int]
			var f *fibers.Fiber
			if err := rt.Run(func() {
				task = fibers.Spawn(func() (int, error) { gate(); return 42, nil })
				f = fibers.GoFiber(gate)
			}); err != nil {
				return err
			}
			g.Go(func(context.Context) error { gate(); return nil })
			var all sync.WaitGroup
			all.Add(2 * each * len(ways))
			for i := range each * len(ways) {
				wait := func() { defer all.Done(); ways[i%len(ways)](task, g, f); told.Inc() }
				go wait()
				rt.Go(wait)
			}
			goruntime.Gosched()
			open.Store(true)
			all.Wait()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := int64(rounds * 2 * each * len(ways)); told.Load() != want {
		t.Errorf("%d of %d were told", told.Load(), want)
	}
}

// Fibers that are ended while they wait leave the line; the others are told.
func TestAwaitOfThoseWhoAreEnded(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var open atomic.Bool
	task := fibers.Spawn(func() (int, error) {
		for !open.Load() {
			fibers.Yield()
		}
		return 42, nil
	})
	const n = 10
	var left, told atomic.Int64
	for i := range n {
		rt.Go(func() {
			defer left.Inc()
			fibers.Current().SetName("waiter")
			if i%2 == 0 {
				_, _ = task.Await()
			} else {
				cml.Perform(task.AwaitOp())
			}
			t.Error("it went on")
		})
	}
	for waiting := 0; waiting < n; {
		waiting = 0
		for _, f := range rt.Fibers() {
			if f.Reason == "await task" {
				waiting++
			}
		}
		goruntime.Gosched()
	}
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _ = task.Await(); told.Inc() })
	}
	if err := rt.Close(); err != nil || left.Load() != n {
		t.Errorf("Close returned %v; %d of %d fibers were ended", err, left.Load(), n)
	}
	open.Store(true)
	all.Wait()
	if told.Load() != n {
		t.Errorf("%d of %d goroutines were told", told.Load(), n)
	}
}
