package runtime

import (
	"context"
	goruntime "runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/fork"
	"github.com/seed222ee791/fibers/internal/getg"
)

// A coroutine is a stack on which fibers run, one after the other. A fiber gets
// one only when it first runs; when it ends and the next one has not started
// either, that one runs on the same coroutine with no switch at all.
//
// It belongs to whoever runs on it, or to whoever resumes it, as the fiber does
// that sits on it; while idle, to the pool that holds it.
type coroutine struct {
	coro.Coro // first: a *coro.Coro of a coroutine is also a *coroutine

	fiber   *fiber     // what it runs
	sched   *scheduler // where it runs; set by the resumer before the switch
	scratch *any       // see wait.Waiter; made when first asked for
}

// The flags of a coroutine, which lie in coro.Coro.Flags for the sake of its
// size: there may be millions.
const (
	returned  = iota // the fiber's function returned
	doomed           // in the batch that the trimmer is ending; the trimmer's
	forks            // it has a place in package fork
	sheltered        // its fiber is cleaning up: see shelter.go
	protected        // its fiber is inside Protect
)

func coroutineOf(c *coro.Coro) *coroutine { return (*coroutine)(unsafe.Pointer(c)) }

// registry tells which coroutine the calling goroutine is. It is one for all
// runtimes, as a fiber must be known whichever runtime asks.
var registry getg.Table[coroutine]

// current returns the coroutine of the calling goroutine, or nil if that is no
// fiber.
func current() *coroutine { return registry.Here() }

func newCoroutine() *coroutine {
	c := &coroutine{}
	c.Init(live)
	return c
}

// live is the life of a coroutine.
func live(co *coro.Coro) {
	c := coroutineOf(co)
	registry.Put(getg.Get(), c)
	defer c.unwound()
	c.sched.settle()
	for {
		c.run()
		c.finish()
		if to := c.nextFiber(); to != nil {
			if slot := c.Enter(to); slot != nil { // Switch, as in Park: see coro.Enter
				slot.Swap()
			}
			if c.Relayed() {
				c.GoOn()
			}
			if c.Leaving() {
				return
			}
			c.sched.settle()
		}
	}
}

// run runs one fiber until it returns or its panic is dealt with.
func (c *coroutine) run() {
	f := c.fiber
	c.Flags[sheltered] = false
	fn := f.fn
	if c.sched.rt.ending.Load() {
		f.drop()
		if fn = f.instead(); fn == nil {
			return
		}
		c.Flags[sheltered] = true
	}
	if h := f.handle.Load(); h != nil {
		c.label(h.Name())
		if trace.IsEnabled() {
			fn = inRegion(h.Name(), fn)
		}
	}
	if e := c.sched.eyes; e != nil {
		e.runs(f)
	}
	c.Flags[returned] = false
	f.g.set(getg.Get())
	c.sched.running.set(uintptr(unsafe.Pointer(f)))
	defer c.catch()
	fn()
	c.Flags[returned] = true
}

// inRegion returns a function that runs fn as a region of the Go runtime's execution trace,
// which is on, under the name of its fiber: a fiber is on one goroutine from its begin to
// its end, as regions must be.
func inRegion(name string, fn func()) func() {
	if name == "" {
		return fn
	}
	return func() {
		defer trace.StartRegion(noLabels, name).End()
		fn()
	}
}

// catch is deferred around a fiber and stops a panic. It must do nothing that
// has to happen: the handler may call Goexit, and so may the wait that it is in
// when the runtime ends.
func (c *coroutine) catch() {
	if c.Flags[returned] {
		return
	}
	if v := recover(); v != nil {
		c.sched.rt.panicked(c.fiber, v, debug.Stack())
	}
}

// finish takes leave of a fiber, however it ended.
func (c *coroutine) finish() {
	if h := c.fiber.handle.Load(); h != nil {
		h.finish()
	}
	// What the fiber may have set on its goroutine is not for the next one on it. A
	// goroutine that is locked to its thread must not even switch.
	pprof.SetGoroutineLabels(noLabels)
	debug.SetPanicOnFault(false)
	for range mostLocks {
		goruntime.UnlockOSThread()
	}
	f := c.fiber
	c.fiber = nil
	c.sched.end(f)
}

// mostLocks is how many calls of LockOSThread a fiber may have left without its
// Unlock; a call that is in vain takes a quarter of a nanosecond.
const mostLocks = 8

// unwound is deferred around the life of a coroutine. If that does not end
// because it was told to, a Goexit is on its way through the stack, from the
// fiber or from what a panic of the fiber led to. It goes on when this function
// returns, and ends the coroutine. So the coroutine waits here until the trimmer
// wants that.
func (c *coroutine) unwound() {
	if !c.Leaving() {
		c.Taint()
		c.finish()
		s := c.sched
		s.left = departure{kind: tainted, co: c}
		c.Switch(s.target(s.pick()))
	}
	if c.Flags[forks] {
		fork.Leave()
	}
	registry.Delete(getg.Get())
}

// nextFiber finds the coroutine its next fiber, and returns nil. If there is only one that has
// a stack already, it returns where that sleeps: the coroutine switches there, and rests until a
// fiber is given to it, or it has to end.
func (c *coroutine) nextFiber() (to *coro.Coro) {
	s := c.sched
	f := s.pick()
	if f != nil && f.co == nil {
		f.co, c.fiber = c, f
		return nil
	}
	s.left.kind = rests
	s.left.co = c
	return s.target(f)
}

// arrive is the first act of a fiber's coroutine after every switch. How a fiber
// leaves stands, for want of a stack frame (see coro.Enter), in who waits, as Get, Perform and
// Yield, themselves:
//
//	note what becomes of the fiber; enter the slot of the target; swap there; arrive
func (c *coroutine) arrive() {
	if c.Relayed() {
		c.GoOn()
	}
	s := c.sched
	s.settle()
	s.running.set(uintptr(unsafe.Pointer(c.fiber)))
	if s.eyes != nil {
		s.eyes.runs(c.fiber)
	}
}

// target returns where to switch to for f: to its coroutine, or if f has none
// and none is idle, or there is no f, to the root. All that needs more stack
// (looking for work elsewhere, making coroutines, sleeping) is the root's, so
// that the stacks of parked fibers stay small.
func (s *scheduler) target(f *fiber) *coro.Coro {
	if f == nil || f.co == nil && len(s.idle) == 0 {
		s.handed = f
		return &s.root
	}
	co := f.co
	if co == nil {
		n := len(s.idle) - 1
		co = s.idle[n]
		s.idle[n] = nil
		s.idle = s.idle[:n]
		co.fiber, f.co = f, co
	}
	if co.sched != s { // it is a cache line and a write barrier
		co.sched = s
	}
	return &co.Coro
}

// rest puts an idle coroutine by.
func (s *scheduler) rest(c *coroutine) {
	s.idle = append(s.idle, c)
	if len(s.idle) >= maxIdle {
		s.rt.pool.put(s.idle[maxIdle/2:])
		clear(s.idle[maxIdle/2:])
		s.idle = s.idle[:maxIdle/2]
	}
}

// label sets or removes the profiler label of c's goroutine, the caller.
func (c *coroutine) label(name string) {
	ctx := noLabels
	if name != "" {
		ctx = pprof.WithLabels(ctx, pprof.Labels("fiber", name))
	}
	pprof.SetGoroutineLabels(ctx)
}

var noLabels = context.Background()
