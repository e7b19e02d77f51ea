package runtime

import (
	"fmt"
	goruntime "runtime"
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/getg"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/worksteal"
)

// Simulated runtimes: one scheduler, whose root asks a driver (package sim) who runs
// next, and whose clock stands still while anybody can run.
//
// # What is another than in others
//
//	picks    countdown is 0 for ever, so that every pick fails and goes to the root
//	queues   as always, but the root empties them after each switch, into ready
//	points   an operation of package cml, a spawn and a look at a task ask the driver
//	         too, on the fiber's own stack, and switch straight to the one chosen
//	timers   in a heap, to the nanosecond, not in a wheel: see set in wheel.go
//	clock    see now
//	ending   is set while a fiber runs that has to end, and only then: so that some
//	         can be ended and the others go on
//	absent   monitor, stand-ins, pinning, the poller, trimmers, idle schedulers
//
// Who may touch it: whoever runs, a fiber or the root; each switch orders what is
// before it before what is after.
type simulation struct {
	rt     *Runtime
	s      *scheduler
	driver simhook.Driver
	key    uintptr // of the root's goroutine

	now      int64
	timers   simTimers
	due      []simEntry // being fired; what is cancelled meanwhile has no timer
	contexts []*simContext

	ready  []*simhook.Fiber // also who runs
	live   []*simhook.Fiber
	cur    *simhook.Fiber // who runs, or ran last
	by     *simhook.Fiber // whose timer the root fires
	how    simhook.How
	made   int
	quiet  bool // no points: the root calls, or the run is over
	aside  bool // who is woken now is nobody's concern
	forced int  // waits that were cut short at the end
	joins  []simJoin
	hungry atomic.Int32 // 1: package parallel always asks whether to divide
	// running is the coroutine that runs. Writer: who switches. Readers: any, for a
	// look at stacks.
	running atomic.Uintptr
}

func init() {
	simhook.Register(simhook.Hooks{
		Point:     simPoint,
		Woke:      simWoke,
		Pick:      simPick,
		Random:    simRandom,
		AfterFunc: simAfterFunc,
		Abroad:    simAbroad,
		Aside:     simAside,
		Current: func() *simhook.Fiber {
			if c, sm := simCaller(); sm != nil {
				return simOf(c.fiber)
			}
			return nil
		},
		New: newSimulated,
	})
}

// newSimulated returns a runtime that is driven by d.
func newSimulated(d simhook.Driver) simhook.Engine {
	rt := &Runtime{conf: &config{schedulers: 1}, base: simEpoch, injector: worksteal.NewInjector[fiber]()}
	rt.conf.panicHandler = func(_ *Fiber, v any, stack []byte) {
		d.Panicked(simOf(current().fiber), v, stack)
	}
	sm := &simulation{rt: rt, driver: d}
	sm.hungry.Store(1)
	rt.sim = sm
	rt.wheels = []*wheel{{rt: rt, sim: sm}}
	rt.pool.rt, rt.pool.mu.closed = rt, true
	s := newScheduler(rt)
	s.wheel, s.countdown = rt.wheels[0], 0
	rt.schedulers.Store(&[]*scheduler{s})
	sm.s = s
	return sm
}

// simCaller returns the caller's coroutine and the simulation that it belongs to,
// nil if there is none.
func simCaller() (*coroutine, *simulation) {
	c := current()
	if c == nil {
		return nil, nil
	}
	return c, c.sched.rt.sim
}

// simOf returns what a fiber of a simulation is there.
func simOf(f *fiber) *simhook.Fiber { return f.more.Load().sim }

func recordOf(f *simhook.Fiber) *fiber { return (*fiber)(f.Record) }

// born makes f known. It is called by whoever spawns, before f is queued.
func (sm *simulation) born(f *fiber, name string) *simhook.Fiber {
	sm.made++
	x := &simhook.Fiber{ID: sm.made, Path: 1, Name: name, Fresh: true, State: simhook.Waiting,
		Record: unsafe.Pointer(f), Index: len(sm.live), Driver: sm.driver}
	p := sm.cur
	if sm.quiet { // the root spawns, for somebody
		p = sm.by
	}
	if p != nil {
		p.Children++
		x.Path = (p.Path*0x9e3779b97f4a7c15 + p.Children) * 0xff51afd7ed558ccd
		x.Path ^= x.Path >> 32
		x.Parent, x.Scope = p, p.Scope
		x.Ending = p.Scope != nil && p.Scope.Ending
	} else {
		x.Path += uint64(sm.made) << 32
	}
	sm.live = append(sm.live, x)
	sm.driver.Spawned(x)
	return x
}

// site returns where a fiber is spawned, if that is wanted.
func (sm *simulation) site() uintptr {
	if sm.driver.Traces() {
		return spawnAddress()
	}
	return 0
}

// gone takes leave of a fiber.
func (sm *simulation) gone(x *simhook.Fiber) {
	x.State, x.Record = simhook.Ended, nil
	last := len(sm.live) - 1
	sm.live[x.Index] = sm.live[last]
	sm.live[x.Index].Index = x.Index
	sm.live[last] = nil
	sm.live = sm.live[:last]
	sm.joined(x)
}

// enqueue makes x ready.
func (sm *simulation) enqueue(x *simhook.Fiber) {
	if x.State == simhook.Ready {
		return
	}
	x.State, x.Place = simhook.Ready, len(sm.ready)
	sm.ready = append(sm.ready, x)
}

// dequeue makes x not ready.
func (sm *simulation) dequeue(x *simhook.Fiber) {
	last := len(sm.ready) - 1
	sm.ready[x.Place] = sm.ready[last]
	sm.ready[x.Place].Place = x.Place
	sm.ready[last] = nil
	sm.ready = sm.ready[:last]
	x.State = simhook.Waiting
}

// collect empties the queues into ready, and sees to contexts that are done. It
// reports whether there was anything.
func (sm *simulation) collect() (found bool) {
	if len(sm.contexts) > 0 {
		sm.fireContexts()
	}
	s := sm.s
	take := func(f *fiber) bool {
		if f == nil {
			return false
		}
		sm.enqueue(simOf(f))
		found = true
		return true
	}
	// The one in next was woken last.
	for !s.ring.Drained() && take(s.ring.Pop()) {
	}
	for take(s.popBehind()) {
	}
	if !s.next.empty() {
		take(s.next.take())
	}
	for !s.deque.Drained() {
		f, _ := s.newest.Steal() // the oldest
		if !take(f) {
			break
		}
	}
	for take(sm.rt.injector.Pop()) {
	}
	return found
}

// injected is called when a fiber is queued by one who runs on no scheduler of rt:
// the root, or a stranger.
func (sm *simulation) injected(f *fiber) {
	if getg.Get() != sm.key {
		sm.driver.Foreign(simOf(f), false)
	}
}

// simAbroad is the hook Abroad.
func simAbroad() {
	if c, sm := simCaller(); sm != nil && !sm.aside && !sm.driver.Over() {
		sm.driver.Foreign(simOf(c.fiber), true)
	}
}

// simAside is the hook Aside.
func simAside(f func()) {
	if _, sm := simCaller(); sm != nil {
		sm.aside = true
		defer func() { sm.aside = false }()
	}
	f()
}

// simPoint is the hook Point.
func simPoint(op string, obj unsafe.Pointer) {
	c, sm := simCaller()
	if sm == nil || sm.quiet {
		return
	}
	x := simOf(c.fiber)
	x.Op, x.Obj = op, obj
	if x.Ending { // it goes on to its next wait without a stop
		if sm.forced++; sm.forced >= forcedMost {
			goruntime.Goexit()
		}
		return
	}
	sm.point(c, x, simhook.AtPoint)
}

// simWoke is the hook Woke.
func simWoke() {
	c, sm := simCaller()
	if sm == nil || sm.quiet {
		return
	}
	if x := simOf(c.fiber); !x.Ending && sm.collect() {
		sm.point(c, x, simhook.Past)
	}
}

// point lets the driver choose who goes on. The caller goes on when it is chosen.
func (sm *simulation) point(c *coroutine, x *simhook.Fiber, how simhook.How) {
	if c.Flags[forks] {
		c.share()
	}
	sm.collect()
	next := sm.driver.Next(sm.ready, x, how)
	if next == x {
		return
	}
	s := c.sched
	s.left.kind = nothing // it stays in ready
	f := recordOf(next)
	if f.co == nil || sm.driver.Over() {
		s.handed = f
		c.Switch(&s.root)
	} else {
		sm.enter(next)
		c.Switch(s.target(f))
	}
	c.sched.settle()
}

// enter is called before a switch to x, by who switches.
func (sm *simulation) enter(x *simhook.Fiber) {
	sm.cur = x
	x.Fresh = false
	if ending := x.Ending; ending != sm.rt.ending.Load() {
		sm.rt.ending.Store(ending)
	}
	sm.running.Store(uintptr(unsafe.Pointer(recordOf(x).co)))
}

// simPick is the hook Pick.
func simPick(n int) (int, bool) {
	c, sm := simCaller()
	if sm == nil {
		return 0, false
	}
	return sm.driver.Pick(simOf(c.fiber), n), true
}

// simRandom is the hook Random.
func simRandom() (uint64, bool) {
	c, sm := simCaller()
	if sm == nil {
		return 0, false
	}
	return sm.driver.Random(simOf(c.fiber)), true
}

// refuse panics if the caller is simulated: what is not to be had there.
func refuse(what, instead string) {
	if !simhook.On() {
		return
	}
	if _, sm := simCaller(); sm != nil {
		panic(fmt.Sprintf("fibers: %s inside a simulation: %s", what, instead))
	}
}

// spawned is called after a spawn by the running fiber.
func (c *coroutine) spawned() {
	if c.sched.rt.sim != nil {
		simWoke()
	}
}

// retracted is called when a fiber that has not run is taken back.
func (sm *simulation) retracted(f *fiber) {
	x := simOf(f)
	sm.gone(x)
	sm.driver.Ended(x, false)
}

// simMark says what the calling fiber is about to wait for, where that is no point
// of its own.
func simMark(op string, obj unsafe.Pointer) {
	if c, sm := simCaller(); sm != nil {
		x := simOf(c.fiber)
		x.Op, x.Obj = op, obj
		sm.driver.Marked(x)
	}
}
