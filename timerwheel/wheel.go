package timerwheel

// How the wheel is built.
//
// All timers are in a tree of 256-way nodes, eight levels high, in which a timer's
// tick is the way to it. Of this tree only the part that is needed exists:
//
//   - Everything before the cursor has been fired, and the nodes on the way to the
//     cursor are kept at hand: spine[0] has the cursor's own 256 ticks, spine[1]
//     the 256 times 256 ticks around these, and so on. These are the levels of a
//     hierarchical wheel. A timer starts at the lowest level that its tick shares
//     with the cursor, in one step.
//   - Where few timers are, they stay together in one slot of a high level. A slot
//     is opened, its timers moved to a node of the next lower level, when it is the
//     first in use, it is asked for its earliest timer, and has more than few.
//     (Elsewhere that is called cascading, and happens when the clock comes to
//     the slot; here also earlier, so that the earliest is known exactly.) Fewer
//     are looked through.
//   - Timers for ticks before the cursor are in a tree of their own, past, from its
//     root: they are rare, and fire in their order too.
//
// The cursor moves to the tick that fires, or to the present if nothing stands in
// between. When it enters a slot of a level above the lowest, that slot's node
// becomes the spine of the next lower level, and the few timers without a node
// find their places anew. So a timer moves down at most seven times in its life.

// A Wheel holds timers by the tick that they are scheduled for. It is made by
// New, and for one goroutine at a time: see the package comment.
type Wheel struct {
	// cursor: no timer outside past is for an earlier tick; never above now.
	cursor Tick
	now    Tick // the latest that Advance was told
	size   int

	spine [numLevels]*node // nil: never used
	used  uint8            // which of them are not empty
	past  *node            // of the highest level; or nil

	first *Timer // the one to fire next, if it is known; or nil

	spares    []*node // empty ones, to be used again
	advancing bool    // fire may be on the stack
}

const (
	// few is how many timers of a slot are looked through rather than moved. It
	// bounds memory: a node takes 2 KiB, and is made for at least so many.
	few = 32

	// Work that a bounded Advance may do besides firing, in timers moved down:
	// a slot with more is opened over several calls.
	movesPerCall = 4096
	movesPerFire = 8

	maxSpares = 16
)

// New returns an empty wheel at the tick start.
func New(start Tick) *Wheel { return &Wheel{cursor: start, now: start} }

// Len returns how many timers are scheduled. O(1).
func (w *Wheel) Len() int { return w.size }

// Now returns the latest tick that Advance was told, or the one given to New.
func (w *Wheel) Now() Tick { return w.now }

// Schedule arranges for t to be fired by the first Advance to the tick at or a
// later one. If t is scheduled already it is moved, as if it had been cancelled
// first: it fires behind those that were scheduled for the same tick before. A
// tick that has passed is allowed; the next Advance fires t, or the present one
// if Schedule is called by its fire. O(1); nothing is allocated but, now and then,
// a node of 2 KiB.
//
// It panics if t is nil, or scheduled in another wheel.
func (w *Wheel) Schedule(t *Timer, at Tick) {
	if t == nil {
		panic("timerwheel: Schedule(nil): give it a timer")
	}
	switch t.wheel {
	case nil:
	case w:
		w.remove(t)
	default:
		panic("timerwheel: Schedule of a timer that another wheel holds: cancel it there first")
	}
	t.at, t.wheel = at, w
	w.size++
	w.place(t)
	if w.first != nil && at < w.first.at || w.size == 1 {
		w.first = t
	}
}

// Cancel takes t out and reports whether it was there: false means that it has
// fired, was cancelled, or never was scheduled in this wheel. O(1).
func (w *Wheel) Cancel(t *Timer) bool {
	if t == nil {
		panic("timerwheel: Cancel(nil): give it a timer")
	}
	if t.wheel != w {
		return false
	}
	w.remove(t)
	return true
}

// top returns the node and level at which the way to a tick begins, making the
// node if need be.
func (w *Wheel) top(at Tick) (*node, int) {
	if at < w.cursor {
		if w.past == nil {
			w.past = w.newNode()
		}
		return w.past, numLevels - 1
	}
	l := level(at, w.cursor)
	if w.spine[l] == nil {
		w.spine[l] = w.newNode()
	}
	return w.spine[l], l
}

// place puts t where it belongs.
func (w *Wheel) place(t *Timer) {
	l := level(t.at, w.cursor)
	n := w.spine[l]
	if n == nil || t.at < w.cursor {
		n, l = w.top(t.at)
	}
	if n != w.past {
		w.used |= 1 << l
	}
	s := t.at.slot(l)
	for n.rings[s] == nil {
		below := n.below(s)
		if below == nil {
			break
		}
		n, l = below, l-1
		s = t.at.slot(l)
	}
	n.push(s, t)
}

// remove takes out t, which is there.
func (w *Wheel) remove(t *Timer) {
	if t == w.first {
		w.first = nil
	}
	w.size--
	w.detach(t)
	t.wheel, t.next, t.prev = nil, nil, nil
}

// detach takes t out of its ring. If it is the oldest of one, that is found on
// the way to its tick.
//
// Who cancels is most often deep down a small stack, so what is rarely needed, and needs
// room, is elsewhere.
func (w *Wheel) detach(t *Timer) {
	l := level(t.at, w.cursor)
	n := w.spine[l]
	if t.at < w.cursor {
		n, l = w.past, numLevels-1
	}
	for ; n != nil; l-- {
		s := t.at.slot(l)
		if n.rings[s] == t {
			if t.next == t {
				w.vacate(t)
				return
			}
			n.rings[s] = t.next
			break
		}
		n = n.below(s)
	}
	t.unlink()
}

// vacate takes t out, which is alone in its ring. Slots, and then nodes, may become empty
// from there upwards.
//
//go:noinline
func (w *Wheel) vacate(t *Timer) {
	n, l := w.top(t.at)
	var way [numLevels]*node
	top := l
	for n.rings[t.at.slot(l)] != t {
		way[l] = n
		n = n.below(t.at.slot(l))
		l--
	}
	n.rings[t.at.slot(l)] = nil
	for ; ; l++ {
		s := t.at.slot(l)
		if n.rings[s] != nil || n.below(s) != nil {
			return
		}
		n.unmark(s)
		if !n.empty() {
			return
		}
		if l == top {
			break
		}
		way[l+1].setBelow(t.at.slot(l+1), nil)
		w.freeNode(n)
		n = way[l+1]
	}
	if n == w.past {
		w.past = nil
		w.freeNode(n)
	} else {
		w.used &^= 1 << l
	}
}

// newNode returns an empty node.
func (w *Wheel) newNode() *node {
	last := len(w.spares) - 1
	if last < 0 {
		return new(node)
	}
	n := w.spares[last]
	w.spares[last] = nil
	w.spares = w.spares[:last]
	return n
}

// freeNode takes back an empty node that nothing refers to.
func (w *Wheel) freeNode(n *node) {
	if len(w.spares) < maxSpares {
		w.spares = append(w.spares, n)
	}
}
