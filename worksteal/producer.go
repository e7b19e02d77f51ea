package worksteal

// producer is the owner's side of the protocol in shared.go. All its fields are
// the owner's alone, and plain: if two goroutines act as owner at once, the race
// detector says so.
type producer[T any] struct {
	_ [line]byte

	high    uint64     // index of the next element
	low     uint64     // ≤ shared.low; slots of elements below are empty
	limit   uint64     // buf.limit
	buf     *buffer[T] // shared.buf
	emptyAt uint64     // high when the queue was last found empty
	shared  *shared[T]
}

func (p *producer[T]) init(s *shared[T], start uint64) {
	p.shared = s
	p.high, p.low, p.emptyAt = start, start, start-1
	s.low.Store(start)
	p.replace(initialSlots)
}

// put appends x.
func (p *producer[T]) put(x *T) {
	if x == nil {
		panic("worksteal: push of nil")
	}
	if p.high == p.limit {
		p.makeRoom()
	}
	if invariants {
		p.check()
	}
	p.buf.slot(p.high).Store(x)
	p.high++
}

// makeRoom makes limit greater than high, by a larger buffer if the present one
// is more than 7/8 full: so it is not called for every element.
func (p *producer[T]) makeRoom() {
	p.retire(p.shared.low.Load())
	n := uint64(len(p.buf.slots))
	if slack := max(n/8, 1); p.high-p.low+slack >= n {
		p.replace(int(2 * n))
		return
	}
	p.limit = p.low + n - 1
	p.buf.limit.Store(p.limit) // B2: after retire
}

// replace moves the elements to a new buffer of n slots, n being no less than
// there are now, or the queue empty.
func (p *producer[T]) replace(n int) {
	a := newBuffer[T](n, p.low)
	if p.low != p.high {
		// Some of these may be stolen meanwhile: they lie below shared.low
		// then, and are retired like all such.
		p.buf.copyTo(a, p.low, p.high)
	}
	p.buf, p.limit = a, p.low+uint64(n)-1
	p.shared.buf.Store(a) // B1
}

// retire empties the slots of the elements below h, all of which have left (B3).
func (p *producer[T]) retire(h uint64) {
	for ; p.low != h; p.low++ {
		clearSlot(p.buf.slot(p.low)) // B4
	}
}

// foundEmpty is called when the owner asked for an element and there was none.
// It gives the memory of a burst back: at once where it is much, else if nothing
// came since the queue was last found empty, so that small bursts in a row
// do not allocate.
func (p *producer[T]) foundEmpty() {
	n := len(p.buf.slots)
	if n == initialSlots {
		return
	}
	if n <= keepSlots && p.emptyAt != p.high {
		p.emptyAt = p.high
		return
	}
	p.replace(initialSlots) // B1: the queue is empty
}

// check panics unless the owner's part of the invariant in shared.go holds.
// It looks at the slots that put relies on.
func (p *producer[T]) check() {
	s, n := p.shared.low.Load(), uint64(len(p.buf.slots))
	switch {
	case p.buf != p.shared.buf.Load():
		panic("worksteal: invariant: buffer")
	case p.limit != p.buf.limit.Load() || p.limit-p.low > n-1:
		panic("worksteal: invariant: limit")
	case s-p.low > p.high-p.low || p.high-p.low >= p.limit-p.low:
		panic("worksteal: invariant: order of indices")
	case p.buf.slot(p.high).Load() != nil || p.buf.slot(p.high+1).Load() != nil:
		panic("worksteal: invariant: slot beyond the end is full")
	case p.high != s && p.buf.slot(p.high-1).Load() == nil:
		panic("worksteal: invariant: slot of an element is empty")
	}
}
