package runtime

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/gstatus"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
	"github.com/seed222ee791/fibers/worksteal"
)

func init() {
	wait.Register(func(place bool) (wait.Waiter, *any) {
		c := current()
		switch {
		case c == nil:
			return nil, nil
		case !place:
			return c.fiber, nil
		}
		return c.fiber, c.place()
	})
	wait.RegisterSelf(func() uint64 {
		if c := current(); c != nil && c.fiber != nil {
			return c.fiber.id()
		}
		return 0
	})
	wait.RegisterSpawn(func(fn, dropped func()) bool {
		c := current()
		if c == nil {
			return false
		}
		c.sched.spawn(job{fn: fn, dropped: dropped, origin: entry(fn)})
		c.spawned()
		return true
	})
	wait.RegisterRoomy(roomy)
	wait.RegisterAfter(func(d time.Duration, fn func()) (stop func(), ok bool) {
		if simhook.Current() == nil {
			return nil, false
		}
		t := AfterFunc(d, fn)
		return func() { t.Stop() }, true
	})
}

// A Runtime is a set of schedulers and the fibers that they run. Runtimes are
// independent of each other; their fibers meet on any object of package cml.
type Runtime struct {
	conf *config
	base time.Time // zero of the clock

	bubbled bool // made in a bubble of testing/synctest: see bubble.go

	schedulers atomic.Pointer[[]*scheduler] // those with a seat, by index; replaced as a whole, under mu
	legacies   legacies                     // of stalled schedulers
	active     atomic.Int32                 // seats whose scheduler has a root
	injector   *worksteal.Injector[fiber]
	idle       idlers
	wheels     []*wheel // one for each seat; constant
	records    records
	pool       pool
	monitor    monitor
	understudy understudy
	bell       bell
	sighted    bool          // it can be told what goroutines are doing; constant
	made       atomic.Uint32 // schedulers, for their random numbers
	stalled    atomic.Int32  // schedulers with a seat that have stalled; of the monitor
	hogs       atomic.Int32  // how many stalled schedulers are seen to compute; written under mu
	met        atomic.Uint32 // and metSince: see meet
	metSince   stdatomic.Int64
	mixedUntil stdatomic.Int64 // see mixed.go. Writers: any scheduler
	offloads   offloads        // of Blocking
	spread     atomic.Bool     // there are as many seats as the Go runtime has processors; of the monitor

	// spawned counts the fibers made by plain goroutines, before they can be
	// seen; refused those of them that came too late. Writers: any.
	spawned, refused stdatomic.Uint64

	sim       *simulation              // nil unless it is a simulated one; constant
	recording atomic.Pointer[Recorder] // see recorder.go
	runs      atomic.Pointer[run]      // what Run waits for: see judge.go
	stall     atomic.Pointer[Report]   // why Run was ended
	ending    atomic.Bool              // fibers end at their next wait (K5)
	cutting   atomic.Bool              // those that clean up end too: see shelter.go
	stopping  atomic.Bool              // roots end

	roots, services sync.WaitGroup
	detach          func() // no scheduler of rt polls any more

	drains atomic.Int32 // who waits for the last fiber
	mu     struct {
		sync.Mutex
		standIns uint64 // how often a seat was taken
		unseated map[*scheduler]struct{}
		hogs     map[*scheduler]struct{} // those of them whose fiber computes
		blockers blockers
		cast     []*scheduler // see newStandIn
		retired  totals
		pinErr   error
		unwatch  func()          // see Watch
		drained  []chan struct{} // of those who wait
		closing  chan struct{}   // made by the first Close; closed when it is done
		closed   error           // its result
	}
}

// New starts a runtime. It holds a goroutine for each scheduler, and some for its monitor,
// until Close; on Linux also a thread that waits for the time of that.
func New(opts ...Option) (*Runtime, error) {
	refuse("a new runtime", "its fibers would not be in the schedule; use Go, or Run, which is simulated")
	conf, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	coro.Prepare()
	rt := &Runtime{conf: conf, base: time.Now(), bubbled: wait.Bubbled(), injector: worksteal.NewInjector[fiber]()}
	rt.mu.pinErr = conf.unpinned
	rt.offloads.limit = conf.blocking
	rt.schedulers.Store(new([]*scheduler))
	rt.mu.unseated, rt.mu.hogs = make(map[*scheduler]struct{}), make(map[*scheduler]struct{})
	rt.wheels = newWheels(rt, conf.schedulers)
	rt.idle.mu.until = never
	rt.pool.rt, rt.pool.stop = rt, make(chan struct{})
	rt.monitor.kick, rt.monitor.stop = make(chan struct{}, 1), make(chan struct{})
	if conf.recording {
		_, _ = rt.Record(conf.events) // it is the first; and before the schedulers, who see it as they begin
	}
	// The number of Go's processors goes on following the mask of the process: what
	// Go looks at is that of its own thread sysmon, which is never pinned.
	for range conf.schedulers {
		rt.addScheduler()
	}
	rt.understudy.call = make(chan struct{}, 1)
	rt.spread.Store(conf.schedulers >= goruntime.GOMAXPROCS(0))
	if rt.sighted = !conf.blind && gstatus.Known(); rt.sighted {
		rt.understudy.state.Store(called)
		rt.startUnderstudy()
	}
	rt.monitor.rest.begun = make(chan struct{})
	rt.monitor.rest.timer = rt.newWakeTimer()
	rt.services.Add(1)
	go rt.runMonitor()
	if conf.stallReport != nil {
		rt.services.Add(1)
		rt.Watch()
		go rt.reportStalls()
	}
	rt.detach = rt.attach()
	open.Lock()
	open.list = append(open.list, rt)
	open.Unlock()
	return rt, nil
}

var ambient struct {
	sync.Mutex
	rt *Runtime
}

// open is the runtimes that have been made and not closed, for inspection.
var open struct {
	sync.Mutex
	list []*Runtime
}

// Runtimes returns the runtimes that are open, in the order in which they were
// made: Default's, those made by New, and those that Run made for itself.
func Runtimes() []*Runtime {
	open.Lock()
	defer open.Unlock()
	return slices.Clone(open.list)
}

// Default returns the ambient runtime, which Go uses in plain goroutines. It is
// started at its first use, with default options, and again at the first use
// after a Close. It panics where that is in a bubble of testing/synctest.
func Default() *Runtime {
	refuse("the ambient runtime", "its fibers would not be in the schedule; use the function Go")
	ambient.Lock()
	defer ambient.Unlock()
	if ambient.rt == nil || ambient.rt.ending.Load() {
		if wait.Bubbled() {
			panic("fibers: the Default runtime would be started in a bubble of testing/synctest, which then never ends: call fibers.Default before synctest.Test, or fibers.Run in the bubble")
		}
		rt, err := New()
		if err != nil {
			panic(fmt.Sprintf("fibers: the ambient runtime does not start: %v", err))
		}
		ambient.rt = rt
	}
	return ambient.rt
}

// Run runs main in a fiber of a runtime made for it, ends that runtime and
// returns. The fibers that are alive when main returns are ended as by
// runtime.Goexit at the point where they wait, or with WithDrain, waited for.
//
// Their deferred functions run to their end, within the grace: see Close.
//
// The error is one of the options', or a *LeftoverError. A panic in main is
// raised again in the caller, as a *PanicError; if a panic handler is set, it
// gets the panic, and Run returns the *PanicError. If main ends by
// runtime.Goexit, as t.FailNow does it, Run returns ErrGoexit, joined with a
// *LeftoverError if there is one.
//
// If nothing can happen any more, because every fiber waits for another, or for what
// nobody will give it, Run ends the runtime and returns a Report that says who waits for
// whom. It does so where that can be known: if no fiber, timer, descriptor, blocking call
// or operation of NewOp is left in any runtime of the process, every other goroutine
// waits for others too, and no timer of Go's is set. That takes some seconds to make
// sure of. Where it cannot be known, Run waits; see WithStallReport.
//
// Run may be called in a fiber: only that fiber waits.
func Run(main func(), opts ...Option) error {
	if main == nil {
		panic("fibers: Run(nil): give it a function")
	}
	if simhook.On() {
		if c, sm := simCaller(); sm != nil {
			return sm.runInside(c, main, opts)
		}
	}
	rt, err := New(opts...)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed { // the caller, a fiber, is ended while it waits
			_ = outside(rt.close)
		}
	}()
	ctx, abort := context.WithCancel(context.Background())
	defer abort()
	var done future
	rt.runs.Store(&run{&done, abort})
	outcome := rt.runMainUntil(main, &done)
	if rt.conf.drain && (outcome.err == nil || rt.conf.panicHandler != nil) {
		_ = outsideUntil(ctx, rt.drain)
	}
	rt.runs.Store(nil)
	err = outside(rt.close)
	closed = true
	switch stall := rt.stall.Load(); {
	case stall != nil && err != nil:
		return errors.Join(*stall, err)
	case stall != nil:
		return *stall
	case outcome.err != nil:
		return outcome.report(rt)
	case outcome.exited && err != nil:
		return errors.Join(ErrGoexit, err)
	case outcome.exited:
		return ErrGoexit
	}
	return err
}

// outside runs fn on a plain goroutine: the caller's, if it is one.
func outside(fn func() error) error {
	c := current()
	if c == nil {
		return fn()
	}
	refuseBlocking()
	return offload(c, fn, nil)
}

// outsideUntil is outside for waits: if the caller is a fiber that is ended
// while it waits, the context of fn is cancelled.
func outsideUntil(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if current() == nil {
		return fn(ctx)
	}
	var (
		done future
		err  error
	)
	go func() { defer done.complete(); err = fn(ctx) }()
	done.await(wait.Blocking)
	return err
}

// Run runs fn in a fiber of rt and returns when it has returned; other fibers
// go on. Panics and Goexit are treated as by the function Run. It may be called
// many times, at once, and in fibers. It returns ErrClosed if rt is closed, or
// is closed before fn has returned.
func (rt *Runtime) Run(fn func()) error {
	rt.check("Run")
	if fn == nil {
		panic("fibers: Run(nil): give it a function")
	}
	outcome := rt.runMain(fn)
	if outcome.err != nil {
		return outcome.report(rt)
	}
	switch {
	case !outcome.ran:
		return ErrClosed
	case outcome.exited:
		return ErrGoexit
	}
	return nil
}

type outcome struct {
	ran    bool // to its end, by return, panic or Goexit of its own
	exited bool // by that Goexit
	err    *PanicError
}

// report raises the panic again, or returns it if a handler has had it.
func (o outcome) report(rt *Runtime) error {
	if rt.conf.panicHandler == nil {
		panic(o.err)
	}
	return o.err
}

// runMain runs fn in a fiber and waits for its end.
func (rt *Runtime) runMain(fn func()) outcome { return rt.runMainUntil(fn, new(future)) }

// runMainUntil is runMain that others end by completing done.
func (rt *Runtime) runMainUntil(fn func(), done *future) (o outcome) {
	started := rt.trySpawn(job{fn: func() {
		defer done.complete() // also if a handler calls Goexit
		returned := false
		defer func() {
			o.err, o.exited = capture(returned, recover())
			o.exited = o.exited && !current().Flags[sheltered]
			o.ran = returned || o.err != nil || o.exited
			if o.err != nil && rt.conf.panicHandler != nil {
				rt.panicked(current().fiber, o.err.Value, o.err.Stack)
			}
		}()
		if wait.Watched() {
			done.by.Store(wait.Self())
		}
		fn()
		returned = true
	}, dropped: done.complete, origin: entry(fn)})
	if started {
		done.await(wait.Await)
	}
	return o
}

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
		c.sched.spawn(j)
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
		c.sched.spawn(job{fn: fn, name: name})
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
		c.sched.spawn(j)
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
	f.describe(j)
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

// clock returns the nanoseconds since the runtime was made, by the monotonic
// clock.
func (rt *Runtime) clock() int64 {
	if rt.sim != nil {
		return rt.sim.now
	}
	return int64(time.Since(rt.base))
}

// millis is the coarse form of a clock's reading, which is not negative.
func millis(clock int64) int64 { return int64(uint64(clock) / uint64(time.Millisecond)) }

// entry returns the address of the code of fn, a function.
func entry[F any](fn F) uintptr {
	return **(**uintptr)(unsafe.Pointer(&fn))
}

// removeOne takes the first x out of list.
func removeOne[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

func (rt *Runtime) check(what string) {
	if rt == nil || rt.conf == nil {
		panic("fibers: " + what + " of a Runtime that is none: make it with New")
	}
}
