package runtime

// Park and unpark: how a fiber waits and how it is woken, from any core.
//
// # States
//
// The low bits of a fiber's word:
//
//	free ──spawn──▶ awake ──end──▶ free
//
//	           P2 unpark                  P1 park
//	  permit ◀─────────── awake ──────────────────────▶ parked
//	    │                  ▲ ▲                             │
//	    └──────────────────┘ └─────────────────────────────┘
//	      P3 park (returns)           P4 unpark (enqueues)
//
// (held, not drawn: an inspector takes a parked fiber to held by CAS and back, to
// read its plain fields in between: K6.)
//
// awake means queued to run, or running, or on the way to a park: an unparker
// need not tell these apart, it leaves a permit, and the way to parked is by a
// CAS that a permit defeats. The rest of the word is the reason of the wait and
// the number of the fiber, so that a CAS by someone who looked at an earlier
// fiber in the same record fails.
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
// # The races
//
// K1: settle's CAS awake→parked against an unparker's CAS awake→permit.
//
//	Both are on the same word, so one is first. Settle first: the unparker
//	fails, looks again, finds parked and wakes (P4). The unparker first: settle
//	fails, takes the permit and queues the fiber. Never both, never neither.
//
// K2: two unparkers on one parked fiber.
//
//	Both CAS parked→awake, one wins and is the only one to enqueue it. The other
//	looks again, finds awake and leaves a permit: Park returns early once.
//
// K3: Park's look at the permit against an unparker.
//
//	Park finds the permit and takes it, or finds none and goes on to K1. Nobody
//	else takes a permit away, but one more unparker may write it again: so it is
//	taken by a CAS, which is ordered after that one's write too.
//
// K4: an unparker that is late, on a record that was recycled.
//
//	free is left alone. Any other state belongs to the record's next fiber, which
//	gets a permit or is woken: its Park returns early, and it looks again.
//
// K5: a closing runtime against a fiber about to park.
//
//	The closer sets ending, then unparks every record, again and again. The fiber
//	looks at ending after each Park. If it looked before ending was set and parks
//	after the unpark, it takes the permit (K1) and looks again; if another Park of
//	its own took the permit meanwhile, the closer's next round wakes it. A fiber that
//	cleans up (shelter.go) waits on, until the closer has set cutting: the same once
//	more, with cutting in the place of ending.
//
// K6: an unparker of a fiber that an inspector holds.
//
//	To the unparker, held is as awake: it leaves a permit. The inspector's CAS
//	held→parked is then defeated as in K1, and the inspector queues the fiber.
//
// K7: Serve against the fiber's look at what it was served.
//
//	Serve changes one bit of the word, which nobody else does, in the same CAS that
//	wakes the fiber or leaves the permit; everybody else keeps that bit as it is.
//	The fiber compares it with what it was when it was last served. So one word,
//	written once, says that it may run and that its wait is over. Whoever takes a
//	permit does so by a CAS from all that it has read: a service must not get lost.
//
// K8: an inspector that looks at a fiber which does not wait, and so cannot be held.
//
//	It reads the word, then the plain field fn, when the fiber was queued and where it
//	comes from, then the word again, and believes them only if both words name the same
//	fiber: fields are cleared for the next one after the word. fn is written before the word in which the fiber's number first stands,
//	and cleared before the one in which it does not any more, so what it reads is of
//	that fiber: fn, or nil if it has just ended. The note is one aligned word, a hint.
//	Readers of them, and nobody else, are excused from the race detector.
//
// What happened before Unpark happened before the return of the Park it woke:
// through the CAS on the word, or the queue that carried the fiber. An unpark
// that finds the permit there already still writes the word, for this reason.
//
// Checked by: TestInspectorsDuringLife and TestWhatWasSeenIsOfThatFiber (K8),
// docs/models/park.pml (spin, with mutants; K1 to K5), serve.pml (K6, K7; it alone checks that a permit is taken by a CAS), TestParkStress,
// TestServeStress and TestLateUnparkStress (all, with inspectors at work).

import (
	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/wait"
)

const (
	stateFree   uint64 = iota // the record is in a free list
	stateAwake                // queued, running or leaving
	statePermit               // awake, and the next park returns at once
	stateParked               // waiting for an unpark
	stateHeld                 // parked, and in the hand of an inspector

	stateMask   = 1<<3 - 1
	servedBit   = 1 << 3 // changes each time the fiber is served: K7
	reasonShift = 4
	reasonMask  = (1<<8 - 1) << reasonShift
	idShift     = 12
)

func (f *fiber) id() uint64 { return f.word.Load() >> idShift }

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
		d.fiber.waitsSince(s.now)
		if s.eyes != nil {
			s.eyes.parks(d.fiber, d.why)
		}
		if !d.fiber.tryPark(d.why) {
			s.pushWoken(d.fiber)
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

// tryPark is P1, made on behalf of a fiber that has left its stack. If it
// reports false there was a permit, which is gone now: the caller enqueues the
// fiber.
func (f *fiber) tryPark(why wait.Reason) bool {
	for {
		w := f.word.Load()
		if w&stateMask == statePermit {
			f.rouse() // K3
			return false
		}
		// K1. (An awake word has no reason in it.)
		if f.word.CompareAndSwap(w, w+(stateParked-stateAwake)+uint64(why)<<reasonShift) {
			return true
		}
	}
}

// Park implements wait.Waiter.
func (f *fiber) Park(why wait.Reason) {
	if !f.takePermit() {
		switch slot, due := f.leave(why); due {
		case coro.Whole:
			slot.Swap()
		case coro.NextSide:
			slot.Next()
		default:
			slot.Yield()
		}
		f.co.arrive()
	}
	if f.rt.ending.Load() && f.mustEnd() { // K5
		f.co.quit()
	}
}

// Wait implements wait.Waiter.
func (f *fiber) Wait(why wait.Reason) (ending bool) {
	if !f.takePermit() {
		switch slot, due := f.leave(why); due {
		case coro.Whole:
			slot.Swap()
		case coro.NextSide:
			slot.Next()
		default:
			slot.Yield()
		}
		f.co.arrive()
	}
	return f.rt.ending.Load() && f.mustEnd() // K5
}

// leave notes that f parks and chooses who runs next. The caller must call the side
// of the slot that is due, as its next act, and then arrive: both would cost more in
// a function of their own (see coro.Enter).
func (f *fiber) leave(why wait.Reason) (slot *coro.Coro, due coro.Side) {
	c := f.co
	if c.Flags[forks] {
		c.share()
	}
	s := c.sched
	s.note(parks, f)
	s.left.why = why
	s.counts.parks++
	return c.Enter(s.target(s.pick()))
}

// takePermit is P3. It reports whether there was a permit.
func (f *fiber) takePermit() bool {
	if f.word.Load()&stateMask != statePermit { // K3
		return false
	}
	f.rouse()
	return true
}

// rouse makes the word awake, whatever it is, on behalf of the owner.
func (f *fiber) rouse() {
	for {
		w := f.word.Load()
		if f.word.CompareAndSwap(w, w&^(stateMask|reasonMask)|stateAwake) { // K3, K7
			return
		}
	}
}

// WaitServed implements wait.Waiter.
func (f *fiber) WaitServed(why wait.Reason) (served, ending bool) {
	if !f.takePermit() {
		switch slot, due := f.leave(why); due {
		case coro.Whole:
			slot.Swap()
		case coro.NextSide:
			slot.Next()
		default:
			slot.Yield()
		}
		f.co.arrive()
	}
	if bit := f.word.Load() & servedBit; bit != uint64(f.served) { // K7
		f.served = uint16(bit)
		return true, false
	}
	return false, f.rt.ending.Load() && f.mustEnd() // K5
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

// UnparkBy implements wait.Waiter.
func (f *fiber) UnparkBy(by wait.Waiter) {
	if !f.wake(0) {
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
	if !f.wake(0) {
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
	if !f.wake(servedBit) {
		return
	}
	if c := current(); c != nil && c.sched.rt == f.rt {
		c.sched.runNext(f)
		return
	}
	f.rt.inject(f)
}

// wake makes the unparker's step on the word, and changes the bits of flip in it.
// If it reports true the fiber was parked and is the caller's, who must enqueue
// it.
func (f *fiber) wake(flip uint64) bool {
	for {
		w := f.word.Load()
		switch w & stateMask {
		case stateParked:
			if f.word.CompareAndSwap(w, (w&^(stateMask|reasonMask)|stateAwake)^flip) { // K2
				return true
			}
		case stateAwake, stateHeld:
			if f.word.CompareAndSwap(w, (w&^(stateMask|reasonMask)|statePermit)^flip) { // K1, K6
				return false
			}
		case statePermit:
			if f.word.CompareAndSwap(w, w^flip) {
				return false
			}
		default:
			return false // K4
		}
	}
}
