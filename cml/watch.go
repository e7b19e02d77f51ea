package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Watch is a variable whose changes can be waited for: each Observer gets the latest value,
// once, and none that has been overwritten before it looked. (Who must see every value
// uses a Multicast.) NewWatch makes one. A Store synchronizes before the
// return of the Load or Next that gets its value.
type Watch[T any] struct {
	mu      lock
	v       T        // under mu
	stores  uint64   // under mu: how many there were
	waiting queue[T] // under mu: offers of observers that have seen the latest
}

// NewWatch returns a variable with the value v.
func NewWatch[T any](v T) *Watch[T] { return &Watch[T]{v: v} }

// Load returns the value.
func (w *Watch[T]) Load() T {
	if simhook.On() {
		simhook.Point("Watch.Load", unsafe.Pointer(w))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.v
}

// Store puts v in the place of the value, and wakes the observers. It does not wait.
func (w *Watch[T]) Store(v T) {
	if simhook.On() {
		simhook.Point("Watch.Store", unsafe.Pointer(w))
	}
	var ws wakes
	w.mu.Lock()
	w.v = v
	w.stores++
	var next *offer[T]
	for q := w.waiting.first; q != nil; q = next {
		next = q.next
		o := q.obj.(*Observer[T])
		if o.seen == w.stores {
			continue // another offer of this observer has got it
		}
		q.v = v
		if q.grant(&ws) {
			o.seen = w.stores
		}
	}
	w.mu.Unlock()
	ws.flush(nil)
}

// Observe returns an observer that has seen the value which there is now.
func (w *Watch[T]) Observe() *Observer[T] {
	if simhook.On() {
		simhook.Point("Watch.Observe", unsafe.Pointer(w))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return &Observer[T]{w: w, seen: w.stores}
}

// An Observer gets the values of a Watch that are new to it. Observe makes one. If several
// parties use one, each value goes to one of them. It need not be closed.
type Observer[T any] struct {
	w    *Watch[T]
	seen uint64 // under w.mu: how many stores there were when it got a value last
}

// Next returns the latest value, waiting until there is one that o has not got yet.
func (o *Observer[T]) Next() (v T) {
	o.check("Next")
	return await[T](o, kindGet, 0, v, wait.Observe)
}

// NextOp is Next as an op.
//
//go:noinline
func (o *Observer[T]) NextOp() Op[T] {
	o.check("NextOp")
	return &objectOp[T]{obj: o, why: wait.Observe}
}

func (o *Observer[T]) check(what string) {
	if o.w == nil {
		panic("cml: " + what + " of an Observer that is none: Observe a Watch")
	}
}

func (o *Observer[T]) simulatedName(kind) string { return "Observer.Next" }
func (o *Observer[T]) mutex() *lock              { return &o.w.mu }
func (o *Observer[T]) line(*offer[T]) *queue[T]  { return &o.w.waiting }
func (o *Observer[T]) left(*wakes)               {}

func (o *Observer[T]) meet(x *offer[T], ws *wakes) outcome {
	switch {
	case o.seen == o.w.stores:
		return mustWait
	case !x.claim(ws):
		return tooLate
	}
	o.seen = o.w.stores
	x.v = o.w.v
	return met
}
