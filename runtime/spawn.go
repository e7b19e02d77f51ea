package runtime

import (
	goruntime "runtime"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// How fibers are made, from fibers and from goroutines.

// Go runs fn in a new fiber of the same runtime, or in a plain goroutine, of the
// Default one. The fiber runs when a scheduler is free for it, here or, stolen,
// on another core. Go synchronizes before fn begins.
//
// A panic that leaves fn ends the process, as a goroutine's does, unless a panic
// handler is set. Go(nil) panics. Go in a fiber whose runtime is ending makes a
// fiber that never runs.
func Go(fn func()) { GoNamed("", fn) }

// GoOrElse is Go for a fiber that is given something to look after, a connection for
// instance: if the runtime ends before the fiber has begun to run fn, so that no defer
// in fn can see to it, the fiber runs instead in its place. Exactly one of the two is
// called. What instead does is treated as clean-up: it may wait, within the grace.
func GoOrElse(fn, instead func()) {
	if fn == nil || instead == nil {
		panic("fibers: GoOrElse with a nil function")
	}
	j := job{fn: fn, instead: instead, origin: entry(fn)}
	if c := current(); c != nil {
		c.sched.spawn(&j)
		c.spawned()
		return
	}
	spawnAmbient(j)
}

// GoNamed is Go with a name for the fiber, which inspection shows and the
// profiler knows as the label "fiber". Where an execution trace of Go's is on when the fiber
// begins (runtime/trace), the fiber is a region of it under that name.
func GoNamed(name string, fn func()) {
	if fn == nil {
		panic("fibers: Go(nil): give it a function")
	}
	if c := current(); c != nil {
		c.sched.spawn(&job{fn: fn, name: name})
		c.spawned()
		return
	}
	spawnAmbient(job{fn: fn, name: name})
}

// Go runs fn in a new fiber of rt. It panics if rt is closed.
func (rt *Runtime) Go(fn func()) {
	rt.check("Go")
	if fn == nil {
		panic("fibers: Go(nil): give it a function")
	}
	if !rt.trySpawn(job{fn: fn}) {
		panic("fibers: Go on a closed Runtime: call it before Close")
	}
}

// A job is what a fiber is made of.
type job struct {
	fn      func()
	name    string
	handle  *Fiber  // the public handle, if somebody has it already
	dropped func()  // see more.dropped
	instead func()  // see more.instead
	origin  uintptr // see more.origin; given with dropped
}

// spawnAmbient makes a fiber of the ambient runtime, from a plain goroutine. Default returned
// one that was open, or made it: so each time round stands for a Close of somebody's in between.
func spawnAmbient(j job) {
	for !Default().trySpawn(j) { // closed at this moment
		goruntime.Gosched()
	}
}

// trySpawn makes a fiber, from anywhere, unless rt is closed.
func (rt *Runtime) trySpawn(j job) bool {
	if c := current(); c != nil && c.sched.rt == rt {
		c.sched.spawn(&j)
		return true
	}
	// Counted first: either a closer sees the fiber among the living, or it
	// has set ending before, which is seen here.
	rt.spawned.Add(1)
	if rt.ending.Load() {
		rt.refused.Add(1)
		rt.checkDrained()
		return false
	}
	f := rt.records.one(rt, j.fn)
	f.describe(&j)
	rt.inject(f)
	return true
}

// inject queues a fiber that belongs to the caller, which runs on no scheduler
// of rt.
func (rt *Runtime) inject(f *fiber) {
	if wait.Watched() {
		f.queued(rt.clock() | 1)
	}
	if simhook.On() {
		if rt.sim != nil {
			rt.sim.injected(f)
		} else {
			simAbroad()
		}
	}
	if s := roots.Here(); s != nil && s.rt == rt && s.firing {
		s.pushWoken(f) // as fire itself does; its caller sees to the rest
		return
	}
	rt.injector.Push(f)
	rt.wakeForWork()
}
