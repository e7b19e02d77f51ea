package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The waiting entry of a rendezvous channel: the one party that waits there, in a word. Where
// no two of a kind wait, two fibers meet by one CAS each, or two, and no lock.
//
// # States
//
//	nil ── S2: a party CASes its offer in ──▶ that offer
//	 ▲                                          │ │ │
//	 ├────────── S1: a partner CASes it out ────┘ │ │
//	 └────────── S4: it CASes itself out ─────────┘ │
//	busy ◀─────── S3: under the lock: CAS ──────────┘  (and from nil)
//	busy ──── S5: under the lock, at its end: store ──▶ an offer, or nil
//
// busy is one of three: it says which kinds of parties there may be in the queues,
// both or one (S7).
//
// Whatever is not that simple (a second party of the same kind, two published
// performances that have to agree, a buffer) goes under the lock of the channel,
// where the first thing is to make the word busy and to move the offer that was
// in it to the queues. Only the holder of the lock changes the word from busy. So
// while the word is not busy both queues are empty, and nobody is about to look
// at them.
//
// # Who is in the word
//
// A plain party (Put, Get) waits for nothing else: it is done when it has been
// taken out, and learns that by being served (wait.Waiter); if it was moved to a
// queue, by done. An offer of a performance may be dead, because another leaf has
// been committed: who takes it out commits the performance (C1 in commit.go),
// and if that fails goes on as if nobody had been there. Only parties that have
// published nothing take offers out: there is nothing to agree on.
//
// # The argument
//
// S1: two partners on one party, or a partner and S3 or S4.
//
//	All are CASes from the same pointer: one is first, the others see something
//	else and go on elsewhere. Whoever takes the party out owns the offer: until
//	it serves the party, or until it commits the performance. An offer may be in the
//	same word again by the time of the CAS: it is one that waits then, and of the
//	same side, which never changes.
//
// S2: a party that comes against one under the lock, or another one.
//
//	If its CAS from nil is first, the others find it: under the lock, where it is
//	moved to a queue (S3) and scanned, or by S1. Otherwise the word is not nil,
//	the CAS fails, and the party goes under the lock. So the CAS is at once the
//	publishing of the offer and the look at the other side.
//
// S4: a party that withdraws or has to end against its partner.
//
//	It takes itself out, or finds that it has been: served, or moved to a queue,
//	from which it removes itself under the lock, or dead (S6).
//
// S5: giving the word back.
//
//	Under the lock, with both queues empty, the word is busy and nobody else
//	changes it. A party that is about to wait alone is put there; after the last
//	offer of a choice was withdrawn, nil.
//
// S6: who takes out a dead offer against its performer, who wants the offer and
// the state for its next performance.
//
//	The taker's last access is to set done: if the performer sees it, both are
//	its own again. If it does not, the taker may still read the offer and try to
//	commit the state: the performer leaves both to the garbage collector, and
//	goes on with new ones.
//
// S7: who comes to try, sees that only parties of its own kind are in the queues,
// and leaves, against one of the other kind that enters them.
//
//	That one enters under the lock, and stores what is in the queues before it
//	gives the lock back. So whoever saw the word before came, for all that anybody
//	can tell, before it. Who means to wait does so under the lock, or by a CAS from
//	nil: nobody relies on the word for that. That a word says more than there is
//	costs a look under the lock.
//
// A party that is stopped between S1 and C1, a dozen instructions, keeps the one
// that it has taken out from meeting others here (not elsewhere), as the holder
// of the lock would.
//
// Measured against the same with the lock alone: docs/design/0006-channel-word.md.
//
// The words of channels are not typed: how a performance posts its offers in them
// stands in post.go.
//
// Checked by: TestEntryStress, TestChanKeepsOrderStress, TestChanLinear,
// TestRuntimeClosesStress, TestCrossedChoicesStress, TestAtRestStress; this source
// under every order of accesses: TestEntryModel, TestChoiceModel (-tags model).
type entry struct {
	// Both are set when made and never change.
	offer *offerHeader // nil: nobody, the queues have those who wait
	side  side
}

type side uint8

const (
	either side = iota
	putting
	getting
)

// What a word holds while the lock decides: it says who may be in the queues.
var (
	busy     = &entry{side: either}
	busyPuts = &entry{side: putting}
	busyGets = &entry{side: getting}
)

// A word is what is not typed in a channel: where one party waits, and the lock
// for all else.
type word struct {
	entry pointer[entry]
	mu    lock
}

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

// offerAt returns the offer in s, which is in a word for values of T. The header is
// the first of an offer, and only offers of T come in that word.
func offerAt[T any](s *entry) *offer[T] { return (*offer[T])(unsafe.Pointer(s.offer)) }

// plainOffer returns the calling fiber or goroutine, which must be given back by
// wait.Release, and the offer by which it waits in channels of T without a choice: for a
// put or a get, as kind says. It is kept, and never in use twice: no user code runs
// meanwhile.
func plainOffer[T any](k kind) (wait.Waiter, *offer[T]) {
	w, place := wait.Caller()
	o, ok := (*place).(*offer[T])
	if !ok {
		o = changePlainOffer[T](w, place)
	}
	o.kind = k
	return w, o
}

// changePlainOffer gives back the offer in place, which is of another type or not there, and
// puts another one there.
//
//go:noinline
func changePlainOffer[T any](w wait.Waiter, place *any) *offer[T] {
	l := localOf(w)
	if other, ok := (*place).(retractor); ok {
		other.dismiss(l)
	}
	spares := sparesOf[offer[T]](l)
	spares.foresee()
	o := spares.get()
	*place = o
	return o
}

// settle makes o, a plain party that is done, as it was.
func (o *offer[T]) settle() {
	o.done = flag{} // nobody looks
	if o.moved {
		o.moved, o.obj = false, nil
	}
}

// sendTo gives v to o, a getter that the caller has taken out. It reports false
// if o is dead.
func sendTo[T any](o *offer[T], v T) bool {
	o.v = v // before the commit: W7
	if o.s == nil {
		o.w.Serve()
		if simhook.On() {
			simhook.Woke()
		}
		return true
	}
	if o.chosen() {
		return true
	}
	clear1(&o.v)
	o.done.Store(true) // the last access: S6
	return false
}

// receiveFrom takes the value of o, a putter that the caller has taken out. It
// reports false if o is dead.
func receiveFrom[T any](o *offer[T]) (v T, ok bool) {
	if o.s != nil {
		if o.from != nil {
			v = *(*T)(o.from) // before the commit: W7
		} else {
			v = o.v
		}
		if o.chosen() {
			return v, true
		}
		o.done.Store(true) // the last access: S6
		clear1(&v)
		return v, false
	}
	v = o.v
	o.w.Serve()
	if simhook.On() {
		simhook.Woke()
	}
	return v, true
}

// chosen commits the performance of h, which the caller has taken out. If it
// reports false, h is dead: the caller sets done, when it has finished with it.
func (h *offerHeader) chosen() bool {
	s := h.s
	w := s.w
	cur := s.word.Load()
	if cur == nil && s.word.CompareAndSwap(nil, &h.cell) ||
		(cur == nil || cur.status.Load() != succeeded) && h.chosenAfter() {
		w.Unpark()
		if simhook.On() {
			simhook.Woke()
		}
		return true
	}
	return false
}

// chosenAfter is the commit where the word was not nil: it may be a match that
// has to be decided first.
func (h *offerHeader) chosenAfter() bool {
	var ws wakes
	ok := h.s.commit(&h.cell, &ws)
	ws.flush(nil)
	return ok
}

// lock takes the lock of the channel and makes the word busy.
func (c *Chan[T]) lock() {
	c.mu.Lock()
	c.occupy()
}

// occupy is S3. Under mu.
func (c *Chan[T]) occupy() {
	for {
		s := c.entry.Load()
		if s != nil && s.offer == nil {
			return
		}
		if !c.entry.CompareAndSwap(s, busy) {
			continue
		}
		if s != nil {
			o := offerAt[T](s)
			k := kindGet
			if s.side == putting {
				k = kindPut
				if o.from != nil {
					o.v = *(*T)(o.from)
				}
			}
			if o.kind != k { // of a plain party it has been k since before it came here, and that may look
				o.kind = k
			}
			c.enqueue(o)
		}
		return
	}
}

func (c *Chan[T]) enqueue(o *offer[T]) {
	o.moved, o.obj = true, c
	c.line(o).push(o)
}

// wait lets o, which met nobody, wait in the word or in its queue. Under mu.
func (c *Chan[T]) wait(o *offer[T]) {
	if c.puts.first == nil && c.gets.first == nil && c.buf == nil {
		side := getting
		if o.kind == kindPut {
			side = putting
		}
		c.entry.Store(o.at(side)) // S5
		return
	}
	c.enqueue(o)
	c.left(nil)
}

// left lets those who try see who may be there, without the lock. Under mu.
func (c *Chan[T]) left(*wakes) {
	if c.buf != nil {
		return
	}
	hint := busy
	switch {
	case c.puts.first == nil && c.gets.first == nil:
		hint = nil
	case c.puts.first == nil:
		hint = busyGets
	case c.gets.first == nil:
		hint = busyPuts
	}
	if s := c.entry.Load(); s != hint && s != nil && s.offer == nil {
		c.entry.Store(hint) // S5
	}
}

// enter lets o, a plain party, meet a partner under the lock, or wait. It reports
// whether it is done.
func (c *Chan[T]) enter(o *offer[T]) bool {
	var ws wakes
	c.lock()
	done := false
	if o.kind == kindPut {
		done = c.meetPut(o, &ws) == matched
	} else {
		done = c.meetGet(o, &ws) == matched
	}
	if done {
		c.left(nil)
	} else {
		c.wait(o)
	}
	c.mu.Unlock()
	ws.flush(nil)
	return done
}

// ended sees to o, a plain party whose fiber has to end: S4. It returns if o is
// done, or about to be.
func (c *Chan[T]) ended(o *offer[T]) {
	side := getting
	if o.kind == kindPut {
		side = putting
	}
	if !c.entry.CompareAndSwap(o.at(side), nil) {
		c.mu.Lock()
		queued := o.queue != nil
		if queued {
			o.queue.remove(o)
			c.left(nil)
		}
		c.mu.Unlock()
		if !queued {
			return
		}
	}
	clear1(&o.v)
	o.moved, o.obj = false, nil
	o.w.Exit()
}
