package runtime

import (
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
		c.sched.spawn(&job{fn: fn, dropped: dropped, origin: entry(fn)})
		c.spawned()
		return true
	})
	wait.RegisterRoomy(roomy)
	wait.RegisterNative(func() bool {
		c := current()
		return c != nil && (c.sched.rt.sim != nil || c.sched.rt.bubbled) || gstatus.Locked()
	})
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
	injector   *worksteal.Injector[fiber]
	idle       idlers
	wheels     []*wheel // one for each seat; constant
	slack      slack
	records    records
	depots     sync.Map // see wait.Waiter.Depots
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
	rt.idle.init(rt)
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
	rt.monitor.rest.rests = make(chan struct{}, 1)
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
