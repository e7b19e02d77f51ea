package runtime_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

type resultOp = cml.Op[fibers.Result[int]]

// Two tasks that await each other by operations, alone or in a choice, are in a deadlock,
// unless something else could end the wait of one.
func TestDeadlocksOfTasksAwaitedByOperations(t *testing.T) {
	for name, c := range map[string]struct {
		op   func(resultOp) resultOp
		dead bool
	}{
		"alone":       {func(op resultOp) resultOp { return op }, true},
		"in a choice": {func(op resultOp) resultOp { return cml.Choice(op, op) }, true},
		"or a time": {func(op resultOp) resultOp {
			return cml.Choice(op, cml.Wrap(fibers.After(time.Hour), func(time.Time) (r fibers.Result[int]) { return r }))
		}, false},
		"or an operation of others": {func(op resultOp) resultOp {
			return cml.Choice(op, cml.NewOp(
				func() (r fibers.Result[int], ok bool) { return r, false },
				func(cml.Waiter[fibers.Result[int]]) func() { return nil }))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			rt := newRuntime(t, fibers.WithGrace(time.Second))
			rt.Watch()
			var a, b *fibers.Task[int]
			made := cml.NewCond()
			rt.Go(func() {
				await := func(other **fibers.Task[int]) func() (int, error) {
					return func() (int, error) {
						made.Wait()
						r := cml.Perform(c.op((*other).AwaitOp()))
						return r.Value, r.Err
					}
				}
				a, b = fibers.Spawn(await(&b)), fibers.Spawn(await(&a))
				made.Signal()
			})
			r := whenAllWait(t, rt, 2, func() bool { return made.Signalled() })
			if found := len(r.Deadlocks) > 0; found != c.dead {
				t.Fatalf("%v", r)
			}
			if !c.dead {
				return
			}
			d := r.Deadlocks[0].Fibers
			if len(d) != 2 || d[0].Wants.Kind != "task" || d[0].HeldBy[0] != d[1].ID || d[1].HeldBy[0] != d[0].ID {
				t.Errorf("%v", r)
			}
		})
	}
}

// whenAllWait examines rt when n fibers are alive, which all wait, and ready reports true.
func whenAllWait(t *testing.T, rt *fibers.Runtime, n int, ready func() bool) fibers.Report {
	t.Helper()
	for start := time.Now(); ; {
		if time.Since(start) > time.Minute {
			t.Fatalf("%v", fibers.Examine(rt))
		}
		waiting := 0
		for i := range rt.EachFiber {
			if i.State == fibers.Waiting && i.Reason != "cond wait" {
				waiting++
			}
		}
		if waiting == n && rt.NumFibers() == n && ready() {
			return fibers.Examine(rt)
		}
		time.Sleep(time.Millisecond) // sleep: a poll
	}
}

// Who waits by an operation for the end of what he is a part of himself is in a deadlock with
// it, unless another part may end the wait.
func TestDeadlocksOfGroupsAndSets(t *testing.T) {
	never := func(context.Context) error {
		cml.Perform(cml.Choice(cml.Never[int](), cml.Wrap(fibers.After(time.Hour), func(time.Time) int { return 0 })))
		return nil
	}
	for name, c := range map[string]struct {
		main   func()
		fibers int
		dead   int // how many are in the deadlock; 0: none
	}{
		"a member that waits for its group": {func() {
			_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				g.Go(func(context.Context) error { return cml.Perform(g.DoneOp()) })
				return nil
			})
		}, 2, 1},
		"two groups that wait for each other": {func() {
			var groups [2]*fibers.Group
			made := cml.NewBarrier(2)
			for i := range 2 {
				fibers.Go(func() {
					_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
						groups[i] = g
						g.Go(func(context.Context) error {
							made.Wait()
							other := groups[1-i].DoneOp()
							return cml.Perform(cml.Choice(other, other))
						})
						return nil
					})
				})
			}
		}, 4, 2},
		"a task that waits for the next of its set": {func() {
			s := fibers.NewTaskSet[int](context.Background())
			s.Spawn(func(context.Context) (int, error) { return s.Next().Value, nil })
		}, 1, 1},
		"and another task": {func() {
			s := fibers.NewTaskSet[int](context.Background())
			s.Spawn(func(context.Context) (int, error) { return s.Next().Value, nil })
			s.Spawn(func(ctx context.Context) (int, error) { return 0, never(ctx) })
		}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rt := newRuntime(t, fibers.WithGrace(time.Second))
			rt.Watch()
			rt.Go(c.main)
			r := whenAllWait(t, rt, c.fibers, func() bool { return true })
			if n := len(r.Deadlocks); n != min(c.dead, 1) || n == 1 && len(r.Deadlocks[0].Fibers) != c.dead {
				t.Errorf("%v", r)
			}
		})
	}
}

// A set of many tasks, and many who wait at it and lose, take linear time.
func TestTaskSetOfMany(t *testing.T) {
	const n = 100_000
	rt := newRuntime(t)
	within(t, time.Minute, "the tasks", func() {
		err := rt.Run(func() {
			s := fibers.NewTaskSet[int](context.Background())
			for i := range n {
				s.Spawn(func(context.Context) (int, error) { return i, nil })
			}
			s.Close()
			sum := int64(0)
			for s.Len() > 0 {
				sum += int64(s.Next().Value)
			}
			if sum != int64(n)*(n-1)/2 {
				t.Errorf("the sum is %d", sum)
			}
			block := cml.NewCond()
			s = fibers.NewTaskSet[int](context.Background())
			s.Spawn(func(context.Context) (int, error) { block.Wait(); return 0, nil })
			stop := cml.NewCond()
			var all cml.WaitGroup
			for range n / 5 {
				all.Go(func() { cml.PerformUntil(s.NextOp(), stop.WaitOp()) })
			}
			stop.Signal()
			all.Wait()
			block.Signal()
			if f := s.Next(); f.Task == nil {
				t.Error("one who lost has taken the task")
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}
