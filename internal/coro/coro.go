// Package coro is the stack switch under the fibers: symmetric coroutines made
// of what iter.Pull is made of.
//
// # What it is
//
// A Coro is a goroutine that runs only when another hands over to it. Each one
// is made with a slot. A slot always holds exactly one sleeping goroutine;
// whoever swaps there changes places with the sleeper: the sleeper runs, the
// caller sleeps there.
//
// The slot is the Go runtime's coro (runtime/coro.go there), which iter.Pull means
// for one caller of next and its iterator to alternate. But whoever sleeps in a
// slot may be woken by any goroutine, from any thread, as long as only one tries
// at a time. So a coroutine that wants to hand over need not go back to a
// scheduler: it swaps straight into the slot in which the next one sleeps, one
// switch instead of two. Goroutines and slots form a permutation that every switch
// changes, and the field at keeps track of it.
//
// # Two ways to a slot
//
//	iter.Pull  the slot is that of an iter.Pull; a swap is a call of next or of
//	           yield, whichever is due. Everywhere, and always right.
//	direct     the slot is made by runtime.newcoro and swapped into by
//	           runtime.coroswitch, the two functions that iter.Pull calls: a third
//	           less time for each switch, and 250 bytes less for each coroutine.
//
// The process uses one of them for good, and Kind says which. Direct is taken where
// it was verified (the build constraint of direct.go), if the two functions are found
// (find.go) and do what is expected of them (selftest.go). The build tag pull, or
// FIBERS_SWITCH=pull in the environment of the process, asks for iter.Pull.
// docs/design/0001-stack-switch.md has the reasons and the risk.
//
// # Roles and who may call
//
// A Coro made by Init is a coroutine. The zero Coro is a root: a place in which
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
// Ierusalimschy, Revisiting Coroutines (2009).
//
// Checked by: TestSwitchStress, TestEnd…, TestGoexit…, TestCollector… (all with
// either way to a slot, and with iter.Pull also under -race), TestSelfTest….
package coro

import (
	"iter"
	"os"
	"sync"
	"unsafe"
)

// A Coro is a coroutine, or (the zero value) a root: the place of a plain
// goroutine. It must not be copied.
//
// All fields are plain: between two switches a Coro belongs to one goroutine,
// itself while it runs and its resumer while it sleeps. Passing it from one to
// the other orders the accesses: through the switch itself, or through the
// queue that published the sleeper.
type Coro struct {
	// slot was made with this coroutine; a root has none. Owned by whoever owns
	// the sleeper in it. Direct: the Go runtime's coro. With iter.Pull: next, a
	// function, which is a pointer too.
	slot unsafe.Pointer
	// yield is the other side of the slot: nil until the first run, and always
	// with a direct one.
	yield func(struct{}) bool

	// at is the coroutine in whose slot this one's goroutine sleeps. Written by
	// itself before it goes to sleep, read by its resumer.
	at *Coro

	// relay is where to go on to as soon as it wakes, without returning to its
	// caller; set by End, by the one that owns it.
	relay *Coro

	yieldDue bool // with iter.Pull, which side of the slot is due: next first, then in turn
	tainted  bool // a Goexit is on its way through this stack
	leaving  bool // told by End to return from main

	// Flags is room for flags of the embedding structure, which would cost it
	// eight bytes each time; package coro does not use it.
	Flags [5]bool
}

// way is how this process gets to slots; see Prepare.
var way struct {
	once sync.Once
	// The functions of the Go runtime, or nil: then it is by iter.Pull. Written under
	// once, before the first coroutine is made. Readers: whoever switches to one.
	newSlot func(start func(slot unsafe.Pointer)) (slot unsafe.Pointer)
	swap    func(slot unsafe.Pointer)
}

// The kinds of switch.
const (
	KindDirect = "direct"
	KindPull   = "iter.Pull"
)

// variable is the one in the environment that asks for iter.Pull.
const variable = "FIBERS_SWITCH"

// Prepare chooses the way to slots, when it is called for the first time: some tens of
// microseconds. Init does it too; but that may be in a place where time matters.
func Prepare() { way.once.Do(choose) }

func choose() {
	// Whoever asks for what we do not know wants to be on the safe side.
	if v := os.Getenv(variable); !possible || v != "" && v != KindDirect {
		return
	}
	done := make(chan struct{})
	go func() { // the caller may be locked to its thread
		defer close(done)
		if newSlot, swap := find(); swap != nil && tried(newSlot, swap, nil) {
			way.newSlot, way.swap = newSlot, swap
		}
	}()
	<-done
}

// Kind returns which way to slots this process uses: KindDirect or KindPull.
func Kind() string {
	Prepare()
	if way.swap != nil {
		return KindDirect
	}
	return KindPull
}

// Init makes c a coroutine that will run main(c) when it is first switched to.
// main must return only when Leaving reports true. (It is best a plain function:
// a closure or method value is 16 to 32 bytes more for each coroutine.)
//
// The goroutine inherits the profiler labels of the caller. It costs about
// 0.3–1 µs; 2 KiB of stack come with the first run.
func (c *Coro) Init(main func(c *Coro)) {
	Prepare()
	c.at = c
	if way.swap != nil {
		c.slot = way.newSlot(func(unsafe.Pointer) { main(c) })
		return
	}
	next, _ := iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		main(c)
	})
	c.slot = *(*unsafe.Pointer)(unsafe.Pointer(&next))
}

// Switch hands over to the sleeping coroutine or root to, and returns when
// somebody switches to c.
func (c *Coro) Switch(to *Coro) {
	if slot := c.Enter(to); slot != nil {
		slot.Swap()
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
// Enter records that c sleeps in to's place. If it returns a slot, the caller must Swap
// there as its next act. With iter.Pull it does that itself, and returns nil when somebody
// has switched to c.
func (c *Coro) Enter(to *Coro) (slot *Coro) {
	slot = to.at
	c.at = slot
	if possible && way.swap != nil {
		return slot
	}
	return slot.alternate()
}

// Swap swaps into c's slot: see Enter.
func (c *Coro) Swap() { way.swap(c.slot) }

// alternate swaps into c's slot, which is iter.Pull's, by the side that is due. It returns nil.
//
//go:noinline
func (c *Coro) alternate() *Coro {
	if c.yieldDue = !c.yieldDue; c.yieldDue {
		(*(*func() (struct{}, bool))(unsafe.Pointer(&c.slot)))() // next
	} else {
		c.yield(struct{}{})
	}
	return nil
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
// any more and returns once Leaving reports true. iter.Pull passes the Goexit on
// to the goroutine that the end of the coroutine wakes, if that one came in
// through next; End sees to it that it hits nobody. (A direct slot passes on
// nothing.)
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
// slot, and is still owned by the caller. If the victim is tainted, and the slot
// iter.Pull's, the goroutine that it wakes may be ended by the Goexit; a goroutine
// made for the purpose takes that upon itself.
func (c *Coro) End(victim, occupant *Coro) {
	if occupant.at != victim {
		panic("coro: End: the occupant does not sleep in the victim's slot")
	}
	if victim.tainted && way.swap == nil {
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
