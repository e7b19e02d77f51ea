package cml

import (
	"slices"
	"unsafe"
)

// Posts: how a performance waits in the words of channels, without a lock and
// with nothing to be looked up.
//
// Leaf i of a performance that is a put or a get waits by the offer in slot i of
// the performance. As the same fiber most often performs the same op, or one like
// it, again, the offer that it finds there is of the right type, bears the right
// number and knows the state. So publishing is one CAS (S2 in entry.go), and
// withdrawing another one (S4); neither knows the type of the values, so there is
// one function of each for all ops. Only where that does not do is the typed offer
// looked at: another type than last time, a word that is not free, an offer that
// was taken out or moved.
//
// P1: whose the offer in a slot is.
//
//	While it is in no word, the performer's. From the CAS that posts it, to whoever
//	takes it out: a partner (S1), until it has committed the performance or set
//	done (S6), or the holder of the lock (S3), and then the queue, as any offer
//	(W7 in commit.go). A late one who has read the word before sees constants only:
//	the entry, its side, its header.
//
// P2: the value of a put.
//
//	Posting does not copy it: from points into the op, which does not change and
//	is held by whoever performs it. A partner copies it from there before it
//	commits, the holder of the lock when it moves the offer to a queue, where
//	values are in the offers. The performer clears from, and what was copied, once
//	the offer is its own again.
//
// P3: that an offer in a word is of the type of the channel.
//
//	What is posted is in a slot whose typ is that of the head, and a head has the
//	word of its own channel. typ is the address of the description of the type: if
//	it is the same, so is the type. fit sets it together with the offer.
//
// Checked by: those named in entry.go, TestP9LosersLeaveNothing,
// TestP9ValuesAreNotRetained, TestSlotsOfManyTypes.

// A head is what can be said of an op before it is performed. It does not change.
type head struct {
	// word, if not nil, is that of the channel of which the op is a put or a get,
	// perhaps with wraps around it. Then side says which, from where the value of
	// a put is, and typ which type the values have.
	word *word
	from unsafe.Pointer
	typ  uintptr
	side side

	traits traits
	leaves int32 // how many there are, unless active
}

type traits uint8

const (
	active traits = 1 << iota // force has something to do
	impure                    // try needs a performance
	asks                      // it may be ready without anybody in the word
	later                     // it is not ready when it comes, so need not be tried
	awaits                    // a context is among its leaves: W8
	// Of a choice:
	biased // the leftmost is preferred
	nested // some arm is a choice with the same bias
	uneven // not every arm is one leaf: there is a plan
)

// has reports whether it has any of those traits.
func (t traits) has(any traits) bool { return t&any != 0 }

var (
	headActive = &head{traits: active}
	headNone   = &head{}
	headOne    = &head{leaves: 1, traits: impure}
	headPure   = &head{leaves: 1}
	headLater  = &head{leaves: 1, traits: later}
)

// cannotMatch reports that trying the op would be in vain: nobody is there with whom it could
// meet.
func (h *head) cannotMatch() bool {
	if h.word == nil || h.traits.has(asks) {
		return h.traits.has(later)
	}
	s := h.word.entry.Load()
	return s == nil || s.side == h.side
}

// typeOf returns what tells T from other types: the address of its description.
func typeOf[T any]() uintptr {
	var x any = (*T)(nil)
	return *(*uintptr)(unsafe.Pointer(&x))
}

// A slot is the place of one leaf in a performance. It is the performer's.
type slot struct {
	word *word  // where the offer is posted; nil: nowhere
	mine *entry // what is in that word; nil: the slot has no offer
	typ  uintptr
	leaf retractor // the offer
	slow bool      // it was posted under the lock
}

// A retractor is an offer in a slot, typed.
type retractor interface {
	// retract takes back what was posted in the word of sl, and lost. It reports
	// false if somebody may still touch the offer: S6.
	retract(p *performance, sl *slot) bool
	// dismiss gives the offer back.
	dismiss(l *local)
}

// post puts the offer of leaf i in the word of h. False: it is not as simple as
// that.
func (p *performance) post(h *head, i int) bool {
	if i >= len(p.slots) {
		return false
	}
	sl := &p.slots[i]
	if sl.typ != h.typ || h.word.entry.Load() != nil {
		return false
	}
	oh := sl.mine.offer
	if oh.s != p.s {
		oh.s = p.s
	}
	if sl.mine.side != h.side {
		sl.mine = oh.at(h.side)
	}
	if h.side == putting {
		oh.from = h.from
	}
	if !h.word.entry.CompareAndSwap(nil, sl.mine) { // S2
		oh.from = nil
		return false
	}
	p.open, p.touched = true, true
	sl.word = h.word
	p.top = max(p.top, i+1) // no branch: arms are posted in random order
	return true
}

// growSlots makes p have n slots.
func (p *performance) growSlots(n int) {
	inRoom := cap(p.slots) == len(p.room)
	p.slots = slices.Grow(p.slots, n-len(p.slots))[:n]
	if inRoom && n > len(p.room) {
		clear(p.room[:]) // the slots were moved
	}
}

// fit returns the offer in slot i, for the op of h.
func fit[T any](p *performance, h *head, i int) *offer[T] {
	if n := i + 1; len(p.slots) < n {
		p.growSlots(n)
	}
	sl := &p.slots[i]
	if sl.typ != h.typ {
		if sl.mine != nil {
			sl.leaf.dismiss(p.local())
		}
		spares := sparesOf[offer[T]](p.local())
		if !p.bridged {
			spares.foresee()
		}
		o := spares.get()
		o.index = i
		sl.typ, sl.leaf, sl.mine = h.typ, o, o.at(h.side)
	}
	return offerAt[T](sl.mine)
}

// publishAt lets leaf i of p, the op of h at at, meet a partner, or wait.
func publishAt[T any](p *performance, h *head, i int, at place[T]) bool {
	if p.post(h, i) {
		return false
	}
	o := fit[T](p, h, i)
	if p.post(h, i) {
		return false
	}
	p.touched = true
	sl := &p.slots[i]
	sl.mine = o.at(h.side)
	o.kind, o.s = kindGet, nil
	if h.side == putting {
		o.kind, o.v = kindPut, *(*T)(h.from)
	}
	h.word.mu.Lock()
	if p.open {
		o.s = p.s
	}
	out := at.meet(o, &p.wakes)
	if out == mustWait {
		o.s = p.s
		at.wait(o)
	} else {
		at.left(&p.wakes)
	}
	h.word.mu.Unlock()
	if p.wakes.one != nil {
		p.wakes.flush(p.w)
	}
	if out == tooLate {
		o.blank()
		return true
	}
	if out == met && o.s == nil {
		p.s.word.Store(&o.cell) // nobody else knows p
	}
	p.open = true
	sl.word, sl.slow = h.word, true
	p.top = max(p.top, i+1)
	return out == met
}

// retract takes back what is posted in sl, if that is not as simple as a CAS.
func (p *performance) retract(sl *slot) {
	if !sl.leaf.retract(p, sl) {
		*sl = slot{}
		p.orphaned = true
	}
}

// settleAt returns the value of the op of a channel that has won.
func settleAt[T any](p *performance) T {
	o := offerAt[T](p.slots[p.index].mine)
	v := o.v
	clear1(&o.v)
	if o.moved {
		o.moved, o.obj = false, nil
	}
	return v
}
