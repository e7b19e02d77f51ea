package sim

import (
	"fmt"
	goruntime "runtime"
	"sync"
	"sync/atomic" // Int64 is aligned on 32-bit systems
	"time"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A run is one execution of the body: the driver of one simulated runtime.
//
// All of it belongs to whoever runs in the simulation (see package simhook), but for
// steps, which the watchdog reads, and mu.
type run struct {
	x       *exploration
	seed    uint64
	chooser chooser
	engine  simhook.Engine
	sim     *Sim
	log     []uint64 // Path of who was chosen, at every step
	picks   []pick
	trace   *trace // nil: none is made
	lenient bool   // others like it follow: no time is lost

	root     simhook.Fiber // draws for the root
	main     *simhook.Fiber
	returned bool          // main has ended
	after    int           // steps since then
	endless  bool          // it failed by going on and on: nothing to be made shorter
	waiters  []wait.Waiter // in Eventually
	looked   int           // at which step they last looked
	patient  bool          // it has waited for strangers once
	net      *network

	steps atomic.Int64
	mu    struct {
		sync.Mutex
		failure   *Failure
		abandoned bool
	}
	over atomic.Bool
}

// A pick is a choice of a fiber's that is no scheduling.
type pick struct {
	path   uint64
	chosen int
}

var _ simhook.Driver = (*run)(nil)

// leastAfter is how many steps fibers have to end once the body has returned.
const leastAfter = 10_000

// newRun prepares a run.
func (x *exploration) newRun(seed uint64, c chooser) *run {
	r := &run{x: x, seed: seed, chooser: c}
	r.sim = &Sim{r: r}
	r.root.Data.Rand = mix(seed)
	r.engine = simhook.New(r)
	r.net = newNetwork(r)
	return r
}

// fail ends the run with a failure, unless it has failed already.
func (r *run) fail(k Kind, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.failure == nil && !r.mu.abandoned {
		r.mu.failure = &Failure{Kind: k, Seed: r.seed, Message: fmt.Sprintf(format, args...)}
	}
	r.over.Store(true)
}

// failed returns the failure.
func (r *run) failed() *Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.failure
}

// body is the main function of the run.
func (r *run) body() {
	defer func() {
		r.returned = true
		r.net.close()
	}()
	r.x.body(r.sim)
}

// Over implements simhook.Driver.
func (r *run) Over() bool {
	return r.over.Load() || r.returned && len(r.engine.Live()) == 0
}

// Next implements simhook.Driver.
func (r *run) Next(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber {
	n := r.steps.Load() + 1
	r.steps.Store(n)
	if cur != nil {
		cur.Data.At = how
		if r.trace != nil {
			r.trace.left(cur, how)
		}
	}
	if r.over.Load() {
		return ready[0]
	}
	if n > int64(r.x.conf.steps) {
		r.fail(Livelock, "%s", r.livelock(ready))
		r.endless = true
		return ready[0]
	}
	if r.returned {
		if r.after++; r.after > leastAfter {
			r.fail(Leak, "%s", r.leak("still go on, %d steps after the body has returned", leastAfter))
			r.endless = true
			return ready[0]
		}
	}
	f := r.chooser.next(ready, cur, how)
	r.log = append(r.log, f.Path)
	if r.trace != nil {
		r.trace.step(n, r.engine.Now(), f, f == cur)
	}
	return f
}

// Idle implements simhook.Driver.
func (r *run) Idle(next int64) simhook.Verdict {
	live := r.engine.Live()
	if r.trace != nil {
		r.trace.standstill()
	}
	if r.over.Load() {
		return simhook.Stop
	}
	if len(r.waiters) > 0 && int(r.steps.Load()) > r.looked {
		// The condition may hold now, when all have done what they could.
		r.lookAgain()
		return simhook.Again
	}
	if next >= 0 {
		return simhook.Advance
	}
	if !r.patient && !r.lenient {
		// Somebody from outside may be about to take part, which is another mistake.
		r.patient = true
		time.Sleep(strangers)
		return simhook.Again
	}
	switch {
	case len(live) == 0:
	case r.returned:
		r.fail(Leak, "%s", r.leak("are left, and nobody will ever wake them"))
	default:
		r.fail(Deadlock, "%s", r.deadlock())
	}
	return simhook.Stop
}

// strangers is how long the first run that comes to a standstill waits for
// goroutines that are no fibers.
const strangers = 20 * time.Millisecond

// lookAgain wakes those in Eventually.
func (r *run) lookAgain() {
	ws := r.waiters
	r.waiters = nil
	for _, w := range ws {
		w.Unpark()
	}
}

// Spawned implements simhook.Driver.
func (r *run) Spawned(f *simhook.Fiber) {
	f.Data.Rand = mix(r.seed ^ mix(f.Path))
	r.chooser.spawned(f)
	if r.main == nil {
		r.main = f
	}
	if r.trace != nil {
		r.trace.spawned(f)
	}
}

// Ended implements simhook.Driver.
func (r *run) Ended(f *simhook.Fiber, exited bool) {
	if r.trace != nil {
		r.trace.ended(f)
	}
	if exited && r.x.outerFailed() {
		r.fail(Assertion, "%s called FailNow (Fatal) of the test", nameOf(f))
	}
}

// Panicked implements simhook.Driver.
func (r *run) Panicked(f *simhook.Fiber, v any, stack []byte) {
	r.fail(Panic, "panic in %s: %v\n%s", nameOf(f), v, userStack(stack))
}

// Foreign implements simhook.Driver.
func (r *run) Foreign(f *simhook.Fiber, abroad bool) {
	buf := make([]byte, 8<<10)
	buf = buf[:goruntime.Stack(buf, false)]
	what := "a goroutine that is no fiber of the simulation woke " + nameOf(f)
	if abroad {
		what = nameOf(f) + " woke a goroutine that is no fiber of the simulation"
	}
	r.fail(Diverged, "%s: start it with fibers.Go, or leave it out; when it comes is not for the seed to say\n%s", what, userStack(buf))
}

// Marked implements simhook.Driver.
func (r *run) Marked(f *simhook.Fiber) {
	if r.trace != nil {
		r.trace.marked(f)
	}
}

// Pick implements simhook.Driver.
func (r *run) Pick(f *simhook.Fiber, n int) int {
	if f == nil {
		f = &r.root
	}
	i := r.chooser.pick(f, n)
	r.picks = append(r.picks, pick{f.Path, i})
	return i
}

// Random implements simhook.Driver.
func (r *run) Random(f *simhook.Fiber) uint64 {
	if f == nil {
		f = &r.root
	}
	return (*generator)(&f.Data.Rand).next()
}

// Traces implements simhook.Driver.
func (r *run) Traces() bool { return r.trace != nil }

// execute makes the run, and returns its failure.
func (r *run) execute() *Failure {
	simhook.Begin()
	defer simhook.End()
	done := make(chan int, 1)
	go func() { done <- r.engine.Run(r.body) }()
	left := r.watch(done)
	if f := r.failed(); f != nil {
		return f
	}
	if left > 0 {
		r.fail(Livelock, "%d fibers could not be ended: they wait again and again in their deferred functions", left)
	} else if r.x.outerFailed() {
		r.fail(Assertion, "the test was marked as failed (Error, Fail) during the run")
	}
	return r.failed()
}
