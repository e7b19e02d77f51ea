package worksteal

// Where tests may look in: queues that start near the wrap of their indices,
// and capacities.

const (
	InitialSlots = initialSlots
	KeepSlots    = keepSlots
	SegmentSlots = segmentSlots
)

// NewAt is New with the first index given.
func NewAt[T any](start uint64) (*Owner[T], *Thief[T]) { return newDeque[T](start) }

// NewRingAt is NewRing with the first index given.
func NewRingAt[T any](start uint64) (*RingOwner[T], *RingThief[T]) { return newRing[T](start) }

// NewInjectorAt is NewInjector with the first segment's identity given.
func NewInjectorAt[T any](id uint64) *Injector[T] { return newInjector[T](id) }

// Cap returns the number of slots of the current buffer.
func (o *Owner[T]) Cap() int { return len(o.p.buf.slots) }

// Cap returns the number of slots of the current buffer.
func (o *RingOwner[T]) Cap() int { return len(o.p.buf.slots) }

// Check panics if the owner's invariants do not hold. To be called where the
// queue is not full to its limit.
func (o *Owner[T]) Check() { o.p.checkIfRoom() }

// Check is as that of Owner.
func (o *RingOwner[T]) Check() { o.p.checkIfRoom() }

func (p *producer[T]) checkIfRoom() {
	if p.high != p.limit {
		p.check()
	}
}
