package runtime

import (
	"container/list"
	"context"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/adaptive"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Group is a set of fibers that end before WithGroup returns.
type Group struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	rt     *Runtime

	mu struct {
		adaptive.Mutex
		active, limit int         // members alive; limit 0: none
		entrants      list.List   // of wait.Waiter, for room, in the order in which they came
		joiner        wait.Waiter // the caller of WithGroup, for the end
		err           error
		panic         *PanicError
		over          bool                // WithGroup has returned
		members       map[uint64]struct{} // the fibers among them, as far as they are known

		join, going bool      // JoinErrors, KeepGoing
		more        []error   // those after err, if they are to be joined
		finals      list.List // of func(error), of Defer
		ops         line      // that wait at DoneOp
	}
}

// WithGroup calls fn with a new group and returns when fn and every member of
// the group have ended: structured concurrency.
//
// The first error, of fn or of a member, cancels the group's context with that
// error as its cause, and is returned. A member's panic cancels the context too
// and is raised again in the caller, as a *PanicError, when all have ended; a
// panic in fn likewise, as itself. A member that ends by runtime.Goexit fails
// with ErrGoexit. JoinErrors and KeepGoing of the group change what becomes of errors,
// and its Defer has something done at the end.
//
// It may be called in a fiber, whose runtime the members then share, or in a
// plain goroutine: they run in the Default runtime. A member that has not begun to run when that
// runtime closes fails with ErrClosed. WithGroup panics if ctx or fn is nil.
func WithGroup(ctx context.Context, fn func(ctx context.Context, g *Group) error) error {
	if fn == nil {
		panic("fibers: WithGroup with a nil function")
	}
	g := &Group{}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	defer g.cancel(nil) // however the wait ends
	if c := current(); c != nil {
		g.rt = c.sched.rt
	}
	returned, waited := false, false
	defer func() { // if fn panicked or exited, or the wait for the others was ended
		if waited {
			return
		}
		g.cancel(context.Canceled)
		if !returned || g.hasFinals() {
			g.wait()
		}
		g.finally(context.Canceled)
	}()
	err := fn(g.ctx, g)
	returned = true
	if err != nil {
		g.fail(err)
	}
	g.wait()
	waited = true
	if g.mu.panic != nil {
		g.finally(g.mu.panic)
		panic(g.mu.panic)
	}
	err = g.outcome()
	g.finally(err)
	return err
}

// Go runs fn in a new fiber, a member of the group. With a limit it waits until
// there is room. It may be called by fn of WithGroup and by members. It panics if fn is nil, and if
// WithGroup has returned.
func (g *Group) Go(fn func(ctx context.Context) error) {
	if fn == nil {
		panic("fibers: Group.Go(nil): give it a function")
	}
	g.enter()
	g.start(fn, nil, entry(fn))
}

// start runs fn in a new fiber, for which there is room. gone, if not nil, is called if
// the fiber does not come to run; origin is what the user gave.
func (g *Group) start(fn func(ctx context.Context) error, gone func(), origin uintptr) {
	drop := func() {
		if gone != nil {
			gone()
		}
		g.leave(ErrClosed)
	}
	j := job{
		fn: func() {
			var err error
			returned := false
			defer func() {
				switch p, exited := capture(returned, recover()); {
				case p != nil:
					g.panicked(p)
				case exited:
					err = ErrGoexit
				}
				g.leave(err)
			}()
			if wait.Watched() {
				g.known(wait.Self())
			}
			err = fn(g.ctx)
			returned = true
		},
		dropped: drop,
		origin:  origin,
	}
	if c := current(); c != nil && (g.rt == nil || g.rt == c.sched.rt) {
		c.sched.spawn(&j)
		c.spawned()
		return
	}
	if g.rt != nil {
		if !g.rt.trySpawn(j) {
			drop()
		}
		return
	}
	spawnAmbient(j)
}

// SetLimit sets how many members may be alive at once; negative means any
// number, which is the default. Members that are alive already may exceed it. 0 panics: every Go
// would wait for ever.
func (g *Group) SetLimit(n int) {
	if n == 0 {
		panic("fibers: Group.SetLimit(0) would make every Go wait for ever: give it a positive limit, or a negative one for none")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.limit = max(n, 0)
	g.admit()
}

// admit wakes as many of those who wait for room as there is room for; mu is
// held.
func (g *Group) admit() {
	for n := g.mu.active; g.mu.limit == 0 || n < g.mu.limit; n++ {
		e := g.mu.entrants.Front()
		if e == nil {
			return
		}
		g.mu.entrants.Remove(e).(wait.Waiter).Unpark()
	}
}

// enter counts one more member, when there is room for it.
func (g *Group) enter() {
	if simhook.On() {
		simPoint("Group.Go", unsafe.Pointer(g))
	}
	g.mu.Lock()
	if g.tryEnter() {
		g.mu.Unlock()
		return
	}
	w := wait.Current()
	var place *list.Element
	entered := false
	defer func() { // also where a Goexit ends the wait
		g.mu.Lock()
		g.mu.entrants.Remove(place) // does nothing if it is out of the list
		if !entered {
			g.admit() // if the wake-up was for us, it is another's
		}
		g.mu.Unlock()
		wait.Release(w)
	}()
	for {
		if place == nil {
			place = g.mu.entrants.PushBack(w)
		} else { // woken for nothing, or others were faster: to the front again
			g.mu.entrants.Remove(place)
			place = g.mu.entrants.PushFront(w)
		}
		g.mu.Unlock()
		watched := wait.Watched()
		if watched {
			w.At(g, wait.Room)
		}
		w.Park(wait.Room)
		if watched {
			w.At(nil, wait.None)
		}
		g.mu.Lock()
		if g.tryEnter() {
			entered = true
			g.mu.Unlock()
			return
		}
	}
}

// known notes that the fiber id is a member.
func (g *Group) known(id uint64) {
	g.mu.Lock()
	if g.mu.members == nil {
		g.mu.members = make(map[uint64]struct{})
	}
	g.mu.members[id] = struct{}{}
	g.mu.Unlock()
}

// tryEnter counts one more member if there is room; mu is held, and is unlocked
// by a panic.
func (g *Group) tryEnter() bool {
	if g.mu.over {
		g.mu.Unlock()
		panic("fibers: Group.Go after WithGroup has returned")
	}
	if g.mu.limit > 0 && g.mu.active >= g.mu.limit {
		return false
	}
	g.mu.active++
	return true
}

// leave counts a member out.
func (g *Group) leave(err error) {
	if err != nil {
		g.fail(err)
	}
	g.mu.Lock()
	g.mu.active--
	if g.mu.members != nil {
		delete(g.mu.members, wait.Self())
	}
	g.admit()
	var ops *awaiter
	if g.mu.active == 0 {
		ops = g.mu.ops.take()
		if g.mu.joiner != nil {
			g.mu.joiner.Unpark()
		}
	}
	g.mu.Unlock()
	ops.wake()
}

// wait returns when no member is alive, and ends the group.
func (g *Group) wait() {
	if simhook.On() {
		simPoint("Group.Wait", unsafe.Pointer(g))
	}
	g.mu.Lock()
	if g.mu.active > 0 {
		w := wait.Current()
		g.mu.joiner = w
		defer func() {
			g.mu.Lock()
			g.mu.joiner = nil
			g.mu.Unlock()
			wait.Release(w)
		}()
		watched := wait.Watched()
		if watched {
			w.At(g, wait.Group)
		}
		for g.mu.active > 0 {
			g.mu.Unlock()
			w.Park(wait.Group)
			g.mu.Lock()
		}
		if watched {
			w.At(nil, wait.None)
		}
	}
	g.mu.over = true
	g.mu.Unlock()
}

// fail records the first error and cancels the context.
func (g *Group) fail(err error) {
	g.mu.Lock()
	first := g.mu.err == nil
	switch {
	case first:
		g.mu.err = err
	case g.mu.join && !g.repeats(err):
		g.mu.more = append(g.mu.more, err)
	}
	going := g.mu.going
	g.mu.Unlock()
	if first && !going {
		g.cancel(err)
	}
}

func (g *Group) panicked(e *PanicError) {
	g.mu.Lock()
	if g.mu.panic == nil {
		g.mu.panic = e
	}
	g.mu.Unlock()
	g.cancel(e)
}
