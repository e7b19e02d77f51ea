package runtime

// Park and unpark: how a fiber waits and how it is woken, from any core.
//
// Whether a fiber waits is said by one word of its record, whose states and races, K1 to
// K8, are in internal/parkword (word.go). Here is what comes with it: how the fiber leaves its
// stack, and who runs next.
//
// # The post-switch step
//
// A fiber that parks has published itself as a waiter before it leaves its
// stack. Nobody may resume it before it has left: two threads would run on one
// stack. So it does not set parked itself. It leaves a note in the scheduler
// (departure) and switches; the party that runs next on this scheduler settles
// the note, as its first act: it makes the step P1, or, where a permit has come
// in the meantime, puts the fiber back in a queue. A yield is the same with the
// queue alone. Whatever makes a fiber resumable thus happens after its switch.
//
// Checked by: docs/models/park.pml (spin, with mutants), TestParkStress,
// TestServeStress and TestLateUnparkStress (all, with inspectors at work).

import (
	"sync"

	"github.com/seed222ee791/fibers/internal/parkword"
	"github.com/seed222ee791/fibers/internal/wait"
)

func (f *fiber) id() uint64 { return f.word.ID() }

// A departure is the note that a party leaves in its scheduler when it
// switches away: what the next one has to do for it.
type departure struct {
	kind  departureKind
	why   wait.Reason
	fiber *fiber     // of parks and yields
	co    *coroutine // of rests; and whose the chore is
}

type departureKind uint8

const (
	nothing departureKind = iota
	parks                 // the fiber waits
	yields                // the fiber wants to go on
	rests                 // the coroutine has no fiber any more
	tainted               // as rests, but a Goexit is in its stack
)

// settle makes the post-switch step. Called by the party that runs on s, first
// thing after every switch.
func (s *scheduler) settle() {
	d := &s.left
	kind := d.kind
	d.kind = nothing
	switch kind {
	case parks:
		f := d.fiber
		f.waitsSince(s.now)
		if s.eyes != nil {
			s.eyes.parks(f, d.why)
		}
		if !f.word.TryPark(d.why) {
			s.pushWoken(f)
			s.wakeForWoken()
		}
	case yields:
		if s.eyes != nil {
			s.eyes.yields(d.fiber)
		}
		s.toBehind().Push(d.fiber)
		s.wakeForWoken()
	case rests:
		s.rest(d.co)
	case tainted:
		s.rt.pool.putTainted(d.co)
	}
}

// Park implements wait.Waiter.
func (f *fiber) Park(why wait.Reason) {
	if slot := f.Leave(why); slot != nil {
		slot.Swap()
		f.co.arrive()
	}
	if f.mustEnd() { // K5
		f.co.quit()
	}
}

// Wait implements wait.Waiter. It leaves a service alone: it may be for a wait in whose middle
// this one is (X3 in internal/adaptive).
func (f *fiber) Wait(why wait.Reason) (ending bool) {
	if slot := f.Leave(why); slot != nil {
		slot.Swap()
		f.co.arrive()
	}
	return f.mustEnd() // K5
}

// Leave implements wait.Waiter: f notes that it parks and chooses who runs next.
func (f *fiber) Leave(why wait.Reason) *wait.Slot {
	if f.word.TakePermit() {
		return nil
	}
	c := f.co
	if c.Flags[forks] {
		c.share()
	}
	s := c.sched
	s.note(parks, f)
	s.left.why = why
	s.counts.parks++
	slot := c.Enter(s.target(s.pick()))
	if slot == nil { // it has been away
		f.co.arrive()
	}
	return slot
}

// Arrive implements wait.Waiter.
func (f *fiber) Arrive(slot *wait.Slot) (served, ending bool) {
	if slot != nil {
		f.co.arrive()
	}
	if bit := f.word.ServedBit(); bit != f.served { // K7
		f.served = bit
		return true, false
	}
	return false, f.mustEnd() // K5
}

// note leaves the note of a park or yield. (Field by field: half of the cost of
// writing the whole.)
func (s *scheduler) note(kind departureKind, f *fiber) {
	s.left.kind = kind
	s.left.fiber = f
}

// Exit implements wait.Waiter.
func (f *fiber) Exit() { f.co.quit() }

// Scratch implements wait.Waiter.
func (f *fiber) Scratch() *any { return f.co.place() }

// Shared implements wait.Waiter.
func (f *fiber) Shared() *any { return &f.co.sched.sharing().records }

// Depots implements wait.Waiter.
func (f *fiber) Depots() *sync.Map {
	if f.rt.sim != nil {
		return nil // what others have left there would change the run
	}
	return &f.rt.depots
}

// UnparkBy implements wait.Waiter.
func (f *fiber) UnparkBy(by wait.Waiter) {
	if !f.word.Wake(parkword.Unserved) {
		return
	}
	if b, ok := by.(*fiber); ok && b.rt == f.rt {
		b.co.sched.runNext(f)
		return
	}
	f.rt.inject(f)
}

// Unpark implements wait.Waiter.
func (f *fiber) Unpark() {
	if !f.word.Wake(parkword.Unserved) {
		return
	}
	if c := current(); c != nil && c.sched.rt == f.rt {
		c.sched.runNext(f)
		return
	}
	f.rt.inject(f)
}

// Serve implements wait.Waiter.
func (f *fiber) Serve() {
	if !f.word.Wake(parkword.Served) {
		return
	}
	if c := current(); c != nil && c.sched.rt == f.rt {
		c.sched.runNext(f)
		return
	}
	f.rt.inject(f)
}
