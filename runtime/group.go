package runtime

import (
	"context"
	"slices"
	"sync"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A Group is a set of fibers that end before WithGroup returns.
type Group struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	rt     *Runtime

	mu struct {
		sync.Mutex
		active, limit int // members alive; 0: no limit
		waiters       []wait.Waiter
		err           error
		panic         *PanicError
		over          bool // WithGroup has returned
	}
}

// WithGroup calls fn with a new group and returns when fn and every member of
// the group have ended: structured concurrency.
//
// The first error, of fn or of a member, cancels the group's context with that
// error as its cause, and is returned. A member's panic cancels the context too
// and is raised again in the caller, as a *PanicError, when all have ended; a
// panic in fn likewise, as itself. A member that ends by runtime.Goexit fails
// with ErrGoexit.
//
// It may be called in a fiber, whose runtime the members then share, or in a
// plain goroutine: they run in the Default runtime.
func WithGroup(ctx context.Context, fn func(ctx context.Context, g *Group) error) error {
	if fn == nil {
		panic("fibers: WithGroup with a nil function")
	}
	g := &Group{}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	if c := current(); c != nil {
		g.rt = c.rt
	}
	returned := false
	defer func() { // if fn panicked or exited
		if !returned {
			g.cancel(context.Canceled)
			g.wait()
		}
	}()
	err := fn(g.ctx, g)
	returned = true
	if err != nil {
		g.fail(err)
	}
	g.wait()
	g.cancel(nil)
	if g.mu.panic != nil {
		panic(g.mu.panic)
	}
	return g.mu.err
}

// Go runs fn in a new fiber, a member of the group. With a limit it waits until
// there is room. It may be called by fn of WithGroup and by members.
func (g *Group) Go(fn func(ctx context.Context) error) {
	if fn == nil {
		panic("fibers: Group.Go(nil): give it a function")
	}
	g.enter()
	run := func() {
		err := ErrGoexit
		defer func() {
			if err == ErrGoexit {
				if v := recover(); v != nil {
					g.panicked(newPanicError(v))
					err = nil
				}
			}
			g.leave(err)
		}()
		err = fn(g.ctx)
	}
	dropped := func() { g.leave(ErrClosed) }
	if c := current(); c != nil && (g.rt == nil || g.rt == c.rt) {
		c.sched.spawn(run, "", dropped)
		return
	}
	for {
		rt := g.rt
		if rt == nil {
			rt = Default()
		}
		if rt.trySpawn(run, "", dropped) {
			return
		}
		if g.rt != nil {
			g.leave(ErrClosed)
			return
		}
	}
}

// SetLimit sets how many members may be alive at once; negative means any
// number, which is the default. Members that are alive already may exceed it.
func (g *Group) SetLimit(n int) {
	if n == 0 {
		panic("fibers: Group.SetLimit(0) would make every Go wait for ever: give it a positive limit, or a negative one for none")
	}
	g.mu.Lock()
	g.mu.limit = max(n, 0)
	ws := g.takeWaiters()
	g.mu.Unlock()
	unparkAll(ws)
}

// enter counts one more member, when there is room for it.
func (g *Group) enter() {
	var w wait.Waiter
	defer func() {
		if w != nil {
			g.forget(w)
		}
	}()
	for {
		g.mu.Lock()
		if g.mu.over {
			g.mu.Unlock()
			panic("fibers: Group.Go after WithGroup has returned")
		}
		if g.mu.limit == 0 || g.mu.active < g.mu.limit {
			g.mu.active++
			g.mu.Unlock()
			return
		}
		if w == nil {
			w = wait.Current()
		}
		g.mu.waiters = append(g.mu.waiters, w)
		g.mu.Unlock()
		w.Park(wait.Group)
	}
}

// leave counts a member out.
func (g *Group) leave(err error) {
	if err != nil {
		g.fail(err)
	}
	g.mu.Lock()
	g.mu.active--
	ws := g.takeWaiters()
	g.mu.Unlock()
	unparkAll(ws)
}

// wait returns when no member is alive, and ends the group.
func (g *Group) wait() {
	var w wait.Waiter
	defer func() {
		if w != nil {
			g.forget(w)
		}
	}()
	for {
		g.mu.Lock()
		if g.mu.active == 0 {
			g.mu.over = true
			g.mu.Unlock()
			return
		}
		if w == nil {
			w = wait.Current()
		}
		g.mu.waiters = append(g.mu.waiters, w)
		g.mu.Unlock()
		w.Park(wait.Group)
	}
}

// fail records the first error and cancels the context.
func (g *Group) fail(err error) {
	g.mu.Lock()
	if g.mu.err == nil {
		g.mu.err = err
	}
	g.mu.Unlock()
	g.cancel(err)
}

func (g *Group) panicked(e *PanicError) {
	g.mu.Lock()
	if g.mu.panic == nil {
		g.mu.panic = e
	}
	g.mu.Unlock()
	g.cancel(e)
}

// takeWaiters empties the list; mu is held.
func (g *Group) takeWaiters() []wait.Waiter {
	ws := g.mu.waiters
	g.mu.waiters = nil
	return ws
}

func (g *Group) forget(w wait.Waiter) {
	g.mu.Lock()
	g.mu.waiters = slices.DeleteFunc(g.mu.waiters, func(o wait.Waiter) bool { return o == w })
	g.mu.Unlock()
	wait.Release(w)
}

func unparkAll(ws []wait.Waiter) {
	for _, w := range ws {
		w.Unpark()
	}
}
