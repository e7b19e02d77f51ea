package cml

import (
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

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

// An outcome is what came of an attempt.
type outcome uint8

const (
	none    outcome = iota // nobody there: wait
	matched                // done
	over                   // the performance has been decided otherwise
	passed                 // this partner is oneself
	gone                   // this partner has been decided otherwise
)

// An object is something on which operations are performed. All methods but
// mutex and simulatedName are called with the mutex held.
type object[T any] interface {
	mutex() *lock
	// meet does the operation of o if that can be done now: matched, none or
	// over.
	meet(o *offer[T], ws *wakes) outcome
	// line returns the queue in which o waits.
	line(o *offer[T]) *queue[T]
	// left is called after an offer was withdrawn, as others may now get ahead.
	left(ws *wakes)
	// simulatedName is the name of an operation of that kind on it, for simulations. It may be
	// called without the mutex.
	simulatedName(k kind) string
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

// pair commits o, the party that acts, together with q, which waits: matched,
// over, passed or gone. Unless it is passed or over, q is unlinked.
func (o *offer[T]) pair(q *offer[T], ws *wakes) outcome {
	switch {
	case q.s == nil:
		if !o.claim(ws) {
			return over
		}
		o.exchange(q)
		q.grant(ws)
		return matched
	case q.s == o.s:
		return passed
	case o.s == nil:
		o.exchange(q) // before the CAS: W7
		if q.grant(ws) {
			return matched
		}
		o.exchangeBack(q)
		return gone
	}
	if !q.s.lost(ws) {
		m := newPair(
			party{s: o.s, index: o.index},
			party{s: q.s, index: q.index, w: q.s.w},
		)
		if m.run(ws) {
			q.queue.remove(q)
			o.exchange(q)
			return matched
		}
		if o.s.decided(ws) != nil {
			return over
		}
	}
	q.queue.remove(q)
	return gone
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
		switch out := o.pair(q, ws); out {
		case matched, over:
			return out
		case passed:
			line.passed, line.passedBy = q, o.s
		}
	}
	return none
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
			mu.Unlock() //lint:ignore SA2001 whoever had it has finished: W7
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

// A queue is a list of offers, first come, first served. It belongs to the lock
// of an object.
type queue[T any] struct {
	first, last *offer[T]
	n           int
	// passed and all before it are offers of passedBy, which need not look at them
	// again: its arms are not compared with each other. Both nil: unknown.
	passed   *offer[T]
	passedBy *state
}

func (q *queue[T]) push(o *offer[T]) {
	o.queue, o.prev, o.next = q, q.last, nil
	q.n++
	if q.last == nil {
		q.first = o
	} else {
		q.last.next = o
	}
	q.last = o
}

// pushFront puts o before all others.
func (q *queue[T]) pushFront(o *offer[T]) {
	o.queue, o.prev, o.next = q, nil, q.first
	q.n++
	if q.first == nil {
		q.last = o
	} else {
		q.first.prev = o
	}
	q.first = o
}

func (q *queue[T]) remove(o *offer[T]) {
	if q.passed == o {
		if q.passed = o.prev; o.prev == nil {
			q.passedBy = nil
		}
	}
	if o.prev == nil {
		q.first = o.next
	} else {
		o.prev.next = o.next
	}
	if o.next == nil {
		q.last = o.prev
	} else {
		o.next.prev = o.prev
	}
	o.queue, o.prev, o.next = nil, nil, nil
	q.n--
}

// wakes collects who is to be woken once no lock is held.
type wakes struct {
	one  wait.Waiter
	more []wait.Waiter
}

func (ws *wakes) add(w wait.Waiter) {
	if ws.one == nil {
		ws.one = w
	} else {
		ws.more = append(ws.more, w)
	}
}

// flush wakes them. by is the caller's waiter, or nil.
func (ws *wakes) flush(by wait.Waiter) {
	if ws.one == nil {
		return
	}
	ws.wake(by)
	if simhook.On() {
		simhook.Woke()
	}
}

// wake is flush for who may be called with a lock of somebody's held.
func (ws *wakes) wake(by wait.Waiter) {
	if ws.one == nil {
		return
	}
	one, more := ws.one, ws.more
	*ws = wakes{}
	unpark(one, by)
	for _, w := range more {
		unpark(w, by)
	}
}

func unpark(w, by wait.Waiter) {
	if by == nil {
		w.Unpark()
	} else {
		w.UnparkBy(by)
	}
}
