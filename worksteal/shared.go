package worksteal

// Protocol of the circular buffer, common to deque and ring.
//
// A queue is the elements low … high-1, oldest first. Element i lies in slot
// i mod n of the current buffer of n slots. high is a plain field of the owner:
// thieves never see it. What tells them where the queue ends is an empty slot.
//
//	slot    retired │ stolen, not yet retired │   queued    │ empty        │
//	        ────────┼─────────────────────────┼─────────────┼──────────────┤
//	index        p.low                     s.low          high           limit
//	                (owner's copy)         (shared)       (owner's)      = p.low+n-1
//
//	p.low ≤ s.low ≤ high ≤ limit. Slots low … high-1 are full; high … limit are
//	empty, and high itself is one of them.
//	The same array, one lap on: the slots after limit are those from p.low on.
//
// An element enters by one store to its slot, which is also what publishes it.
// It leaves when s.low passes it: a CAS of whoever takes it. (The owner of a
// deque also takes from the other end: D1 in deque.go.)
//
// Rejected: a shared high, as Chase and Lev have it. Every Push and Pop would
// store to it, a locked instruction in Go, on top of the store to the slot,
// which Go requires to be atomic and the collector requires to be cleared.
//
// Who writes what. Slots, limit and buf: the owner. s.low: any, by CAS, only
// upwards. So a slot read twice differs only by what the owner did.
//
// B1, a thief's view may be old. A thief loads s.low (h), then buf (a), then
// slot h of a, then moves s.low from h to h+1 by CAS. If the CAS succeeds,
// s.low was h all the time between. Was what it read element h?
//   - a is still current when the slot is read: the slot holds element h, or
//     one a whole number of laps away. A lap on: it was pushed after limit had
//     passed h+n, so p.low and with it s.low had passed h; the CAS fails. A lap
//     back: that slot was retired before limit reached h, and high ≤ limit.
//     s.low = h ≤ high was loaded before, so the slot was retired by then.
//   - a has been replaced since it was loaded. s.low was h at that moment,
//     element h was copied as it is, and a has not changed since. Element h
//     has not left either: to leave, s.low passes it (or D1).
//   - a was replaced before s.low was loaded: impossible, it is loaded after.
//     The other order, buf and then s.low, would be wrong.
//
// If the slot is empty and s.low is still h, the queue was empty at one moment
// between: when the slot was read, if a was current; else when a was replaced,
// for a slot that was full then would have been read as full. So it is with a
// buffer replaced by a smaller one: that happens only when the queue is empty.
//
// B2, how far a thief may look. Between s.low and limit, slots are full up to
// high and empty from there. Beyond limit there may be stolen elements that
// the owner has not retired; they look as if they were queued. So whoever looks
// at more than slot low loads limit, after s.low and buf. An old limit is too
// low, which is safe. The owner raises limit after it has retired the slots.
//
// B3, who clears a slot. The owner alone. A thief that has won its CAS cannot:
// the owner may have put another element there by then, and the same pointer
// again for all a CAS would tell. The owner may clear a slot below s.low at any
// time: a thief that still looks at it has read an s.low that is gone, and its
// CAS fails. So a stolen element stays reachable through its slot until the
// owner retires it: at the next Pop, or when limit is reached (at the latest
// after as many Pushes as the buffer has slots), or with the whole buffer.
//
// B4, a slot is cleared by a plain store, without a fence: it is one word, so a thief reads
// the element or nil. Whichever it is does not matter to one that looks at slot s.low (B3).
// Who looks further looks below limit, which the owner raises by an atomic store, after it
// has cleared what lies there (B2). Only the owner stores in slots, so a later element is
// stored after. The one clearing that must be seen at once is the pop of a deque: D1.
//
// Bounds: a Push or Pop retires as many slots as have been stolen since the
// last time, and copies the queue if it grows. All else is constant.
//
// Checked by: TestDequeModel, TestRingModel (-tags model: every order of
// accesses in small cases), TestDequeLinear, TestRingLinear, TestDequeStress,
// TestRingStress, FuzzDeque, FuzzRing, TestDequeRetention, TestRingRetention.

// shared is what owner and thieves of a deque or a ring have in common.
type shared[T any] struct {
	_ [line]byte

	// low is the index of the oldest element. Writers: any, by CAS, upwards
	// only (B1). Readers: any.
	low word
	_   [line - 8]byte

	// buf is the current buffer. Writers: owner. Readers: any (B1).
	buf cell[buffer[T]]
	_   [line]byte
}

// take tries to take the oldest element.
func (s *shared[T]) take() (*T, Outcome) {
	h := s.low.Load() // B1: first
	x := s.buf.Load().slot(h).Load()
	if x == nil {
		return nil, s.missed(h)
	}
	if !s.low.CompareAndSwap(h, h+1) { // B1, D1, R1
		return nil, Lost
	}
	return x, Got
}

// missed tells what it means that slot h was empty (B1).
func (s *shared[T]) missed(h uint64) Outcome {
	if s.low.Load() != h {
		return Lost
	}
	return Empty
}

// empty reports whether the queue is empty. It repeats only if somebody took
// an element meanwhile.
func (s *shared[T]) empty() bool {
	for {
		h := s.low.Load() // B1
		if s.buf.Load().slot(h).Load() != nil {
			return false
		}
		if s.low.Load() == h {
			return true
		}
	}
}

// count returns the length of the queue, exact if nothing moves.
func (s *shared[T]) count() int {
	h := s.low.Load() // B2
	return s.buf.Load().count(h)
}

// each calls f for what it finds from low on.
func (s *shared[T]) each(f func(*T) bool) {
	h := s.low.Load() // B2
	a := s.buf.Load()
	for n := a.window(h); n > 0; n-- {
		x := a.slot(h).Load()
		if x == nil || !f(x) {
			return
		}
		h++
	}
}
