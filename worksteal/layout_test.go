package worksteal

import (
	"testing"
	"unsafe"
)

// TestWordAlignment: 64-bit words are aligned on 32-bit targets too, in structures of
// others as well: Init.
func TestWordAlignment(t *testing.T) {
	var in struct {
		_    uint32
		t    Thief[int]
		_    uint32
		ring RingThief[int]
	}
	var buffers struct {
		_ uint32
		b buffer[int]
	}
	for name, n := range map[string]uintptr{
		"shared.low":            unsafe.Offsetof(shared[int]{}.low),
		"low of a Thief":        unsafe.Offsetof(in.t) + unsafe.Offsetof(in.t.s) + unsafe.Offsetof(in.t.s.low),
		"low of a RingThief":    unsafe.Offsetof(in.ring) + unsafe.Offsetof(in.ring.s) + unsafe.Offsetof(in.ring.s.low),
		"limit of a buffer":     unsafe.Offsetof(buffers.b) + unsafe.Offsetof(buffers.b.limit),
		"the alignment of word": unsafe.Alignof(word{}),
	} {
		if n%8 != 0 {
			t.Errorf("%s is %d bytes off", name, n)
		}
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
