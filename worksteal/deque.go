package worksteal

// The owner of a deque pushes and pops at the high end, thieves take from the
// low end. Read the protocol in shared.go first: it argues all but the meeting
// of owner and thief at the last element.
//
// D1: Pop takes element i = high-1. It clears slot i, then loads s.low.
// A thief that wants i loads s.low, then slot i, then moves s.low from i by CAS.
//   - Pop's load comes first, and s.low is still below i. A thief that
//     loads i from s.low does so later, hence reads slot i after Pop has cleared
//     it: it finds it empty, or finds what the owner has pushed there since.
//     Element i is Pop's without a CAS.
//   - A thief's load comes first. Then s.low had reached i, and Pop sees
//     that: D2. Pop cannot tell whether the thief has read the slot before.
//
// D2: Pop finds s.low at i: the last element. Pop moves s.low from i to i+1 by
// CAS, as the thieves do. One of them succeeds and has the element. Or Pop
// finds it at i+1: a thief has. In either case the queue is empty at high = i+1.
//
// A replaced buffer changes nothing in D1: a thief that loads i from s.low after
// Pop has looked, loads buf later still, and every buffer from then on was
// copied from one in which slot i was cleared.
//
// While Pop is about to take the last element, others find the deque empty
// although a thief that was earlier may still get the element. That thief's
// Steal is then ordered before theirs, which overlap it.
//
// Cost: Push one locked instruction, Pop one, or two for the last element. No
// deque can do without the order of clear and look in Pop (Attiya et al., Laws of
// order, POPL 2011), and Go has no cheaper store than Push's.
//
// Checked by: TestDequeModel (-tags model: every order of accesses in small
// cases), TestDequeLinear, TestDequeStress, TestDequeLastStress, FuzzDeque.

// Owner is the owner's end of a deque: one goroutine at a time. The role may
// pass to another goroutine if something synchronizes the two.
type Owner[T any] struct {
	p producer[T]
	_ [line]byte
}

// Thief is the thieves' end of a deque: any number of goroutines at a time.
type Thief[T any] struct {
	s shared[T]
}

// New returns the two ends of a new, empty deque.
func New[T any]() (*Owner[T], *Thief[T]) { return newDeque[T](0) }

// newDeque starts the indices at start.
func newDeque[T any](start uint64) (*Owner[T], *Thief[T]) {
	o, t := new(Owner[T]), new(Thief[T])
	o.p.init(&t.s, start)
	return o, t
}

// Init makes o and t, zero values that lie in structures of the caller's, the two ends of
// a new, empty deque. Nobody may use them before.
func (o *Owner[T]) Init(t *Thief[T]) { o.p.init(&t.s, 0) }

// Push makes x the newest element. It panics if x is nil. The same pointer may
// be queued several times.
func (o *Owner[T]) Push(x *T) { o.p.put(x) }

// Pop takes the newest element, or returns nil if the deque is empty.
func (o *Owner[T]) Pop() *T {
	p := &o.p
	if p.high == p.low {
		p.foundEmpty()
		return nil
	}
	i := p.high - 1
	s := p.buf.slot(i)
	x := s.Load()
	s.Store(nil)             // D1: clear,
	t := p.shared.low.Load() // D1: then look
	if int64(i-t) > 0 {
		p.high = i
		if t != p.low {
			p.retire(t)
		}
		return x
	}
	if t != i || !p.shared.low.CompareAndSwap(i, i+1) { // D2
		x = nil
	}
	p.retire(i)
	p.low = p.high // slot i is clear already
	if x == nil {
		p.foundEmpty()
	}
	return x
}

// Drained reports whether the owner knows the deque to be empty: a look at its
// own fields, cheaper than a Pop that returns nil. It may be false though thieves
// have taken all.
func (o *Owner[T]) Drained() bool { return o.p.high == o.p.low }

// Len returns the number of elements queued. Thieves may make it less before
// the caller looks at it, nobody can make it more.
func (o *Owner[T]) Len() int { return int(o.p.high - o.p.shared.low.Load()) }

// Each is as [Thief.Each]. f may use o.
func (o *Owner[T]) Each(f func(*T) bool) { o.p.shared.each(f) }

// Steal tries once to take the oldest element. The element is nil unless the
// outcome is Got.
func (t *Thief[T]) Steal() (*T, Outcome) { return t.s.take() }

// Empty reports whether the deque is empty. If a Push has returned before the
// call and nobody takes elements, it is false.
func (t *Thief[T]) Empty() bool { return t.s.empty() }

// Len returns the number of elements queued, exact if nobody pushes or takes
// meanwhile. It costs a few loads for every doubling of the capacity.
func (t *Thief[T]) Len() int { return t.s.count() }

// Each calls f for the elements queued, oldest first, until f returns false.
// It is exact if nobody pushes or takes meanwhile. Otherwise it may miss or
// repeat elements that move, and f may see elements that have been taken.
func (t *Thief[T]) Each(f func(*T) bool) { t.s.each(f) }
