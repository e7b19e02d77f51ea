package worksteal

// Protocol of the injector.
//
// The queue is a list of segments. A segment is an array of slots each of which
// is used once, from the first to the last:
//
//	           ┌──────── Push: empty → x ────────▶ full ─── Pop: x → taken ───┐
//	slot:  empty                                                               ▼
//	           └──────── Pop was first: empty → taken (burnt) ─────────────▶ taken
//
// Push draws a number from enq and puts its element into that slot by CAS; if
// it finds the slot burnt it draws again. Pop draws a number from deq and swaps
// taken into that slot; if it burnt an empty one it begins again. Numbers beyond
// the segment mean that the segment is used up: Push appends a new one which
// has the element in it from the start, Pop goes on to the next.
//
// Nothing is ever empty again and the collector keeps a segment while anyone
// looks at it, so no word has the same value twice (no ABA).
//
// I1, Push (CAS) and Pop (swap) at one slot: one is first. If Push is, Pop gets
// the element. If Pop is, Push's CAS fails and neither has done anything.
//
// I2, Pop finds the queue empty: it loads deq (d), then enq, and enq ≤ d. Every
// number that was drawn from enq when that was loaded had been drawn from deq as
// well, so each Push that had returned by then has its Pop. The other order
// would be wrong: enq may be old when deq has reached it. Pop looks before it
// draws, so an empty queue does not use up slots.
//
// I3, a segment used up: next is set, once, by a Push that drew a number beyond
// the end, by CAS; then tail is moved by CAS, by that Push or by any that finds
// next set. So tail may lag behind, also behind head; a Push that finds a segment
// used up goes along next. Pop moves head on when deq has reached the end and
// next is set. If next is not set then, no Push beyond the end has returned:
// the queue is empty.
//
// Progress: both are lock-free. A Pop burns a slot only because a Push is on
// its way; at most a segment of them can be burnt before some Push appends a
// segment and is done. Neither waits for anybody.
//
// Order: the numbers. A Push that was suspended with its number drawn may be
// overtaken by later ones, with which it overlaps.
//
// Checked by: TestInjectorModel (-tags model: every order of accesses in small
// cases), TestInjectorLinear, TestInjectorStress, TestInjectorEmptyStress,
// TestInjectorProperty.

// Injector is an unbounded FIFO queue for any number of goroutines at both
// ends. Make one with [NewInjector].
type Injector[T any] struct {
	_ [line]byte

	// head is the segment Pop looks at. Writers, readers: any (I3).
	head cell[segment[T]]
	_    [line]byte

	// tail is the segment Push tries first. Writers, readers: any (I3).
	tail cell[segment[T]]
	_    [line]byte

	taken *T // fixed; what a Pop leaves in a slot
}

// segment is one array of slots.
type segment[T any] struct {
	_ [line]byte

	// deq is the number of draws for Pop, enq of those for Push. They may
	// exceed the number of slots. Writers, readers: any (I2).
	deq index
	_   [line]byte
	enq index
	_   [line]byte

	// next is nil until the segment is used up. Writers: one Push. Readers:
	// any (I3).
	next cell[segment[T]]

	id uint64 // fixed; the predecessor's plus one, for Len

	// slot: Writers, readers: any (I1).
	slot [segmentSlots]cell[T]
}

// NewInjector returns a new, empty injector.
func NewInjector[T any]() *Injector[T] { return newInjector[T](0) }

// newInjector starts the identities of segments at id.
func newInjector[T any](id uint64) *Injector[T] {
	// Not new(T): if T has no size, that address may be an element's as well.
	taken := new(struct {
		v T
		_ byte
	})
	q, s := &Injector[T]{taken: &taken.v}, &segment[T]{id: id}
	q.head.Store(s)
	q.tail.Store(s)
	return q
}

// Push makes x the newest element. It panics if x is nil. The same pointer may
// be queued several times.
func (q *Injector[T]) Push(x *T) {
	if x == nil {
		panic("worksteal: push of nil")
	}
	for {
		s := q.tail.Load()
		if i := s.enq.Add(1) - 1; i < segmentSlots {
			if s.slot[i].CompareAndSwap(nil, x) { // I1
				return
			}
			continue
		}
		if s.next.Load() == nil && s.append(x) { // I3
			q.tail.CompareAndSwap(s, s.next.Load())
			return
		}
		q.tail.CompareAndSwap(s, s.next.Load())
	}
}

// PushAll pushes the elements of xs in their order. Elements of others may come
// between them, and others may pop the first before the last is pushed. It
// panics, before anything is pushed, if one of them is nil.
func (q *Injector[T]) PushAll(xs []*T) {
	for _, x := range xs {
		if x == nil {
			panic("worksteal: push of nil")
		}
	}
	for len(xs) > 0 {
		s := q.tail.Load()
		n := uint32(min(len(xs), segmentSlots))
		end := s.enq.Add(n)
		if i := end - n; i < segmentSlots {
			for ; i < min(end, segmentSlots); i++ {
				if s.slot[i].CompareAndSwap(nil, xs[0]) { // I1
					xs = xs[1:]
				}
			}
			continue
		}
		if s.next.Load() == nil && s.append(xs[:n]...) { // I3
			xs = xs[n:]
		}
		q.tail.CompareAndSwap(s, s.next.Load())
	}
}

// append tries to append a segment with xs in it to s. Afterwards next is set.
func (s *segment[T]) append(xs ...*T) bool {
	n := &segment[T]{id: s.id + 1}
	for i, x := range xs {
		n.slot[i].Store(x)
	}
	n.enq.Store(uint32(len(xs)))
	return s.next.CompareAndSwap(nil, n)
}

// Pop takes the oldest element, or returns nil if there is none.
func (q *Injector[T]) Pop() *T {
	for {
		s := q.head.Load()
		d := s.deq.Load() // I2: first
		if d >= segmentSlots {
			n := s.next.Load()
			if n == nil {
				return nil // I3
			}
			q.head.CompareAndSwap(s, n)
			continue
		}
		if d >= s.enq.Load() { // I2
			return nil
		}
		if d = s.deq.Add(1) - 1; d < segmentSlots {
			if x := s.slot[d].Swap(q.taken); x != nil { // I1
				return x
			}
		}
	}
}

// first returns the segment that Pop would look at, and the place in it.
// If that is the end of the segment, the queue is empty.
func (q *Injector[T]) first() (*segment[T], uint32) {
	s := q.head.Load()
	for {
		d := s.deq.Load()
		if d < segmentSlots {
			return s, d
		}
		n := s.next.Load()
		if n == nil {
			return s, segmentSlots
		}
		s = n
	}
}

// Empty reports whether nothing is queued. If a Push has returned before the
// call and nobody takes elements, it is false. It may be false as well while a
// Push is on its way. It costs a few loads.
func (q *Injector[T]) Empty() bool {
	s, d := q.first()
	return d == segmentSlots || d >= s.enq.Load() // I2
}

// Len returns the number of elements queued, exact if nobody pushes or pops
// meanwhile.
func (q *Injector[T]) Len() int {
	s, d := q.first()
	t := q.tail.Load()
	n := int64(t.id-s.id)*segmentSlots + int64(min(t.enq.Load(), segmentSlots)) - int64(d)
	return int(max(n, 0))
}

// Each calls f for the elements queued, oldest first, until f returns false.
// It is exact if nobody pushes or pops meanwhile. Otherwise it may miss
// elements that move, and f may see elements that have been taken.
func (q *Injector[T]) Each(f func(*T) bool) {
	s, d := q.first()
	for s != nil {
		for n := min(s.enq.Load(), segmentSlots); d < n; d++ {
			if x := s.slot[d].Load(); x != nil && x != q.taken && !f(x) {
				return
			}
		}
		s, d = s.next.Load(), 0
	}
}
