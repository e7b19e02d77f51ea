package worksteal

// The owner of a ring pushes at the high end. Everyone, the owner too, takes
// from the low end. The protocol is that of shared.go and this:
//
// R1: All takers move s.low by CAS from the value at which they looked. One
// succeeds: the elements passed are its own. A thief has read them before
// (B1, B3). The owner reads and clears its slot after, which is the same to it,
// since nobody else writes slots.
//
// R2: StealHalf looks at several slots, loading s.low, buf and limit first
// (B2), and takes k elements by one CAS from h to h+k. If that succeeds, s.low
// was h all the time, and nothing leaves a ring but by s.low; so the slots that
// were full, were full of elements h … h+k-1, and what B1 says of slot h is true
// of each. How many there are is exact at one moment: that at which slot h+n was
// seen empty, or slot h+n-1 filled after that.
//
// Cost: Push one locked instruction, Pop one.
//
// Checked by: TestRingModel (-tags model: every order of accesses in small
// cases), TestRingLinear, TestRingStress, TestRingOrderStress, FuzzRing.

// RingOwner is the owner's end of a ring: one goroutine at a time. The role may
// pass to another goroutine if something synchronizes the two.
type RingOwner[T any] struct {
	p       producer[T]
	scratch []*T // StealHalf's into this ring; all nil between calls
	_       [line]byte
}

// RingThief is the thieves' end of a ring: any number of goroutines at a time.
type RingThief[T any] struct {
	s shared[T]
}

// scratchSlots is how many elements StealHalf takes without allocating.
const scratchSlots = 128

// NewRing returns the two ends of a new, empty ring.
func NewRing[T any]() (*RingOwner[T], *RingThief[T]) { return newRing[T](0) }

// newRing starts the indices at start.
func newRing[T any](start uint64) (*RingOwner[T], *RingThief[T]) {
	o, t := new(RingOwner[T]), new(RingThief[T])
	o.p.init(&t.s, start)
	return o, t
}

// Init makes o and t, zero values that lie in structures of the caller's, the two ends of
// a new, empty ring. Nobody may use them before.
func (o *RingOwner[T]) Init(t *RingThief[T]) { o.p.init(&t.s, 0) }

// Push makes x the newest element. It panics if x is nil. The same pointer may
// be queued several times.
func (o *RingOwner[T]) Push(x *T) { o.p.put(x) }

// Pop takes the oldest element, or returns nil if the ring is empty. It repeats
// only if a thief took one meanwhile.
func (o *RingOwner[T]) Pop() *T {
	p := &o.p
	for p.low != p.high {
		h := p.low                               // every slot below is retired; so this is s.low, or too low
		if p.shared.low.CompareAndSwap(h, h+1) { // R1
			s := p.buf.slot(h)
			x := s.Load()
			clearSlot(s) // B4
			p.low = h + 1
			return x
		}
		p.retire(p.shared.low.Load())
	}
	p.foundEmpty()
	return nil
}

// Drained is as [Owner.Drained].
func (o *RingOwner[T]) Drained() bool { return o.p.high == o.p.low }

// Len returns the number of elements queued. Thieves may make it less before
// the caller looks at it, nobody can make it more.
func (o *RingOwner[T]) Len() int { return int(o.p.high - o.p.shared.low.Load()) }

// Each is as [RingThief.Each]. f may use o.
func (o *RingOwner[T]) Each(f func(*T) bool) { o.p.shared.each(f) }

// Steal tries once to take the oldest element. The element is nil unless the
// outcome is Got.
func (t *RingThief[T]) Steal() (*T, Outcome) { return t.s.take() }

// StealHalf tries once to take the older half of the elements, rounded up, but
// not more than max, all in one step. It returns the oldest and pushes the
// others in their order on dst, of which the caller must be the owner. moved is
// the number of those. It panics if dst is this ring or if max is less than one.
func (t *RingThief[T]) StealHalf(dst *RingOwner[T], max int) (first *T, moved int, o Outcome) {
	if dst.p.shared == &t.s {
		panic("worksteal: StealHalf into the ring stolen from")
	}
	if max < 1 {
		panic("worksteal: StealHalf of less than one element")
	}
	h := t.s.low.Load() // R2: first
	a := t.s.buf.Load()
	n := a.count(h)
	if n == 0 {
		return nil, 0, t.s.missed(h)
	}
	batch := dst.batch(min((n+1)/2, max))
	defer clear(batch)
	for i := range batch {
		batch[i] = a.slot(h + uint64(i)).Load()
		if batch[i] == nil {
			return nil, 0, Lost // s.low is not h any more
		}
	}
	if !t.s.low.CompareAndSwap(h, h+uint64(len(batch))) { // R1, R2
		return nil, 0, Lost
	}
	for _, x := range batch[1:] {
		dst.p.put(x)
	}
	return batch[0], len(batch) - 1, Got
}

// batch returns room for n elements.
func (o *RingOwner[T]) batch(n int) []*T {
	if n > scratchSlots {
		return make([]*T, n)
	}
	if o.scratch == nil {
		o.scratch = make([]*T, scratchSlots)
	}
	return o.scratch[:n]
}

// Empty reports whether the ring is empty. If a Push has returned before the
// call and nobody takes elements, it is false.
func (t *RingThief[T]) Empty() bool { return t.s.empty() }

// Len returns the number of elements queued, exact if nobody pushes or takes
// meanwhile. It costs a few loads for every doubling of the capacity.
func (t *RingThief[T]) Len() int { return t.s.count() }

// Taken returns a number that grows by one with each element that is taken,
// whoever takes it. With Len it tells whether an element seen before is still
// queued.
func (t *RingThief[T]) Taken() uint64 { return t.s.low.Load() }

// Each calls f for the elements queued, oldest first, until f returns false.
// It is exact if nobody pushes or takes meanwhile. Otherwise it may miss or
// repeat elements that move, and f may see elements that have been taken.
func (t *RingThief[T]) Each(f func(*T) bool) { t.s.each(f) }
