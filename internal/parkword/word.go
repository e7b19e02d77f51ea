package parkword

import "github.com/seed222ee791/fibers/internal/wait"

// How the word of a fiber is changed, and by whom.
//
// # States
//
// The low bits of the word:
//
//	free ──Begin──▶ awake ──End──▶ free
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
// # The races
//
// K1: TryPark's CAS awake→parked against an unparker's CAS awake→permit.
//
//	Both are on the same word, so one is first. TryPark first: the unparker
//	fails, looks again, finds parked and wakes (P4). The unparker first: TryPark
//	fails, takes the permit, and its caller queues the fiber. Never both, never neither.
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
//	cleans up (shelter.go of package runtime) waits on, until the closer has set cutting:
//	the same once more, with cutting in the place of ending.
//
// K6: an unparker of a fiber that an inspector holds.
//
//	To the unparker, held is as awake: it leaves a permit. The inspector's CAS
//	held→parked is then defeated as in K1, and the inspector queues the fiber.
//
// K7: Wake with Served against the fiber's look at what it was served.
//
//	A service changes one bit of the word, which nothing else does, in the same CAS that
//	wakes the fiber or leaves the permit; everybody else keeps that bit as it is.
//	The fiber compares it with what it was when it was last served. So one word,
//	written once, says that it may run and that its wait is over. Whoever takes a
//	permit does so by a CAS from all that it has read: a service must not get lost.
//
// K8: an inspector that looks at a fiber which does not wait, and so cannot be held.
//
//	It reads the word, then the plain field fn, when the fiber was queued and where it
//	comes from, then the word again, and believes them only if both words name the same
//	fiber: fields are cleared for the next one after the word. fn is written before the
//	word in which the fiber's number first stands, and cleared before the one in which it
//	does not any more, so what it reads is of that fiber: fn, or nil if it has just ended.
//	The note is one aligned word, a hint. Readers of them, and nobody else, are excused
//	from the race detector.
//
// What happened before Wake happened before the return of the Park it woke:
// through the CAS on the word, or the queue that carried the fiber. An unpark
// that finds the permit there already still writes the word, for this reason.
//
// Checked by: TestWordModel (this source, with mutants; K1 to K8), docs/models/park.pml
// (spin, with mutants; K1 to K5), serve.pml (K6, K7), and in package runtime
// TestInspectorsDuringLife and TestWhatWasSeenIsOfThatFiber (K8), TestParkStress,
// TestServeStress and TestLateUnparkStress (all, with inspectors at work).

// A Word is the word of one fiber after the other. The zero Word is free.
// Writers: Begin and End (the owner), all others by CAS. Readers: any.
type Word struct{ w word }

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

// A Service is what a Wake does besides: Unserved nothing, Served says that what the fiber
// waits for has been done (K7).
type Service uint64

const (
	Unserved Service = 0
	Served   Service = servedBit
)

// Begin makes the word that of the fiber of this number, which is awake. Owner only, of a
// free one.
func (w *Word) Begin(id uint64) { w.w.Store(id<<idShift | stateAwake) }

// End makes the word free. Owner only, when the fiber has ended.
func (w *Word) End() { w.w.Store(stateFree) }

// TakePermit is P3. It reports whether there was a permit. Owner only.
func (w *Word) TakePermit() bool {
	if w.w.Load()&stateMask != statePermit { // K3
		return false
	}
	w.rouse()
	return true
}

// TryPark is P1, made on behalf of a fiber that has left its stack. If it
// reports false there was a permit, which is gone now: the caller enqueues the
// fiber.
func (w *Word) TryPark(why wait.Reason) bool {
	for {
		x := w.w.Load()
		if x&stateMask == statePermit {
			w.rouse() // K3
			return false
		}
		// K1. (An awake word has no reason in it.)
		if w.w.CompareAndSwap(x, x+(stateParked-stateAwake)+uint64(why)<<reasonShift) {
			return true
		}
	}
}

// rouse makes the word awake, whatever it is, on behalf of the owner.
func (w *Word) rouse() {
	for {
		x := w.w.Load()
		if w.w.CompareAndSwap(x, x&^(stateMask|reasonMask)|stateAwake) { // K3, K7
			return
		}
	}
}

// Wake makes the unparker's step. If it reports true the fiber was parked and is the
// caller's, who must enqueue it. (It is inlined, and what it costs there is near to the
// most that the compiler allows. The first look is outside the loop: one test for nil less.)
func (w *Word) Wake(by Service) bool {
	for x := w.w.Load(); ; x = w.w.Load() {
		who := x&^(stateMask|reasonMask) ^ uint64(by)
		if x&stateMask == stateParked {
			if w.w.CompareAndSwap(x, who|stateAwake) { // K2
				return true
			}
		} else if x&stateMask == stateFree { // K4
			return false
		} else if w.w.CompareAndSwap(x, who|statePermit) { // K1, K3, K6
			return false
		}
	}
}

// ServedBit returns what changes with each service, for the owner to compare: K7. It is 0
// when a fiber begins.
func (w *Word) ServedBit() uint16 { return uint16(w.w.Load() & servedBit) }

// ID returns the number of the fiber, 0 if there is none.
func (w *Word) ID() uint64 { return w.Load().ID() }

// Load returns the word as it is now.
func (w *Word) Load() Seen { return Seen(w.w.Load()) }

// Hold takes hold of the fiber, if it is parked still, as the inspector has seen it. It
// belongs to the inspector then, who has to let it go soon.
func (w *Word) Hold(s Seen) bool {
	return s.Parked() && w.w.CompareAndSwap(uint64(s), uint64(s)&^stateMask|stateHeld)
}

// LetGo parks a held fiber again, as it was seen before Hold. If it reports false the fiber
// was unparked meanwhile (K6): the caller enqueues it.
func (w *Word) LetGo(s Seen) bool {
	if w.w.CompareAndSwap(uint64(s)&^stateMask|stateHeld, uint64(s)) {
		return true
	}
	w.rouse()
	return false
}

// A Seen is the word as it was at some moment.
type Seen uint64

// ID returns the number of the fiber, 0 if there was none.
func (s Seen) ID() uint64 { return uint64(s) >> idShift }

// Free reports whether there was no fiber.
func (s Seen) Free() bool { return s&stateMask == Seen(stateFree) }

// Parked reports whether it waited, and nobody held it.
func (s Seen) Parked() bool { return s&stateMask == Seen(stateParked) }

// Held reports whether it waited, and an inspector held it.
func (s Seen) Held() bool { return s&stateMask == Seen(stateHeld) }

// Waits reports whether it waited.
func (s Seen) Waits() bool { return s.Parked() || s.Held() }

// Reason returns why, if it did.
func (s Seen) Reason() wait.Reason { return wait.Reason(s & reasonMask >> reasonShift) }
