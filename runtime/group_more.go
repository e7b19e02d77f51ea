package runtime

import (
	"context"
	"errors"
	"slices"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// What a Group has beside Go and its limit.

// TryGo is Go that does not wait: with a limit that is reached it reports false, and has
// done nothing. It panics where Go does.
func (g *Group) TryGo(fn func(ctx context.Context) error) bool {
	if fn == nil {
		panic("fibers: Group.TryGo(nil): give it a function")
	}
	g.mu.Lock()
	ok := g.tryEnter()
	g.mu.Unlock()
	if ok {
		g.start(fn, nil, entry(fn))
	}
	return ok
}

// GroupSpawn runs fn in a new fiber, a member of the group, as Group.Go does, and returns
// the task that stands for its result. It has a context of its own, in that of the
// group, which Task.Cancel cancels. Its error, and its panic, are also the group's: it
// cancels the others. It waits for room, and panics, where Go does, also if g is nil. It is a function since
// methods have no type parameters.
func GroupSpawn[T any](g *Group, fn func(ctx context.Context) (T, error)) *Task[T] {
	if g == nil || fn == nil {
		panic("fibers: GroupSpawn without a group or a function")
	}
	g.enter()
	t := &Task[T]{made: true}
	var ctx context.Context
	ctx, t.cancel = context.WithCancelCause(g.ctx)
	gone := func() {
		t.result.Err = ErrClosed
		t.end(ErrClosed)
	}
	g.start(func(context.Context) error {
		defer func() { // also if it happened in a Goexit, which goes on
			if t.panic != nil {
				panic(t.panic)
			}
		}()
		t.run(func() (T, error) { return fn(ctx) })
		err := t.result.Err
		if context.Cause(ctx) == ErrTaskCancelled && (errors.Is(err, context.Canceled) || errors.Is(err, ErrTaskCancelled)) {
			return nil // as it was told
		}
		return err
	}, gone, entry(fn))
	return t
}

// JoinErrors has WithGroup return all errors, in the order in which they came, as
// errors.Join makes one of them, where there are several. Those that only repeat that
// the group was cancelled are left out. It holds for errors that come after the call.
func (g *Group) JoinErrors() {
	g.mu.Lock()
	g.mu.join = true
	g.mu.Unlock()
}

// KeepGoing has the group go on after an error: it does not cancel the context of the
// others, as for services that do not depend on each other. WithGroup still returns the
// first error, or with JoinErrors all. A panic cancels the context all the same. It holds
// for errors that come after the call.
func (g *Group) KeepGoing() {
	g.mu.Lock()
	g.mu.going = true
	g.mu.Unlock()
}

// repeats reports whether err says nothing but that the group has been cancelled; mu is held.
func (g *Group) repeats(err error) bool {
	return g.ctx.Err() != nil && (err == g.mu.err || err == context.Canceled || err == context.Cause(g.ctx))
}

// outcome is what WithGroup returns.
func (g *Group) outcome() error {
	if len(g.mu.more) == 0 {
		return g.mu.err
	}
	return errors.Join(append([]error{g.mu.err}, g.mu.more...)...)
}

// Context returns the context of the group, which its function and its members get.
func (g *Group) Context() context.Context { return g.ctx }

// Defer has fn called when all members have ended, before WithGroup returns, in the fiber of its
// caller: the last that was given first. fn gets what WithGroup is about to return, or the
// *PanicError that it will raise; context.Canceled if its function panicked or exited. What it
// waits for is protected, as by Protect. A panic in it goes on when the others have been
// called. It may be called by fn of WithGroup and by members; it panics if fn is nil, and if WithGroup has returned.
//
// What Defer returns takes fn back, as where there is nothing left to be done at the end,
// and reports whether it has: not if that was done before, or the end has come.
func (g *Group) Defer(fn func(outcome error)) (takeBack func() bool) {
	if fn == nil {
		panic("fibers: Group.Defer(nil): give it a function")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mu.over {
		panic("fibers: Group.Defer after WithGroup has returned")
	}
	place := g.mu.finals.PushBack(fn)
	return func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		n := g.mu.finals.Len()
		g.mu.finals.Remove(place) // does nothing if it is out of the list
		return g.mu.finals.Len() < n
	}
}

func (g *Group) hasFinals() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.finals.Len() > 0
}

// finally calls what was given to Defer.
func (g *Group) finally(outcome error) {
	g.mu.Lock()
	var finals []func(error)
	for e := g.mu.finals.Front(); e != nil; e = g.mu.finals.Front() {
		finals = append(finals, g.mu.finals.Remove(e).(func(error)))
	}
	g.mu.Unlock()
	if len(finals) == 0 {
		return
	}
	Protect(func() {
		for _, fn := range finals { // deferred: the last one first, and all of them
			defer fn(outcome)
		}
	})
}

// DoneOp returns the operation that is ready when no member of the group is alive, with
// the first error that there has been by then, or nil. More members may begin after that.
func (g *Group) DoneOp() cml.Op[error] {
	return cml.Wrap(cml.FromSource[cml.Unit]((*groupSource)(g)), func(cml.Unit) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.mu.err
	})
}

// groupSource is a Group as a cml.Source.
type groupSource Group

// Waits tells what such a wait is for: the search for deadlocks knows who is to end it.
func (*groupSource) Waits() wait.Reason { return wait.Group }

// Try implements cml.Source.
func (src *groupSource) Try() (u cml.Unit, ok bool) {
	g := (*Group)(src)
	if simhook.On() {
		simPoint("Group.Done", unsafe.Pointer(g))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return u, g.mu.active == 0
}

// Block implements cml.Source.
func (src *groupSource) Block(r *awaitRegistration) {
	g := (*Group)(src)
	g.mu.Lock()
	over := g.mu.active == 0
	if !over {
		g.mu.ops.register(r)
	}
	g.mu.Unlock()
	if over {
		r.Commit(cml.Unit{})
	}
}

// Withdraw implements cml.Source. Who is not there any more is being told.
func (src *groupSource) Withdraw(r *awaitRegistration) bool {
	g := (*Group)(src)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.ops.withdraw(r)
}

// WithGroupOp returns WithGroup as an operation: a scope that can lose. When it is performed fn
// begins, in a fiber, and the operation is ready when fn and all members have ended, with
// what WithGroup returns. If it loses, its context is cancelled, and the loser waits until
// all have ended, before the wraps of the winner run: nothing goes on behind the back of
// who performed it. So does who gives up, or is ended. A panic in the scope is raised in
// the performer, also if the scope has lost.
//
// fn begins also if another part of a choice is ready at once.
func WithGroupOp(ctx context.Context, fn func(ctx context.Context, g *Group) error) cml.Op[error] {
	if ctx == nil || fn == nil {
		panic("fibers: WithGroupOp without a context or a function")
	}
	return cml.Bracket(
		func() *Task[cml.Unit] {
			return SpawnContext(ctx, func(ctx context.Context) (cml.Unit, error) { return cml.Unit{}, WithGroup(ctx, fn) })
		},
		func(t *Task[cml.Unit], aborted bool) {
			if aborted {
				t.cancel(context.Canceled)
				t.Await()
			}
		},
		func(t *Task[cml.Unit]) cml.Op[error] {
			return cml.Wrap(t.AwaitOp(), func(r Result[cml.Unit]) error { return r.Err })
		})
}

// First runs the functions at the same time, each in a fiber, and returns the value of the
// first that succeeds. The context of the others is cancelled then, and First returns when
// they have ended. If none succeeds the error is that of all of them, as errors.Join makes it, in
// the order in which they were given. A panic is raised again, as by WithGroup.
func First[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) (T, error) {
	if len(fns) == 0 || slices.ContainsFunc(fns, func(fn func(context.Context) (T, error)) bool { return fn == nil }) {
		panic("fibers: First without a function, or of a nil one: there is nothing that could succeed")
	}
	var (
		winner  T
		won     bool // under the group's lock
		errs    = make([]error, len(fns))
		success = errors.New("fibers: another was first")
	)
	err := WithGroup(ctx, func(_ context.Context, g *Group) error {
		g.KeepGoing() // after a Goexit, too
		for i, fn := range fns {
			g.enter()
			g.start(func(ctx context.Context) error {
				errs[i] = ErrGoexit
				v, err := fn(ctx)
				errs[i] = err
				if err != nil {
					return nil
				}
				g.mu.Lock()
				first := !won
				if first {
					winner, won = v, true
				}
				g.mu.Unlock()
				if first {
					g.cancel(success)
				}
				return nil
			}, func() { errs[i] = ErrClosed }, entry(fn))
		}
		return nil
	})
	if won {
		return winner, nil
	}
	if joined := errors.Join(errs...); joined != nil {
		return winner, joined
	}
	return winner, err
}
