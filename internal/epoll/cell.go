package epoll

// A cell is one direction of a descriptor: whether it is ready, and who waits
// until it is.
//
// # States
//
// The bits of its word:
//
//	         C1 event
//	  idle ─────────────▶ ready         ready: trying may succeed; so it begins
//	   ▲ │ ◀───────────────┘ │
//	   │ │  C2 drained       │          waiting: somebody is in the queue
//	   │ └─ C3 enqueue ─▶ waiting
//	   └──── C1: all are woken ┘        expired: the deadline is over; until renewed
//	                                    closed: for good
//
// expired and closed may be set in each state; they wake all, and nobody
// enqueues while one is. A sequence number counts the events: C2 is a CAS from
// what the word was before the attempt that found nothing, so that an event in
// between defeats it.
//
// hangup says that an event brought an end or error of the peer: the next short
// read does not mean that the one after it would find nothing. urgent says the
// same for good: a read stops at a mark of urgent data.
//
// # The races
//
// C1: an event against a waiter that enqueues.
//
//	Who sets or clears waiting holds the lock. An event without the lock CASes
//	from a word in which nobody waits. Its CAS first: the enqueuer sees ready,
//	and tries again. The enqueuer first: the CAS fails, and the event takes the
//	lock and the queue.
//
// C2: drained against an event.
//
//	The ticket is the word from before the attempt. The event first: the sequence
//	has moved, the CAS fails, ready stays. Drained first: the event sets it again.
//
// C3: enqueue against Expire and Close.
//
//	They set their bit under the lock and take the queue. The enqueuer, under the
//	lock too, is in the queue, or sees the bit.
//
// C4: a waiter that is woken against one that leaves by itself.
//
//	A waker unlinks it under the lock, then sets done; from then on the record is
//	its owner's. Who leaves unlinks itself under the lock, or finds that it has
//	been, and waits for done: nobody touches the record after that.
//
// C5: an event against Close and the next one with the number.
//
//	Events carry index and generation. The table has the descriptor at its index
//	until Close takes it out; whoever is there next has another generation. The
//	event finds the old one, whose cells are closed or about to be, or nobody.
//
// Checked by: docs/models/close.pml (spin, with mutants), TestCellStress,
// TestStaleEvent, TestRecycledDescriptor.

import (
	"sync"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

const (
	bitReady uint32 = 1 << iota
	bitWaiting
	bitExpired
	bitClosed
	bitHangup
	bitUrgent
	oneEvent // the rest is the sequence number, which wraps

	bitsOver = bitExpired | bitClosed // nobody waits any more
)

type cell struct {
	word atomic.Uint32 // Writers: any, see above
	// The queue, in the order of coming. Under the lock of the Desc.
	first, last *waiter
	own         waiter      // what the first waiter uses
	taken       atomic.Bool // own is in use: C6
}

// A waiter is somebody in the queue of a cell. From enqueueing to unlinking it
// belongs to the lock; then, until done, to who unlinked it; then to its owner.
//
// C6: own has one user at a time: who wins the CAS of taken, until it has
// seen done, or has unlinked itself.
type waiter struct {
	next, prev *waiter
	queued     bool
	done       atomic.Bool
	w          wait.Waiter // or
	call       func()
}

// begin returns the word, and what it says.
func (c *cell) begin() (Ticket, State) {
	t := c.word.Load()
	return Ticket(t), stateOf(t)
}

func stateOf(word uint32) State {
	switch {
	case word&bitClosed != 0:
		return Closed
	case word&bitExpired != 0:
		return Expired
	case word&bitReady != 0:
		return Ready
	}
	return Idle
}

// drained is C2.
func (c *cell) drained(t Ticket) {
	c.word.CompareAndSwap(uint32(t), uint32(t)&^(bitReady|bitHangup))
}

// short is C2 on the evidence of a short read, which is not always enough.
func (c *cell) short(t Ticket) {
	if t := uint32(t); t&(bitHangup|bitUrgent) == 0 {
		c.word.CompareAndSwap(t, t&^bitReady)
	}
}

// event is C1: bits, ready among them, are set, and all who wait are to be woken.
func (c *cell) event(mu *sync.Mutex, bits uint32, ready Enqueue) int {
	for {
		w := c.word.Load()
		if w&bitWaiting != 0 {
			break
		}
		if c.word.CompareAndSwap(w, (w|bits)+oneEvent) {
			return 0
		}
	}
	mu.Lock()
	q := c.take(bits)
	mu.Unlock()
	return q.wake(ready)
}

// take sets bits for those who come, and returns those who wait. The lock is
// held.
func (c *cell) take(bits uint32) *waiter {
	for {
		w := c.word.Load()
		if c.word.CompareAndSwap(w, (w&^bitWaiting|bits)+oneEvent) {
			break
		}
	}
	q := c.first
	for x := q; x != nil; x = x.next {
		x.queued = false
	}
	c.first, c.last = nil, nil
	return q
}

// wake wakes all in a queue that has been taken, and returns how many.
func (q *waiter) wake(ready Enqueue) int {
	n := 0
	for q != nil {
		next, w, call := q.next, q.w, q.call
		q.done.Store(true) // the last access: C4
		switch {
		case call != nil:
			call()
		case ready != nil:
			ready(w)
		default:
			w.Unpark()
		}
		q = next
		n++
	}
	return n
}

// enqueue is C3. It reports false if there is no need to wait. The lock is held.
func (c *cell) enqueue(x *waiter) bool {
	for {
		w := c.word.Load()
		if w&(bitReady|bitsOver) != 0 {
			return false
		}
		if w&bitWaiting != 0 || c.word.CompareAndSwap(w, w|bitWaiting) {
			break
		}
	}
	x.queued, x.prev, x.next = true, c.last, nil
	if c.last == nil {
		c.first = x
	} else {
		c.last.next = x
	}
	c.last = x
	return true
}

// unlink is the leaver's side of C4. False: somebody else has unlinked it. The
// lock is held.
func (c *cell) unlink(x *waiter) bool {
	if !x.queued {
		return false
	}
	if x.prev == nil {
		c.first = x.next
	} else {
		x.prev.next = x.next
	}
	if x.next == nil {
		c.last = x.prev
	} else {
		x.next.prev = x.prev
	}
	x.queued = false
	if c.first == nil {
		for {
			w := c.word.Load()
			if c.word.CompareAndSwap(w, w&^bitWaiting) {
				break
			}
		}
	}
	return true
}

// loan returns a record for the caller.
func (c *cell) loan() *waiter {
	if c.taken.CompareAndSwap(false, true) { // C6
		c.own.done.Store(false)
		return &c.own
	}
	return new(waiter)
}

// repay gives it back.
func (c *cell) repay(x *waiter) {
	if x == &c.own {
		x.w = nil
		c.taken.Store(false) // C6
	}
}
