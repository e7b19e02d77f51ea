package worksteal

// line is the distance that keeps two hot words on different cache lines, also
// where the processor fetches lines in pairs.
const line = 128

// buffer is the circular array below Deque and ring. Element i of a queue (i
// counts from the first push on, and may wrap) lies in slot i mod len(slots).
type buffer[T any] struct {
	// limit bounds the elements a thief may believe in: see B2 in shared.go.
	// Writers: owner. Readers: any.
	limit word

	// slots: fixed at creation, its length a power of two and at least 2.
	// Each slot: Writers: owner. Readers: any.
	slots []cell[T]
}

// newBuffer returns a buffer of n empty slots for elements from low on.
func newBuffer[T any](n int, low uint64) *buffer[T] {
	a := &buffer[T]{slots: make([]cell[T], n)}
	a.limit.Store(low + uint64(n) - 1)
	return a
}

// slot returns the place of element i.
func (a *buffer[T]) slot(i uint64) *cell[T] {
	return &a.slots[i&uint64(len(a.slots)-1)]
}

// window returns how many elements from h on may lie in a: those below limit.
func (a *buffer[T]) window(h uint64) uint64 {
	n := a.limit.Load() - h
	if n >= uint64(len(a.slots)) {
		return 0 // h is out of date by more than a lap
	}
	return n
}

// count returns how many elements lie in a from h on. By B2 the slots of the
// window are full up to some place and empty from there on, so bisection finds
// that place.
func (a *buffer[T]) count(h uint64) int {
	lo, hi := uint64(0), a.window(h)
	for lo < hi {
		mid := (lo + hi) / 2
		if a.slot(h+mid).Load() == nil {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return int(lo)
}

// copyTo copies elements low … high-1 into the unpublished buffer b. The
// copies are plain ones: nobody else can see b, and a's slots are written by
// the owner alone, who is here.
func (a *buffer[T]) copyTo(b *buffer[T], low, high uint64) {
	am, bm := uint64(len(a.slots)-1), uint64(len(b.slots)-1)
	for low != high {
		// len(b.slots) is a multiple of len(a.slots): what is contiguous in a
		// is contiguous in b.
		n := min(high-low, am+1-low&am)
		copy(b.slots[low&bm:][:n], a.slots[low&am:][:n])
		low += n
	}
}
