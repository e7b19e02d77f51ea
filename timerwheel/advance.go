package timerwheel

import (
	"math"
	"math/bits"
)

// Next returns the tick of the timer that will fire first, and false if there is
// no timer. It is exact, whatever has been cancelled. A tick that has passed is
// returned as it is.
//
// It is O(1) unless the answer was cancelled or fired since the last call: then
// it may have to move timers down, which happens to a timer at most seven times in
// its life, whoever does it, and otherwise looks at no more than 32 timers.
func (w *Wheel) Next() (Tick, bool) {
	if w.size == 0 {
		return 0, false
	}
	if w.first == nil {
		moves := math.MaxInt
		w.first, _ = w.find(&moves)
	}
	return w.first.at, true
}

// Advance moves the wheel's clock to now and calls fire for each timer that is
// due: scheduled for now or before. They fire in the order of their ticks; those
// for the same tick in the order in which they were scheduled.
//
// If max is positive, no more than max are fired, and the other work is bounded
// too. Advance then reports whether there is more to do; if so, it should be
// called again. (More may be reported where nothing is due but timers have to be
// moved.) With max ≤ 0 there is no limit and the result is false. Ticks between
// two timers cost nothing, however many. A now before that of an earlier call
// counts as that one.
//
// A timer is not scheduled any more when fire is called for it. fire may schedule
// it again, and schedule and cancel any other timer; what it schedules for now or
// before is fired by the same call, in its order (so a timer that is scheduled
// anew for a tick that has passed, each time that it fires, never lets an
// unlimited Advance end). fire must not call Advance. If fire panics, the other
// timers stay.
func (w *Wheel) Advance(now Tick, max int, fire func(*Timer)) (more bool) {
	if fire == nil {
		panic("timerwheel: Advance without a function: say what to do with the timers that fire")
	}
	if w.advancing {
		panic("timerwheel: Advance called by its own fire: schedule what is to come instead")
	}
	if now > w.now {
		w.now = now
	}
	now = w.now
	if w.first != nil && w.first.at > now || w.size == 0 {
		w.follow()
		return false
	}
	w.advancing = true
	defer w.advanced()
	moves := math.MaxInt
	if max > 0 {
		moves = movesPerCall + movesPerFire*min(max, math.MaxInt/(2*movesPerFire))
	}
	for fired := 0; ; fired++ {
		t, done := w.find(&moves)
		if !done {
			return true
		}
		w.first = t
		if t == nil || t.at > now {
			w.follow()
			return false
		}
		if max > 0 && fired == max {
			return true
		}
		if t.at > w.cursor {
			w.enter(t.at)
		}
		w.remove(t)
		fire(t)
	}
}

func (w *Wheel) advanced() { w.advancing = false }

// find returns the timer that is first to fire, or nil if there is none. It opens
// slots on the way, and takes what it moves off moves; false: that was used up.
func (w *Wheel) find(moves *int) (t *Timer, done bool) {
	n, l := w.past, numLevels-1
	if n == nil {
		if w.used == 0 {
			return nil, true
		}
		l = bits.TrailingZeros8(w.used)
		n = w.spine[l]
	}
	for {
		s := n.first()
		if l == 0 {
			return n.rings[s], true
		}
		if n.below(s) == nil {
			if t := earliest(n.rings[s]); t != nil {
				return t, true
			}
		}
		if !w.open(n, s, l, moves) {
			return nil, false
		}
		n, l = n.below(s), l-1
	}
}

// earliest returns the first to fire of a ring of few timers, or nil if there are
// more.
func earliest(head *Timer) *Timer {
	best := head
	n := 1
	for t := head.next; t != head; t = t.next {
		if n++; n > few {
			return nil
		}
		if t.at < best.at {
			best = t
		}
	}
	return best
}

// open moves the timers of a slot of n down to the node below it, which is made.
// False: no moves were left to finish it.
func (w *Wheel) open(n *node, slot, level int, moves *int) bool {
	below := n.below(slot)
	for t := n.rings[slot]; t != nil; t = n.rings[slot] {
		if *moves == 0 {
			return false
		}
		*moves--
		if below == nil { // not before, as it must not stay empty
			below = w.newNode()
			n.setBelow(slot, below)
		}
		n.cut(slot, t)
		below.push(t.at.slot(level-1), t)
	}
	return true
}

// enter moves the cursor to the tick of the first timer, which find has found.
func (w *Wheel) enter(at Tick) {
	l := level(w.cursor, at)
	w.cursor = at
	w.unfold(l)
}

// unfold takes the slot of spine[l] that the cursor is in now to pieces. The lower
// levels of the spine are empty: all that was there has fired.
func (w *Wheel) unfold(l int) {
	if l == 0 || w.used>>l&1 == 0 {
		return
	}
	n, s := w.spine[l], w.cursor.slot(l)
	if !n.has(s) {
		return
	}
	ring, below := n.rings[s], n.below(s)
	n.rings[s] = nil
	n.unmark(s)
	if n.empty() {
		w.used &^= 1 << l
	}
	if below != nil { // its timers are older than those of the ring: they come first
		n.setBelow(s, nil)
		if old := w.spine[l-1]; old != nil {
			w.freeNode(old)
		}
		w.spine[l-1] = below
		w.used |= 1 << (l - 1)
		w.unfold(l - 1)
	}
	if ring == nil {
		return
	}
	last := ring.prev
	for t := ring; ; {
		next := t.next
		w.place(t)
		if t == last {
			return
		}
		t = next
	}
}

// follow moves the cursor to the present, where that takes no work. No timer is
// due.
func (w *Wheel) follow() {
	l := level(w.cursor, w.now)
	if l == 0 || w.used>>l&1 == 0 || !w.spine[l].has(w.now.slot(l)) {
		w.cursor = w.now
	}
}
