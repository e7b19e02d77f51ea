package simsched

import (
	"sync"

	"unsafe"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A waiter is what an actor is to internal/wait.
type waiter struct {
	actor   *actor
	permit  bool
	ending  bool
	served  bool
	scratch any
	shared  any
}

func (w *waiter) ready() bool { return w.permit }

// Park implements wait.Waiter.
func (w *waiter) Park(why wait.Reason) {
	if w.Wait(why) {
		w.Exit()
	}
}

// Wait implements wait.Waiter.
func (w *waiter) Wait(wait.Reason) (ending bool) {
	if e := exploring; e != nil && e.running == w.actor {
		e.stop(step{at: unsafe.Pointer(w), write: true, needs: w})
	}
	w.permit = false
	return w.ending
}

// Leave implements wait.Waiter.
func (w *waiter) Leave(why wait.Reason) *wait.Slot {
	w.Wait(why)
	return nil
}

// Arrive implements wait.Waiter.
func (w *waiter) Arrive(*wait.Slot) (served, ending bool) {
	if w.served {
		w.served = false
		return true, false
	}
	return false, w.ending
}

// Serve implements wait.Waiter.
func (w *waiter) Serve() {
	access(unsafe.Pointer(w), true)
	if w.served {
		panic("simsched: served twice")
	}
	w.served, w.permit = true, true
}

// Exit implements wait.Waiter: the actor ends, its deferred functions run.
func (w *waiter) Exit() {
	w.actor.exiting = true
	panic(exit)
}

// Unpark implements wait.Waiter.
func (w *waiter) Unpark() {
	access(unsafe.Pointer(w), true)
	w.permit = true
}

// UnparkBy implements wait.Waiter.
func (w *waiter) UnparkBy(wait.Waiter) { w.Unpark() }

// At implements wait.Waiter.
func (w *waiter) At(any, wait.Reason) {}

// Scratch implements wait.Waiter.
func (w *waiter) Scratch() *any { return &w.scratch }

// Shared implements wait.Waiter.
func (w *waiter) Shared() *any { return &w.shared }

// Depots implements wait.Waiter.
func (w *waiter) Depots() *sync.Map { return nil }

// Finish tells actor i that its runtime closes, as a step of the actor that calls
// it: the next Wait of i reports so.
func Finish(i int) {
	w := exploring.actors[i].waiter
	access(unsafe.Pointer(w), true)
	w.ending, w.permit = true, true
}

// Party returns actor i as a waiter.
func Party(i int) wait.Waiter { return exploring.actors[i].waiter }

// Scratch returns the scratch place of actor i, for what it is to begin with, or
// has kept at the end.
func Scratch(i int) *any { return &exploring.actors[i].waiter.scratch }

// Shared returns what is Shared of actor i.
func Shared(i int) *any { return &exploring.actors[i].waiter.shared }
