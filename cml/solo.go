package cml

import "github.com/seed222ee791/fibers/internal/wait"

// The solo word of a rendezvous channel: the one party that waits there. Where
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
// Whatever is not that simple (a second party of the same kind, two published
// performances that have to agree, a buffer) goes under the lock of the channel,
// where the first thing is to make the word busy and to move the offer that was
// in it to the queues. Only the holder of the lock changes the word from busy. So
// while the word is not busy both queues are empty, and nobody is about to look
// at them.
//
// # Who is in the word
//
// A lone party (Put, Get) waits for nothing else: it is done when it has been
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
// A party that is stopped between S1 and C1, a dozen instructions, keeps the one
// that it has taken out from meeting others here (not elsewhere), as the holder
// of the lock would.
//
// Measured against the same with the lock alone: docs/design/0006-solo.md.
//
// Checked by: TestSoloStress, TestChanKeepsOrderStress, TestChanLinear,
// TestRuntimeClosesStress, TestCrossedChoicesStress, TestAtRestStress; this source
// under every order of accesses: TestSoloModel, TestChoiceModel (-tags model).
type solo[T any] struct {
	// Both are set when made and never change.
	offer *offer[T]
	side  side
}

type side uint8

const (
	neither side = iota // of the word busy
	putting
	getting
)

func (o *offer[T]) initSolo() {
	o.putting = solo[T]{o, putting}
	o.getting = solo[T]{o, getting}
}

// solo returns what the word points to while o is in it.
func (o *offer[T]) solo() *solo[T] {
	if o.kind == kindPut {
		return &o.putting
	}
	return &o.getting
}

// A lone has the offers of a party that waits without a choice. It is kept in
// the local, and never in use twice: no user code runs meanwhile.
type lone[T any] struct{ put, get offer[T] }

func newLone[T any]() *lone[T] {
	n := &lone[T]{}
	n.put.kind, n.get.kind = kindPut, kindGet
	n.put.initSolo()
	n.get.initSolo()
	return n
}

// loneOf returns the calling fiber or goroutine, which must be given back by
// wait.Release, and its lone for channels of T.
func loneOf[T any]() (wait.Waiter, *lone[T]) {
	w, l := caller()
	n, ok := l.lones[0].(*lone[T])
	if !ok {
		n = findLone[T](l)
	}
	return w, n
}

// findLone looks beyond the first place and moves what it finds or makes there.
func findLone[T any](l *local) *lone[T] {
	i := 1
	for ; i < len(l.lones); i++ {
		if _, ok := l.lones[i].(*lone[T]); ok {
			break
		}
	}
	var n any
	if i < len(l.lones) {
		n = l.lones[i]
	} else {
		n = newLone[T]()
		i--
	}
	copy(l.lones[1:i+1], l.lones[:i])
	l.lones[0] = n
	return n.(*lone[T])
}

// serve gives v to o, a getter that the caller has taken out. It reports false
// if o is dead.
func (o *offer[T]) serve(v T) bool {
	o.v = v // before the commit: W7
	if o.s != nil {
		return o.chosen()
	}
	o.w.Serve()
	return true
}

// relieve takes the value of o, a putter that the caller has taken out. It
// reports false if o is dead.
func (o *offer[T]) relieve() (v T, ok bool) {
	v = o.v // before the commit: W7
	if o.s != nil {
		if !o.chosen() {
			clear1(&v)
			return v, false
		}
		return v, true
	}
	o.w.Serve()
	return v, true
}

// chosen commits the performance of o, which the caller has taken out.
func (o *offer[T]) chosen() bool {
	s := o.s
	w := s.w
	if s.word.Load() == nil && s.word.CompareAndSwap(nil, &o.cell) || o.chosenAfter() {
		w.Unpark()
		return true
	}
	o.done.Store(true) // the last access: S6
	return false
}

// chosenAfter is the commit where the word was not nil: it may be a match that
// has to be decided first.
func (o *offer[T]) chosenAfter() bool {
	var ws wakes
	ok := o.s.commit(&o.cell, &ws)
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
		s := c.solo.Load()
		if s == &c.busy {
			return
		}
		if !c.solo.CompareAndSwap(s, &c.busy) {
			continue
		}
		if s != nil {
			s.offer.moved = true
			c.line(s.offer).push(s.offer)
		}
		return
	}
}

// wait lets o, which met nobody, wait in the word or in its queue. Under mu.
func (c *Chan[T]) wait(o *offer[T]) {
	if c.puts.first == nil && c.gets.first == nil && c.buf == nil {
		if o.s != nil {
			o.word = &c.solo
		}
		c.solo.Store(o.solo()) // S5
		return
	}
	c.line(o).push(o)
}

// left lets those who try see that nobody is there, without the lock.
func (c *Chan[T]) left(*wakes) {
	if c.puts.first == nil && c.gets.first == nil && c.buf == nil && c.solo.Load() == &c.busy {
		c.solo.Store(nil) // S5
	}
}

// enter lets o, a lone party, meet a partner under the lock, or wait. It reports
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
	if !done {
		c.wait(o)
	}
	c.mu.Unlock()
	ws.flush(nil)
	return done
}

// publish lets o, of p, meet a partner, or wait.
func (c *Chan[T]) publish(p *performance, o *offer[T]) outcome {
	p.touched = true
	if c.solo.Load() == nil {
		o.s, o.word = p.s, &c.solo
		if c.solo.CompareAndSwap(nil, o.solo()) { // S2
			return none
		}
		o.s, o.word = nil, nil
	}
	c.lock()
	if p.open {
		o.s = p.s
	}
	var out outcome
	if o.kind == kindPut {
		out = c.meetPut(o, &p.wakes)
	} else {
		out = c.meetGet(o, &p.wakes)
	}
	if out == none {
		o.s = p.s
		c.wait(o)
	}
	c.mu.Unlock()
	return out
}

// ended sees to o, a lone party whose fiber has to end: S4. It returns if o is
// done, or about to be.
func (c *Chan[T]) ended(o *offer[T]) {
	if !c.solo.CompareAndSwap(o.solo(), nil) {
		c.mu.Lock()
		queued := o.queue != nil
		if queued {
			o.queue.remove(o)
		}
		c.mu.Unlock()
		if !queued {
			return
		}
	}
	clear1(&o.v)
	o.moved = false
	o.w.Exit()
}
