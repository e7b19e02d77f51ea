package runtime

import (
	goruntime "runtime"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/parkword"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// Current returns the running fiber, or nil in a plain goroutine. It costs
// about 8 ns, the first call in a fiber an allocation.
func Current() *Fiber {
	c := current()
	if c == nil {
		return nil
	}
	return c.fiber.public()
}

// A Fiber is the public handle of a fiber. It stays valid, and keeps its ID and
// name, after the fiber has ended. Its methods may be called from anywhere.
type Fiber struct {
	id    uint64
	name  atomic.Pointer[string]
	ended atomic.Bool            // Writer: the fiber, at its end
	done  atomic.Pointer[future] // made when first asked for. Writers: any, once
}

// ID returns the number of the fiber, unique in the process and never zero.
// Numbers grow in the order of spawning on each scheduler, not across them.
func (f *Fiber) ID() uint64 { return f.id }

// Name returns the name given by GoNamed or SetName, or "".
func (f *Fiber) Name() string {
	if p := f.name.Load(); p != nil {
		return *p
	}
	return ""
}

// SetName names the fiber. Inspection shows the name at once; the profiler
// label "fiber" follows only when the fiber names itself, because a label can be
// set only by the goroutine that bears it. The empty name removes both.
func (f *Fiber) SetName(name string) {
	f.name.Store(&name)
	if c := current(); c != nil && c.fiber.handle.Load() == f {
		c.label(name)
	}
}

// A fiber is the engine's record of one fiber. Records are allocated in slabs,
// recycled and never freed: a pointer to one is always safe to use, and what a
// stale pointer can do is bounded (a spurious permit: K4).
//
// Between two switches a record belongs to one party: from spawn to first
// run and whenever it is queued, to the queue that holds it; while it runs, to
// its own goroutine; while it is parked, to whoever wins the CAS on word. The
// plain fields are that party's.
type fiber struct {
	// word is the identity and the park state: see internal/parkword.
	// Writers: spawn and end (the owner), park and unpark by CAS. Readers: any.
	word parkword.Word

	fn    func() // what it runs; nil once ended
	co    *coroutine
	rt    *Runtime
	since uint32 // when it parked, in milliseconds of the runtime's clock: the low half

	sinceHigh uint16 // and the rest
	served    uint16 // the bit of word when it was last served: K7

	// g is the key of the goroutine of co, or of that of an earlier fiber in the
	// record, or 0. Writer: the fiber, when it begins. Readers: the owner, readRing
	// (A1), and whoever looks for stalled schedulers.
	g hint

	// handle is the public face, made when first asked for. Writers: the
	// owner. Readers: any.
	handle atomic.Pointer[Fiber]
	// more is what few fibers have. Writers: the spawner, and the owner at the
	// end. Readers: any.
	more atomic.Pointer[more]
}

// more is the rare part of a fiber's record, which is one cache line without it.
type more struct {
	// dropped, if not nil, is called instead of fn when the runtime closes
	// before the fiber has run. In the fiber; it must not wait but for a lock of an object.
	dropped func()
	// instead, if not nil, is run in the fiber instead of fn when the runtime
	// closes before the fiber has run.
	instead func()
	// origin, if not zero, is the code of the function that the user gave,
	// where fn is one of ours around it.
	origin uintptr
	// sim is what it is in a simulation, if its runtime is one.
	sim *simhook.Fiber

	// What follows is known of fibers that were spawned while somebody watched, and of
	// others that have waited meanwhile: the place.

	origins
	site *site // the one of pc. The owner's
	// again says that it stays with the record of the fiber, and serves the next one
	// there, while somebody watches. Those that others have a pointer to do not.
	again bool

	// place is where it waits: see wait.Waiter.At. It is the one's to whom the record
	// belongs: of a parked fiber, the inspector's who holds it.
	place any
	queue queueTime
	block blockTime
}

// origins is where a fiber comes from. Writer: the spawner. Inspectors copy it, as K8 says.
type origins struct {
	pc     uintptr // where it was spawned, as in callSites; 0: not known
	parent uint64  // who spawned it; 0: no fiber
	spawn  int64   // when, in milliseconds of the runtime's clock
}

// where returns where the fiber was spawned, or nil. It looks in the table: what is found
// there is complete (T), as that to which a note points may not be yet.
func (o *origins) where() *site {
	if o.pc == 0 {
		return nil
	}
	return callSites.find(o.pc)
}

var _ wait.Waiter = (*fiber)(nil)

// public returns the handle. Owner only.
func (f *fiber) public() *Fiber {
	h := f.handle.Load()
	if h == nil {
		h = &Fiber{id: f.id()}
		f.handle.Store(h)
	}
	return h
}

// describe fills in what a record says besides its function. Owner only, before
// the fiber is queued.
func (f *fiber) describe(j *job) {
	if h := j.handle; h != nil {
		h.id = f.id()
		f.handle.Store(h)
	}
	watched := wait.Watched()
	if j.dropped != nil || j.instead != nil || watched || f.rt.sim != nil {
		m := f.newMore(watched)
		m.dropped, m.instead, m.origin = j.dropped, j.instead, j.origin
		if sm := f.rt.sim; sm != nil {
			m.sim = sm.born(f, j.name)
			m.sim.Site = sm.site()
		}
		if watched {
			m.witness(f.rt)
		}
	}
	if j.name != "" {
		f.setName(j.name)
	}
}

// newMore gives f, which has not run, its more: that of an earlier fiber in the record, if
// it is there, or another.
func (f *fiber) newMore(watched bool) *more {
	m := f.more.Load()
	if m == nil {
		m = &more{again: watched && f.rt.sim == nil}
		f.more.Store(m)
	}
	return m
}

// unwanted reports whether nobody wants to know of a fiber that has not begun when its runtime ends.
// Who does is told in a fiber, not by a root: he may have to wait.
func (f *fiber) unwanted() bool {
	m := f.more.Load()
	return m == nil || m.instead == nil && m.dropped == nil
}

// drop is called in place of running a fiber.
func (f *fiber) drop() {
	if m := f.more.Load(); m != nil && m.dropped != nil {
		m.dropped()
	}
}

// waitsSince notes when the wait of f begins. Owner only.
func (f *fiber) waitsSince(now int64) {
	ms := millis(now)
	f.since, f.sinceHigh = uint32(ms), uint16(ms>>32)
}

// waited returns for how long f has waited, in milliseconds. Owner only.
func (f *fiber) waited(now int64) int64 {
	return max(0, millis(now)-(int64(f.since)|int64(f.sinceHigh)<<32)) // the wait may have begun after now
}

// instead returns what is to be run in the fiber if it has not begun when its
// runtime ends, or nil.
func (f *fiber) instead() func() {
	if m := f.more.Load(); m != nil {
		return m.instead
	}
	return nil
}

// setName gives a fiber that has not run its name. Owner only. (A function of
// its own, so that only named fibers pay for the name's escape to the heap.)
func (f *fiber) setName(name string) { f.public().name.Store(&name) }

// Yield lets the other runnable fibers of this scheduler run and puts the
// calling fiber behind them. It returns at once if there are none. In a plain
// goroutine it is runtime.Gosched.
func Yield() {
	c := current()
	if c == nil {
		goruntime.Gosched()
		return
	}
	s := c.sched
	if c.fiber.mustEnd() {
		c.quit()
	}
	if c.Flags[forks] {
		c.share()
	}
	if s.rt.sim != nil {
		simMark("Yield", nil)
	}
	f := s.pick()
	if f == nil && s.countdown > 0 {
		return
	}
	s.note(yields, c.fiber)
	if slot := c.Enter(s.target(f)); slot != nil {
		slot.Swap()
	}
	c.arrive()
}
