// Package wait is the one thing that everything that can wait needs to know
// of whoever waits: how to park it and how to wake it.
//
// The engine (package runtime) registers its fibers here; a plain goroutine
// gets a built-in waiter. Code above this package (channels, tasks, groups)
// is written once and serves both.
//
// # Contract
//
// A Waiter has one permit. Unpark grants it; Park consumes it, waiting until
// there is one. Permits do not add up. Park may also return without one: the
// caller loops on a condition of its own. What happened before Unpark happened
// before the return of the Park that it woke.
package wait

import (
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/coro"
)

// A Waiter is a fiber or goroutine that can wait.
type Waiter interface {
	// Park waits for a permit and consumes it; only the fiber or goroutine
	// itself may call it. It may return early. It does not return at all (the
	// fiber ends as by runtime.Goexit) when the runtime of the fiber closes:
	// what must be undone then belongs in a deferred call.
	Park(why Reason)
	// Wait is Park for those who have to see to something first when the runtime
	// closes: it always returns, and then reports true. The caller decides what
	// became of its wait, cleans up, and calls Exit unless its wait was over.
	Wait(why Reason) (ending bool)
	// Leave, a Swap and Arrive are Wait, in the frame of a caller that is in a hurry: each
	// frame that a switch leaves behind costs a return that the processor predicts wrongly.
	//
	//	slot := w.Leave(why)
	//	if slot != nil {
	//		slot.Swap()
	//	}
	//	served, ending := w.Arrive(slot)
	//
	// with nothing in between. Leave returns nil if the wait is over already. served reports
	// that somebody has done what the waiter waits for, by Serve; ending is false then. So who
	// waits while a wait that may be served goes on below, as a lock does, must call Wait, which leaves
	// that to be reported later.
	Leave(why Reason) *Slot
	Arrive(slot *Slot) (served, ending bool)
	// Exit ends a fiber whose Wait reported true, as by runtime.Goexit. For a
	// goroutine it does nothing.
	Exit()
	// Unpark grants the permit. Anyone may call it, at any time, also after
	// the waiter went on to something else.
	Unpark()
	// Serve is Unpark, and has Arrive report it, once. For each such report
	// that the waiter waits for, exactly one party calls it, and the waiter waits
	// for nothing else before it has got that report.
	Serve()
	// UnparkBy is Unpark, called by the running fiber or goroutine whose waiter
	// is by: it saves looking that up.
	UnparkBy(by Waiter)
	// At notes where the waiter is about to wait: an object of package cml or of the
	// engine, or a Performance, and why. At(nil, None) says that the wait is over. Only
	// the waiter itself calls it, and only if Watched reported true before the wait.
	At(place any, why Reason)
	// Scratch returns a place in which package cml may keep a record between the
	// waits of this waiter; only the waiter itself may touch it. What is there
	// may be from another waiter that had the place before, or nil.
	Scratch() *any
	// Shared returns a place for what the waiters of one scheduler share: it is the
	// caller's until its next wait, after which it may have another one. Only the waiter
	// itself may call it. (A goroutine shares it with nobody.)
	Shared() *any
	// Depots returns a map for what all waiters of a runtime share, or nil if the waiter
	// shares nothing: a goroutine, and a fiber that is simulated.
	Depots() *sync.Map
}

// A Slot is where the goroutine sleeps of whoever runs next.
type Slot = coro.Coro

// fiber returns the running fiber as a waiter and, if asked for, its scratch place, or nil
// in a plain goroutine. It is set once, when the engine is linked in.
var fiber func(place bool) (Waiter, *any)

// Register is called once, from the engine's package initialisation, before
// any fiber or waiter exists. It returns what was there before: a test that runs
// actors of its own puts it back.
func Register(current func(place bool) (Waiter, *any)) (before func(place bool) (Waiter, *any)) {
	before, fiber = fiber, current
	return before
}

// spawn starts a fiber of the caller's runtime; it reports false in a plain goroutine. It
// is set once, when the engine is linked in.
var spawn func(fn, dropped func()) bool

// RegisterSpawn is called once, from the engine's package initialisation.
func RegisterSpawn(f func(fn, dropped func()) bool) { spawn = f }

// Go starts fn as a fiber of the calling fiber's runtime, or in a plain goroutine, as
// another. If the runtime ends before the fiber has run, dropped is called in it instead, unless
// that is nil; it must not wait but for a lock of an object.
func Go(fn, dropped func()) {
	if spawn == nil || !spawn(fn, dropped) {
		go fn()
	}
}

// A Chore is something short that needs more stack than a fiber should grow for it. It does
// not wait.
type Chore interface{ Do() }

// roomy does a chore on the stack of the calling fiber's root; it reports false in a plain
// goroutine. It is set once, when the engine is linked in.
var roomy func(c Chore) bool

// RegisterRoomy is called once, from the engine's package initialisation.
func RegisterRoomy(f func(c Chore) bool) { roomy = f }

// Roomy does c, of a fiber on the stack of its scheduler's root: so the fiber's stack stays as
// small as it was. Only who is about to wait may call it, as it switches stacks: a fiber that
// is locked to its thread must do neither.
func Roomy(c Chore) {
	if roomy == nil || !roomy(c) {
		c.Do()
	}
}

// after is time.AfterFunc where time is simulated; it reports false elsewhere. It is set
// once, when the engine is linked in.
var after func(d time.Duration, fn func()) (stop func(), ok bool)

// RegisterAfter is called once, from the engine's package initialisation.
func RegisterAfter(f func(d time.Duration, fn func()) (stop func(), ok bool)) { after = f }

// After calls fn when d has passed, on a goroutine, or in a simulation in a fiber, unless
// stop is called before.
func After(d time.Duration, fn func()) (stop func()) {
	if after != nil {
		if stop, ok := after(d, fn); ok {
			return stop
		}
	}
	t := time.AfterFunc(d, fn)
	return func() { t.Stop() }
}

// Current returns the waiter of the calling fiber, or a waiter for the calling
// goroutine. A goroutine's waiter must be given back with Release.
func Current() Waiter {
	if fiber != nil {
		if w, _ := fiber(false); w != nil {
			return w
		}
	}
	return goroutine()
}

// native reports whether the calling fiber must wait in Go's way where it waits for a moment
// only: one that is locked to its thread, or may be, one that is simulated, and one of a bubble
// of testing/synctest, whom nobody outside may wake. It is set once,
// when the engine is linked in.
var native func() bool

// RegisterNative is called once, from the engine's package initialisation.
func RegisterNative(f func() bool) { native = f }

// Brief returns the calling fiber, for a short wait in what need not wait as such, or nil if the
// caller is none, or must wait in Go's way.
func Brief() Waiter {
	if fiber != nil {
		if w, _ := fiber(false); w != nil && (native == nil || !native()) {
			return w
		}
	}
	return nil
}

// Later is what a source of package runtime answers that knows whether Try is in vain. No other
// package can name it, so no other source can answer.
type Later bool

// Caller is Current and the waiter's Scratch at once.
func Caller() (Waiter, *any) {
	if fiber != nil {
		if w, scratch := fiber(true); w != nil {
			return w, scratch
		}
	}
	g := goroutine()
	return g, &g.scratch
}

// Release gives back what Current returned, when no one will unpark it any
// more on purpose. A late Unpark is harmless: its permit makes some later Park
// return early.
func Release(w Waiter) {
	if g, ok := w.(*Goroutine); ok && !g.bubbled {
		goroutines.Put(g)
	}
}

// Goroutine is the waiter of a plain goroutine.
type Goroutine struct {
	c       chan struct{} // holds the permit
	at      *visit        // in visitors; the goroutine's
	served  atomic.Bool   // Writers: who serves, then the goroutine
	scratch any
	shared  any
	bubbled bool // it is of a bubble: not used again
}

var goroutines = sync.Pool{New: func() any { return NewGoroutine() }}

// NewGoroutine returns a waiter for the calling goroutine.
func NewGoroutine() *Goroutine { return &Goroutine{c: make(chan struct{}, 1)} }

// Park implements Waiter.
func (g *Goroutine) Park(Reason) { <-g.c }

// Wait implements Waiter.
func (g *Goroutine) Wait(Reason) bool { <-g.c; return false }

// Leave implements Waiter.
func (g *Goroutine) Leave(Reason) *Slot { <-g.c; return nil }

// Arrive implements Waiter.
func (g *Goroutine) Arrive(*Slot) (served, ending bool) {
	if served = g.served.Load(); served {
		g.served.Store(false)
	}
	return served, false
}

// Serve implements Waiter.
func (g *Goroutine) Serve() {
	g.served.Store(true)
	g.Unpark() // of the next one who waits here, if this one saw it already
}

// Exit implements Waiter.
func (g *Goroutine) Exit() {}

// UnparkBy implements Waiter.
func (g *Goroutine) UnparkBy(Waiter) { g.Unpark() }

// Scratch implements Waiter.
func (g *Goroutine) Scratch() *any { return &g.scratch }

// Shared implements Waiter.
func (g *Goroutine) Shared() *any { return &g.shared }

// Depots implements Waiter.
func (g *Goroutine) Depots() *sync.Map { return nil }

// Unpark implements Waiter.
func (g *Goroutine) Unpark() {
	if Simulating() {
		Abroad()
	}
	select {
	case g.c <- struct{}{}:
	default:
	}
}
