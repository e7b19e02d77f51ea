package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var errOne, errTwo = errors.New("one"), errors.New("two")

func fails(err error) func(context.Context) error { return func(context.Context) error { return err } }

// All errors are joined, but those that only say that the group was cancelled.
func TestGroupJoinErrors(t *testing.T) {
	if err := fibers.Run(func() {
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			g.JoinErrors()
			both := cml.NewBarrier(2)
			for _, err := range []error{errOne, errTwo} {
				g.Go(func(ctx context.Context) error { both.Wait(); return err })
			}
			g.Go(func(ctx context.Context) error { return cml.Perform(cml.Done(ctx)) })
			g.Go(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			return nil
		})
		lines := strings.Split(fmt.Sprint(err), "\n")
		slices.Sort(lines)
		if !slices.Equal(lines, []string{"one", "two"}) || !errors.Is(err, errOne) || !errors.Is(err, errTwo) {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
}

// With KeepGoing an error does not end the others; a panic does.
func TestGroupKeepGoing(t *testing.T) {
	if err := fibers.Run(func() {
		ran := false
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			g.KeepGoing()
			first := fibers.GroupSpawn(g, func(context.Context) (int, error) { return 0, errOne })
			g.Go(func(ctx context.Context) error {
				first.Await()
				fibers.Yield()
				ran = ctx.Err() == nil
				return nil
			})
			return nil
		})
		if err != errOne || !ran {
			t.Error(err, ran)
		}
		mustPanic(t, "of the member", func() {
			fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
				g.KeepGoing()
				g.Go(func(context.Context) error { panic("on purpose") })
				g.Go(func(ctx context.Context) error { return cml.Perform(cml.Done(ctx)) })
				return nil
			})
		})
	}); err != nil {
		t.Error(err)
	}
}

// TryGo takes the room that there is, and no more.
func TestGroupTryGo(t *testing.T) {
	if err := fibers.Run(func() {
		gate := cml.NewCond()
		fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.SetLimit(2)
			wait := func(context.Context) error { gate.Wait(); return nil }
			for i := range 3 {
				if g.TryGo(wait) != (i < 2) {
					t.Error("a limit of two is not two")
				}
			}
			if _, ok := fibers.PerformTimeout(g.DoneOp(), time.Millisecond); ok {
				t.Error("two are alive")
			}
			gate.Signal()
			if err := cml.Perform(g.DoneOp()); err != nil {
				t.Error(err)
			}
			if !g.TryGo(fails(errOne)) {
				t.Error("there is room")
			}
			if err := cml.Perform(g.DoneOp()); err != errOne {
				t.Error(err)
			}
			return nil
		})
	}); err != nil {
		t.Error(err)
	}
}

// A member with a result: its errors and panics are the group's, unless it was told to end.
func TestGroupSpawn(t *testing.T) {
	if err := fibers.Run(func() {
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			a := fibers.GroupSpawn(g, func(context.Context) (int, error) { return 3, nil })
			b := fibers.GroupSpawn(g, func(ctx context.Context) (int, error) { return cml.PerformContext(ctx, cml.Never[int]()) })
			b.Cancel()
			if _, err := b.Await(); err != fibers.ErrTaskCancelled {
				t.Error(err)
			}
			c := fibers.GroupSpawn(g, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
			c.Cancel()
			if v, err := a.Await(); v != 3 || err != nil {
				t.Error(v, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		err = fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			fibers.GroupSpawn(g, func(context.Context) (int, error) { return 0, errTwo })
			return cml.Perform(cml.Done(ctx))
		})
		if err != errTwo {
			t.Error(err)
		}
		exits := func(context.Context) (int, error) { goruntime.Goexit(); return 0, nil }
		panics := func(context.Context) (int, error) { panic("on purpose") }
		var task *fibers.Task[int]
		scope := func(fn func(context.Context) (int, error)) func() {
			return func() {
				err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
					task = fibers.GroupSpawn(g, fn)
					return nil
				})
				if err != fibers.ErrGoexit {
					t.Error(err)
				}
			}
		}
		scope(exits)()
		if _, err := task.Await(); err != fibers.ErrGoexit {
			t.Error(err)
		}
		mustPanic(t, "of the member", scope(panics))
		mustPanic(t, "of the task", func() { task.Await() })
	}); err != nil {
		t.Error(err)
	}
}

// What was deferred runs at the end, the last first, with what came of it, and all of it.
func TestGroupDefer(t *testing.T) {
	if err := fibers.Run(func() {
		var log []string
		note := func(g *fibers.Group, name string) {
			g.Defer(func(outcome error) { fibers.Yield(); log = append(log, fmt.Sprint(name, " ", outcome)) })
		}
		check := func(want ...string) {
			t.Helper()
			if !slices.Equal(log, want) {
				t.Errorf("%q, want %q", log, want)
			}
			log = nil
		}
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			note(g, "a")
			g.Go(func(ctx context.Context) error {
				note(g, "b")
				fibers.Yield()
				log = append(log, "member")
				return errOne
			})
			return nil
		})
		if err != errOne {
			t.Error(err)
		}
		check("member", "b one", "a one")

		mustPanic(t, "of the deferred function", func() {
			fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				note(g, "a")
				g.Defer(func(error) { panic("on purpose") })
				note(g, "b")
				return nil
			})
		})
		check("b <nil>", "a <nil>")

		mustPanic(t, "of the function", func() {
			fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				note(g, "a")
				panic("on purpose")
			})
		})
		check("a context canceled")
	}); err != nil {
		t.Error(err)
	}
}

// It runs, to its end, also where the runtime ends, and after the members.
func TestGroupDeferWhenTheRuntimeEnds(t *testing.T) {
	rt, err := fibers.New(fibers.WithGrace(20 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var members, done atomic.Int32
	up := cml.NewBarrier(3)
	rt.Go(func() {
		fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			for range 2 {
				g.Go(func(context.Context) error {
					defer members.Inc()
					up.Wait()
					return cml.Perform(cml.Never[error]())
				})
			}
			g.Defer(func(error) { fibers.Sleep(time.Millisecond); done.Store(members.Load()) })
			return nil
		})
	})
	up.Wait()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if done.Load() != 2 {
		t.Errorf("it ran after %d of 2 members", done.Load())
	}
}

// A scope that loses is cancelled and awaited before the winner's wrap runs.
func TestWithGroupOp(t *testing.T) {
	if err := fibers.Run(func() {
		var ended atomic.Int32
		op := fibers.WithGroupOp(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			for range 3 {
				g.Go(func(ctx context.Context) error {
					defer ended.Inc()
					return cml.Perform(cml.Done(ctx))
				})
			}
			return nil
		})
		for i := range 20 {
			got := cml.Perform(cml.Choice(op, cml.Wrap(fibers.After(100*time.Microsecond), func(time.Time) error {
				if ended.Load() != int32(3*(i+1)) {
					t.Errorf("the scope had not ended: %d", ended.Load())
				}
				return errTwo
			})))
			if got != errTwo {
				t.Fatal(got)
			}
		}
		quick := fibers.WithGroupOp(context.Background(), func(ctx context.Context, g *fibers.Group) error { return errOne })
		if err, ok := fibers.PerformTimeout(quick, time.Minute); !ok || err != errOne {
			t.Error(err, ok)
		}
		ctx, cancel := context.WithCancel(context.Background())
		fibers.Go(cancel)
		if _, err := cml.PerformContext(ctx, op); err != context.Canceled || ended.Load() != 63 {
			t.Error(err, ended.Load())
		}
		panics := fibers.WithGroupOp(context.Background(), func(ctx context.Context, g *fibers.Group) error { panic("on purpose") })
		mustPanic(t, "of the scope", func() { cml.Perform(panics) })
	}); err != nil {
		t.Error(err)
	}
}
