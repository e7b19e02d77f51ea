package runtime_test

import (
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
				if waiting < 2 || !made.Signalled() || rt.NumFibers() > 2 {
					time.Sleep(time.Millisecond) // sleep: a poll
					continue
				}
				r := fibers.Examine(rt)
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
				return
			}
		})
	}
}
