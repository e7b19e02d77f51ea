// Package coro is the stack switch under the fibers: symmetric coroutines made
// of iter.Pull.
//
// # What it is
//
// A Coro is a goroutine that runs only when another hands over to it. Each one
// is made with a slot (the pair next/yield of one iter.Pull). A slot always
// holds exactly one sleeping goroutine; whoever calls the side of it that is
// due swaps places with the sleeper: the sleeper runs, the caller sleeps there.
//
// iter.Pull means a slot for one caller of next and its iterator to alternate.
// But whoever sleeps in a slot may be woken by any goroutine, from any thread,
// as long as only one tries at a time. So a coroutine that wants to hand over
// need not go back to a scheduler: it swaps straight into the slot in which the
// next one sleeps, one switch instead of two. Goroutines and slots form a
// permutation that every switch changes, and the field at keeps track of it.
//
// # Roles and who may call
//
// A Coro made by New is a coroutine. The zero Coro is a root: a place in which
// a plain goroutine sleeps while coroutines run on its behalf. Each method is
// called on the Coro of the calling goroutine, which is running; the other one
// is asleep and belongs to the caller: nobody else may switch to it. To hand a
// sleeper from one owner to the next (for stealing), publish it by an atomic
// operation after it has left its stack, never before: see package runtime,
// parking.go.
//
// # Rules inherited from the Go runtime
//
// A coroutine may be resumed from any thread, provided that neither its
// creator nor its resumer holds runtime.LockOSThread or sits in a cgo callback:
// otherwise the process dies with "coro: OS thread locking must match".
//
// # Lineage
//
// Symmetric transfer of control: Marlin (Simula coroutines, 1980); de Moura and
// Ierusalimschy, Revisiting Coroutines (2009). The slot is the Go runtime's coro
// (runtime/coro.go), reached through the public iter.Pull alone.
//
// Checked by: TestSwitchStress, TestEnd…, TestGoexit… (also under -race).
package coro

import "iter"

// A Coro is a coroutine, or (the zero value) a root: the place of a plain
// goroutine. It must not be copied.
//
// All fields are plain: between two switches a Coro belongs to one goroutine,
// itself while it runs and its resumer while it sleeps. Passing it from one to
// the other orders the accesses: through the switch itself, or through the
// queue that published the sleeper.
type Coro struct {
	// The slot made with this coroutine; a root has none. Owned by whoever
	// owns the sleeper in it.
	// They are exported for Enter alone.
	Next  func() (struct{}, bool)
	Yield func(struct{}) bool // nil until the first run

	// at is the coroutine in whose slot this one's goroutine sleeps. Written by
	// itself before it goes to sleep, read by its resumer.
	at *Coro

	// relay is where to go on to as soon as it wakes, without returning to its
	// caller; set by End, by the one that owns it.
	relay *Coro

	yieldDue bool // which side of the slot is due: next first, then in turn
	tainted  bool // a Goexit is on its way through this stack
	leaving  bool // told by End to return from main

	// Flags is room for flags of the embedding structure, which would cost it
	// eight bytes each time; package coro does not use it.
	Flags [5]bool
}

// Init makes c a coroutine that will run main(c) when it is first switched to.
// main must return only when Leaving reports true. (It is best a plain function:
// a closure or method value is 16 to 32 bytes more for each coroutine.)
//
// The goroutine inherits the profiler labels of the caller. It costs about
// 0.3–1 µs; 2 KiB of stack come with the first run.
func (c *Coro) Init(main func(c *Coro)) {
	c.at = c
	c.Next, _ = iter.Pull(func(yield func(struct{}) bool) {
		c.Yield = yield
		main(c)
	})
}

// Switch hands over to the sleeping coroutine or root to, and returns when
// somebody switches to c.
func (c *Coro) Switch(to *Coro) {
	if slot, next := c.Enter(to); next {
		slot.Next()
	} else {
		slot.Yield(struct{}{})
	}
	if c.Relayed() {
		c.GoOn()
	}
}

// Enter and what follows it in Switch are for a caller in a hurry, who writes
// Switch out in its own body. Every stack frame between the switch and the code
// that goes on costs some 7 ns when it is left: the processor predicts where a
// function returns to by the calls that it has seen on the other stack.
//
// Enter records that c is about to sleep in to's place. The caller must call
// the side of the slot that is due, next or yield, as its next act.
func (c *Coro) Enter(to *Coro) (slot *Coro, next bool) {
	slot = to.at
	c.at = slot
	next = !slot.yieldDue
	slot.yieldDue = next
	return slot, next
}

// Relayed reports, after a switch, whether c has to go on at once: see GoOn.
func (c *Coro) Relayed() bool { return c.relay != nil }

// GoOn switches to where End wants c to go on to. (It seldom has to: inlined, it would
// keep those who ask Relayed from being so.)
//
//go:noinline
func (c *Coro) GoOn() {
	to := c.relay
	c.relay = nil
	c.Switch(to)
}

// At returns the coroutine in whose slot c sleeps: the one that can be ended
// with c's help. Only c's owner may ask.
func (c *Coro) At() *Coro { return c.at }

// Leaving reports whether c was told to return from its main.
func (c *Coro) Leaving() bool { return c.leaving }

// Taint marks a coroutine whose stack a runtime.Goexit is unwinding: the caller
// carries on from a deferred function, which must not be given work of others
// any more and returns once Leaving reports true. The Go runtime passes the
// Goexit on to the goroutine that the end of the coroutine wakes, if that one
// came in through next; End sees to it that it hits nobody.
func (c *Coro) Taint() { c.tainted = true }

// Tainted reports whether Taint was called.
func (c *Coro) Tainted() bool { return c.tainted }

// End ends the idle coroutine victim and returns when its goroutine is gone.
//
// A coroutine that returns wakes whoever sleeps in its own slot. So the caller
// must own victim and that sleeper, occupant: occupant.At() == victim; the two
// may be the same. End puts the caller's goroutine in the occupant's place:
//
//	caller ──▶ occupant     caller sleeps in victim's slot
//	occupant ──▶ victim     occupant sleeps where victim slept
//	victim returns          wakes the caller
//
// The occupant does not return from its Switch; it sleeps again, in another
// slot, and is still owned by the caller. If the victim is tainted the goroutine
// that it wakes may be ended by the Goexit; a goroutine made for the purpose
// takes that upon itself.
func (c *Coro) End(victim, occupant *Coro) {
	if occupant.at != victim {
		panic("coro: End: the occupant does not sleep in the victim's slot")
	}
	if victim.tainted {
		done := make(chan struct{})
		go func() {
			defer close(done)
			new(Coro).end(victim, occupant)
		}()
		<-done
		return
	}
	c.end(victim, occupant)
}

func (c *Coro) end(victim, occupant *Coro) {
	victim.leaving = true
	if occupant != victim {
		occupant.relay = victim
	}
	c.Switch(occupant)
}
