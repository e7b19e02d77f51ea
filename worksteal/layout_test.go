package worksteal

import (
	"testing"
	"unsafe"
)

// TestWordAlignment: 64-bit words are aligned where the compiler does not see to
// it. (The first word of an allocated struct is.)
func TestWordAlignment(t *testing.T) {
	if n := unsafe.Offsetof(shared[int]{}.low) % 8; n != 0 {
		t.Errorf("shared.low is %d bytes off", n)
	}
	if n := unsafe.Offsetof(Thief[int]{}.s) + unsafe.Offsetof(RingThief[int]{}.s); n != 0 {
		t.Errorf("shared is %d bytes off", n)
	}
	if n := unsafe.Offsetof(buffer[int]{}.limit); n != 0 {
		t.Errorf("buffer.limit is %d bytes off", n)
	}
}

// TestLayout: hot words of different writers are a line apart, and a line from
// whatever lies before and behind in the heap.
func TestLayout(t *testing.T) {
	var (
		s shared[int]
		p producer[int]
		q Injector[int]
		g segment[int]
	)
	for _, c := range []struct {
		name     string
		from, to uintptr
	}{
		{"shared: front, low", 0, unsafe.Offsetof(s.low)},
		{"shared: low, buf", unsafe.Offsetof(s.low), unsafe.Offsetof(s.buf)},
		{"shared: buf, end", unsafe.Offsetof(s.buf), unsafe.Sizeof(s)},
		{"producer: front", 0, unsafe.Offsetof(p.high)},
		{"owner: end", unsafe.Sizeof(p), unsafe.Sizeof(Owner[int]{})},
		{"ring owner: end", unsafe.Sizeof(p), unsafe.Sizeof(RingOwner[int]{})},
		{"injector: front, head", 0, unsafe.Offsetof(q.head)},
		{"injector: head, tail", unsafe.Offsetof(q.head), unsafe.Offsetof(q.tail)},
		{"injector: tail, taken", unsafe.Offsetof(q.tail), unsafe.Offsetof(q.taken)},
		{"segment: front, deq", 0, unsafe.Offsetof(g.deq)},
		{"segment: deq, enq", unsafe.Offsetof(g.deq), unsafe.Offsetof(g.enq)},
		{"segment: enq, next", unsafe.Offsetof(g.enq), unsafe.Offsetof(g.next)},
	} {
		if c.to-c.from < line {
			t.Errorf("%s: %d bytes apart", c.name, c.to-c.from)
		}
	}
}
