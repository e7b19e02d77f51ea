package timerwheel

import "math/bits"

// A node is one level of the wheel, or of one slot of a level that has been
// opened. Level 0 has a slot for each of 256 ticks, level 1 for each of 256 times
// 256, and so on. Which slot of its level a timer is in, its tick says: its byte
// number level, counted from the lowest.
//
// A slot is empty, or has a ring of timers, or a node of the next lower level,
// or both: while it is being opened the timers move from the ring to that node,
// the oldest first. So of two timers for one tick, the one in the node came
// first; and as long as there is a ring, those that come join it.
type node struct {
	used  [slots / 64]uint64 // which slots are not empty
	rings [slots]*Timer      // the oldest timer of each
	nodes *[slots]*node      // made when the first slot is opened; none at level 0
}

const (
	slots     = 1 << slotBits
	slotBits  = 8
	numLevels = 64 / slotBits
)

// slot returns which slot of a node of that level the tick belongs to.
func (at Tick) slot(level int) int { return int(at >> (level * slotBits) % slots) }

// level returns the highest level at which two ticks are in different slots; 0
// if they are the same.
func level(a, b Tick) int { return (bits.Len64(uint64(a^b)|1) - 1) / slotBits }

func (n *node) has(slot int) bool { return n.used[slot/64]>>(slot%64)&1 != 0 }
func (n *node) mark(slot int)     { n.used[slot/64] |= 1 << (slot % 64) }
func (n *node) unmark(slot int)   { n.used[slot/64] &^= 1 << (slot % 64) }

func (n *node) empty() bool { return n.used[0]|n.used[1]|n.used[2]|n.used[3] == 0 }

// first returns the first slot in use; n is not empty.
func (n *node) first() int {
	for i, word := range n.used {
		if word != 0 {
			return i*64 + bits.TrailingZeros64(word)
		}
	}
	panic("timerwheel: internal error: the first slot of an empty node")
}

// below returns the node that an opened slot has, or nil.
func (n *node) below(slot int) *node {
	if n.nodes == nil {
		return nil
	}
	return n.nodes[slot]
}

func (n *node) setBelow(slot int, below *node) {
	if n.nodes == nil {
		n.nodes = new([slots]*node)
	}
	n.nodes[slot] = below
}

// push makes t the youngest of a slot.
func (n *node) push(slot int, t *Timer) {
	head := n.rings[slot]
	if head == nil {
		t.next, t.prev = t, t
		n.rings[slot] = t
		n.mark(slot)
		return
	}
	t.next, t.prev = head, head.prev
	head.prev.next = t
	head.prev = t
}

// unlink takes t out of its ring, which must not be its alone.
func (t *Timer) unlink() {
	t.prev.next = t.next
	t.next.prev = t.prev
}

// cut takes t, the oldest of a slot, out of the ring, and leaves the mark.
func (n *node) cut(slot int, t *Timer) {
	if t.next == t {
		n.rings[slot] = nil
		return
	}
	n.rings[slot] = t.next
	t.unlink()
}
