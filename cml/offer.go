package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// An offerHeader is what is not typed in an offer: what it takes to wait in a word.
type offerHeader struct {
	cell
	moved bool // it has been in a queue. Under the lock of the channel; then the performer's
	// done says that whoever unlinked it has finished with it: of a plain one that
	// was in a queue, that it is over; of another one that was taken out of a
	// channel's word, that it was dead. Writer: who unlinked it, last.
	done flag
	s    *state         // nil: plain, or a performance that has published nothing
	w    wait.Waiter    // of a plain one
	from unsafe.Pointer // where the value is, of a put that was posted: in the op, which does not change

	putting, getting entry // set when made
}

// An offer is one party's part in an operation on an object: of a fiber that
// waits for this alone (s is nil), or of a performance that may have others.
//
// It belongs to its performer; from enqueueing to unlinking, to the lock of its
// object. See W7 in commit.go for who may touch it then.
type offer[T any] struct {
	offerHeader // first: the word of a channel points to it, see offerAt

	next, prev *offer[T]
	queue      *queue[T] // nil: not queued
	obj        object[T]

	kind kind        // what is wanted of obj; of a plain offer set anew before it is in any word
	why  wait.Reason // what it is waited for; for inspection
	n    int64       // how much of it
	v    T           // the value given, and then the one received
}

// A kind tells the operations of an object apart.
type kind uint8

const (
	kindGet kind = iota
	kindPut
	kindRead
	kindSwap
	kindModify
)

// enqueue lets o wait in q, its queue of at, which has a word.
func (o *offer[T]) enqueue(at object[T], q *queue[T]) {
	o.moved, o.obj = true, at
	q.push(o)
}

// claim commits the performance of o, the party that acts. False: it is over.
func (o *offer[T]) claim(ws *wakes) bool { return o.s == nil || o.s.conclude(&o.cell, ws) }

// grant commits q, which waits, for an object that needs no agreement of anybody
// else. Its value has been written. Whatever comes of it, q is unlinked.
func (q *offer[T]) grant(ws *wakes) bool {
	q.queue.remove(q)
	if q.s == nil {
		ws.add(q.w)
		q.done.Store(true)
		return true
	}
	w := q.s.w
	if !q.s.commit(&q.cell, ws) {
		return false
	}
	ws.add(w)
	return true
}

// What came of one partner whom a party that acts has tried.
type pairing uint8

const (
	paired          pairing = iota // they have met
	partnerDecided                 // the partner had been decided otherwise
	actorDecided                   // the party that acts had been
	samePerformance                // the partner is another arm of the one that acts
)

// pair commits o, the party that acts, together with q, which waits. If they are paired,
// or the partner was decided, q is unlinked.
func (o *offer[T]) pair(q *offer[T], ws *wakes) pairing {
	switch {
	case q.s == nil:
		if !o.claim(ws) {
			return actorDecided
		}
		o.exchange(q)
		q.grant(ws)
		return paired
	case q.s == o.s:
		return samePerformance
	case o.s == nil:
		o.exchange(q) // before the CAS: W7
		if q.grant(ws) {
			return paired
		}
		o.exchangeBack(q)
		return partnerDecided
	}
	if !q.s.lost(ws) {
		if newPair(o.s, o.index, q.s, q.index).run(ws) {
			q.queue.remove(q)
			o.exchange(q)
			return paired
		}
		if o.s.decided(ws) != nil {
			return actorDecided
		}
	}
	q.queue.remove(q)
	return partnerDecided
}

// meetIn lets o meet the first in the queue that can be met.
func (o *offer[T]) meetIn(line *queue[T], ws *wakes) outcome {
	q := line.first
	if o.s != nil && line.passedBy == o.s {
		q = line.passed.next
	}
	var next *offer[T]
	for ; q != nil; q = next {
		next = q.next
		switch o.pair(q, ws) {
		case paired:
			return met
		case actorDecided:
			return tooLate
		case samePerformance:
			line.passed, line.passedBy = q, o.s
		}
	}
	return mustWait
}

// exchange moves the values of two parties that meet.
func (o *offer[T]) exchange(q *offer[T]) {
	switch o.kind {
	case kindPut:
		q.v = o.v
	case kindGet:
		o.v = q.v
	case kindSwap:
		o.v, q.v = q.v, o.v
	}
}

// exchangeBack undoes exchange where q turned out to be dead.
func (o *offer[T]) exchangeBack(q *offer[T]) {
	switch o.kind {
	case kindPut:
		clear1(&q.v)
	case kindGet:
		clear1(&o.v)
	case kindSwap:
		o.v, q.v = q.v, o.v
	}
}

func clear1[T any](v *T) {
	var zero T
	*v = zero
}

// withdraw implements leaf.
func (o *offer[T]) withdraw(p *performance, index int) {
	mu := o.obj.mutex()
	if o.index == index {
		p.won = o
		if p.pair {
			mu.Lock()
			mu.Unlock() // whoever had it has finished: W7
		}
		return
	}
	mu.Lock()
	if o.queue != nil {
		o.queue.remove(o)
	}
	o.obj.left(&p.wakes)
	mu.Unlock()
	if p.wakes.one != nil {
		p.wakes.flush(p.w)
	}
	repay(p.local(), o)
}

// settle makes o, a plain party that is done, as it was.
func (o *offer[T]) settle() {
	o.done = flag{} // nobody looks
	if o.moved {
		o.moved, o.obj = false, nil
	}
}

// park waits until o, a plain offer that is queued, is done. If the fiber has to
// end before that, it takes o back, and does.
func (o *offer[T]) park(why wait.Reason) {
	w := o.w
	watched := wait.Watched()
	if watched {
		w.At(o.obj, why)
	}
	for !o.done.Load() {
		slot := w.Leave(why) // as in Put and Get
		if slot != nil {
			slot.Swap()
		}
		if _, ending := w.Arrive(slot); !ending || o.done.Load() {
			continue
		}
		mu := o.obj.mutex()
		mu.Lock()
		l := localOf(w)     // L1
		if o.queue == nil { // done, then
			mu.Unlock()
			continue
		}
		o.queue.remove(o)
		o.obj.left(&l.wakes)
		mu.Unlock()
		l.wakes.flush(w)
		repay(l, o)
		w.Exit()
	}
	if watched {
		w.At(nil, wait.None)
	}
}

// published notes what came of publishing o. True: p is decided.
func (o *offer[T]) published(p *performance, out outcome) bool {
	if p.wakes.one != nil {
		p.wakes.flush(p.w)
	}
	if out == tooLate {
		repay(p.local(), o)
		return true
	}
	if out == met && o.s == nil {
		p.s.word.Store(&o.cell) // nobody else knows p
	}
	p.open = true
	p.published = append(p.published, o)
	return out == met
}

// retract implements retractor.
func (o *offer[T]) retract(p *performance, sl *slot) bool {
	w := sl.word
	if !w.entry.CompareAndSwap(sl.mine, nil) && !o.done.Load() { // S4, S6
		w.mu.Lock()
		lost := false
		if o.queue != nil {
			o.queue.remove(o)
		} else {
			lost = !o.moved && !o.done.Load() // S6
		}
		if o.moved {
			o.obj.left(&p.wakes)
		}
		w.mu.Unlock()
		if p.wakes.one != nil {
			p.wakes.flush(p.w)
		}
		if lost {
			return false
		}
	}
	o.blank()
	return true
}

// dismiss implements retractor.
func (o *offer[T]) dismiss(l *local) { repay(l, o) }

// blank clears what an operation has left in o, which nobody else knows any more.
func (o *offer[T]) blank() {
	clear1(&o.v)
	o.obj, o.from, o.moved = nil, nil, false
	if o.done.Load() {
		o.done = flag{} // nobody looks
	}
}

func (o *offer[T]) part() wait.Part { return wait.Part{Place: o.obj, Why: o.why} }

// init makes the header one that can be put in words.
func (h *offerHeader) init() {
	h.status.Store(succeeded)
	h.putting = entry{h, putting}
	h.getting = entry{h, getting}
}

// at returns what a word points to while the header is in it.
func (h *offerHeader) at(s side) *entry {
	if s == putting {
		return &h.putting
	}
	return &h.getting
}

// chosen commits the performance of h, which the caller has taken out. If it
// reports false, h is dead: the caller sets done, when it has finished with it.
func (h *offerHeader) chosen() bool {
	s := h.s
	w := s.w
	cur := s.word.Load()
	if (cur == nil || cur == withContexts && !s.calledOff()) && s.word.CompareAndSwap(cur, &h.cell) || // W8
		(cur == nil || cur.status.Load() != succeeded) && h.chosenAfter() {
		w.Unpark()
		if simhook.On() {
			simhook.Woke()
		}
		return true
	}
	return false
}

// chosenAfter is the commit where the word was not vacant: it may be a match that
// has to be decided first.
func (h *offerHeader) chosenAfter() bool {
	var ws wakes
	ok := h.s.commit(&h.cell, &ws)
	ws.flush(nil)
	return ok
}
