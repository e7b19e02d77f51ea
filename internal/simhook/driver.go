package simhook

import (
	"context"
	"time"
	"unsafe"
)

// A State is what a simulated fiber is doing.
type State uint8

// The states.
const (
	Ready   State = iota // it runs, or could
	Waiting              // until somebody makes it ready
	Ended
)

// A How says how the fiber that ran before came to give way.
type How uint8

// The ways.
const (
	AtPoint How = iota // it is before an operation, and may be passed over
	Past               // it is after one that has made somebody ready, likewise
	Yielded            // it asked for that
	Parked             // it waits
	Gone               // it has ended
)

// A Verdict says what is to be done when nobody can run.
type Verdict uint8

// The verdicts.
const (
	Stop    Verdict = iota // the run is over
	Again                  // somebody can run now
	Advance                // let the clock go on
)

// A Fiber is a fiber of a simulation. The engine fills in what is not said to be
// the driver's.
type Fiber struct {
	ID     int    // 1, 2, … in the order of spawning
	Path   uint64 // from the number of its parent and how many that had spawned: the same in other schedules
	Name   string
	Site   uintptr // where it was spawned, if the driver wants that: see Driver.Traces
	Parent *Fiber
	Scope  *Scope
	State  State

	// The operation that it is about to make or waits in, and its object; "" at
	// the start.
	Op  string
	Obj unsafe.Pointer
	// Why is the engine's word for what it waits for, while it waits.
	Why string
	// Ending says that it ends at its next wait.
	Ending bool
	// Fresh says that it has not run yet.
	Fresh bool

	// Driver is that of its simulation.
	Driver Driver
	// Data is the driver's.
	Data Data

	// The engine's.
	Record   unsafe.Pointer
	Place    int // in Ready
	Index    int // among the living
	Children uint64
}

// Data is what drivers keep for a fiber.
type Data struct {
	Priority int64
	Rand     uint64 // the state of a generator of its own
	Picks    int    // choices made
	Yields   int    // in a row, while others could run
	At       How    // how it came to give way
	Place    any    // where in its code it is
}

// A Scope is a group of fibers that can be ended together: who spawns in one spawns
// into it.
type Scope struct {
	Name   string
	Parent *Scope
	Skew   time.Duration // what its clock is ahead
	Host   any           // the driver's
	// Ending says that its fibers end at their next wait, and new ones never run.
	Ending bool
}

// Within reports whether s is outer, or in it.
func (s *Scope) Within(outer *Scope) bool {
	for ; s != nil; s = s.Parent {
		if s == outer {
			return true
		}
	}
	return false
}

// A Driver decides for a simulated runtime. It is called by whoever runs in that:
// by its fibers, and by its root.
type Driver interface {
	// Next returns one of ready, which is not empty, in no order that means
	// anything. cur is the fiber that ran last; it is among ready unless how is
	// Parked or Gone.
	Next(ready []*Fiber, cur *Fiber, how How) *Fiber
	// Idle is called when nobody can run until the clock has gone on to next, and
	// says what to do about it. next is negative if there is no timer.
	Idle(next int64) Verdict
	// Over reports whether the run is over. The engine then ends all fibers.
	Over() bool
	// Spawned, Ended and Panicked tell of a fiber. An exited one has been ended by
	// runtime.Goexit, and not by the engine.
	Spawned(f *Fiber)
	Ended(f *Fiber, exited bool)
	Panicked(f *Fiber, v any, stack []byte)
	// Marked tells that f is about to do what it says, without a point before it.
	Marked(f *Fiber)
	// Foreign tells that somebody from outside has made f ready, or spawned it; or the
	// other way round, if abroad, that f makes somebody ready who is outside.
	Foreign(f *Fiber, abroad bool)
	// Pick and Random are random numbers for f; nil stands for the root.
	Pick(f *Fiber, n int) int
	Random(f *Fiber) uint64
	// Traces reports whether spawn sites are wanted.
	Traces() bool
}

// An Engine is a simulated runtime, as its driver sees it.
type Engine interface {
	// Run runs main in the first fiber until the driver says that it is over, and
	// then ends all fibers. It reports how many did not end: those that wait again
	// and again in their deferred functions. It is called once, on a goroutine of
	// its own.
	Run(main func()) (left int)
	// Now is the time of the simulation.
	Now() int64
	// Live is the fibers that have not ended, in no order.
	Live() []*Fiber
	// Spawn makes a fiber in a scope. Only fibers of the simulation, and what
	// AfterFunc calls, may.
	Spawn(name string, s *Scope, fn func()) *Fiber
	// End ends the fibers of a scope, and those in it: at their next wait.
	End(s *Scope)
	// AfterFunc calls f, which must not wait, when d has passed.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
	// Stack returns a text by which the stack of the fiber that runs can be told
	// from others, in a dump of all. It may be called from anywhere.
	Stack() string
}

// DeadlineKey is the key of the virtual deadline, a time.Time, in contexts that
// package sim makes.
type DeadlineKey struct{}

// Real reports whether ctx ends by itself at a real time, or may.
func Real(ctx context.Context) bool {
	at, ok := ctx.Deadline()
	if !ok {
		return false
	}
	virtual, ok := ctx.Value(DeadlineKey{}).(time.Time)
	return !ok || !virtual.Equal(at)
}
