package simhook

import (
	"context"
	"sync/atomic" // what inlines On must stay small, and a wrapper counts
	"unsafe"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Word is how many simulations there are. It is for On, and for those who would be
// too large to be inlined with a call of that. Writers: Begin and End. Readers: any.
var Word int32

// On reports whether anything is simulated in this process. Operations look at it
// first, and go a slower way if so.
func On() bool { return atomic.LoadInt32(&Word) != 0 }

// Begin says that there is one simulation more.
func Begin() {
	atomic.AddInt32(&Word, 1)
	wait.Simulate(1)
}

// End says that there is one less.
func End() {
	atomic.AddInt32(&Word, -1)
	wait.Simulate(-1)
}

// Hooks are what package runtime gives. All may be called from anywhere: in a
// fiber or goroutine that is not simulated they do nothing, or say so.
type Hooks struct {
	// Point lets others run before the operation op on obj, if the caller is a
	// simulated fiber.
	Point func(op string, obj unsafe.Pointer)
	// Woke lets others run if the operation under way has made somebody ready. It
	// is called with no lock held.
	Woke func()
	// Pick returns a number below n.
	Pick func(n int) (i int, simulated bool)
	// Random returns a number from the seed.
	Random func() (r uint64, simulated bool)
	// AfterFunc has f called, in the simulation, when ctx is done.
	AfterFunc func(ctx context.Context, f func()) (stop func() bool, simulated bool)
	// Abroad says that the caller is about to wake somebody who is not in its
	// simulation, if it is in one.
	Abroad func()
	// Aside calls f, for which Abroad says nothing.
	Aside func(f func())
	// Current returns the simulated fiber that calls, or nil.
	Current func() *Fiber
	// New returns a simulated runtime.
	New func(d Driver) Engine
}

var hooks Hooks

// Register is called once, from the initialisation of package runtime.
func Register(h Hooks) {
	hooks = h
	wait.Abroad, wait.Aside = h.Abroad, h.Aside
}

// Point is the hook of that name; see there. The others likewise.
//
// They are called only where On reports true, but for New; package cml alone, without
// an engine, has none.
func Point(op string, obj unsafe.Pointer) {
	if hooks.Point != nil {
		hooks.Point(op, obj)
	}
}

// Woke is the hook of that name.
func Woke() {
	if hooks.Woke != nil {
		hooks.Woke()
	}
}

// Pick is the hook of that name.
func Pick(n int) (i int, simulated bool) {
	if hooks.Pick == nil {
		return 0, false
	}
	return hooks.Pick(n)
}

// Random is the hook of that name.
func Random() (r uint64, simulated bool) {
	if hooks.Random == nil {
		return 0, false
	}
	return hooks.Random()
}

// AfterFunc is the hook of that name.
func AfterFunc(ctx context.Context, f func()) (stop func() bool, simulated bool) {
	if hooks.AfterFunc == nil {
		return nil, false
	}
	return hooks.AfterFunc(ctx, f)
}

// Current is the hook of that name; it may be called at any time.
func Current() *Fiber {
	if !On() || hooks.Current == nil {
		return nil
	}
	return hooks.Current()
}

// New is the hook of that name.
func New(d Driver) Engine { return hooks.New(d) }
