package cml

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// The solo word of a rendezvous channel: one party that waits, alone, for
// nothing else. Two fibers that meet there need one CAS each and no lock.
//
// # States
//
//	nil ── S2: a lone party CASes itself in ──▶ that party
//	 ▲                                             │ │
//	 └────────── S1: its partner CASes it out ─────┘ │
//	 └──────────────────────────┐                    │
//	                            └── S4: it ends ─────┤
//	busy ◀──────── S3: under the lock: CAS ──────────┘  (and from nil)
//	busy ──── S5: under the lock, at its end: store ──▶ a lone party, or nil
//
// Whatever is not that simple (a choice, a second party of the same kind, a
// buffer) goes under the lock of the channel, where the first thing is to make
// the word busy and to move the party that was in it to the queues. Only the
// holder of the lock changes the word from busy. So while the word is not busy
// both queues are empty, and nobody is about to look at them.
//
// # The argument
//
// S1: two partners on one party, or a partner and S3 or S4.
//
//	All are CASes from the same pointer: one is first, the others see something
//	else and go on elsewhere. Whoever takes the party out owns it until it sets
//	done. A party may be in the same word again by the time of the CAS: it is one
//	that waits then, and of the same side, which never changes.
//
// S2: a party that comes against one under the lock.
//
//	If its CAS from nil is first, the other moves it to a queue (S3) and scans it.
//	Otherwise the word is busy, the CAS fails, and the party goes under the lock.
//
// S4: a fiber that has to end against its partner.
//
//	It takes itself out, or finds that it has been: served, which it then goes
//	on with, or moved to a queue, from which it removes itself under the lock.
//
// S5: giving the word back.
//
//	Under the lock, with both queues empty, the word is busy and nobody else
//	changes it. A party that is about to wait alone is put there; after the last
//	offer of a choice was withdrawn, nil.
//
// Measured against the same with the lock alone: see BenchmarkChan, pingpong.
//
// Checked by: TestSoloStress, TestChanKeepsOrderStress, TestChanLinear,
// TestRuntimeClosesStress.
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

// A lone has the offers of a party that waits without a choice. It is kept in
// the local, and never in use twice: no user code runs meanwhile.
type lone[T any] struct{ put, get offer[T] }

func newLone[T any]() *lone[T] {
	n := &lone[T]{}
	n.put.kind, n.put.solo = kindPut, solo[T]{&n.put, putting}
	n.get.kind, n.get.solo = kindGet, solo[T]{&n.get, getting}
	return n
}

// loneOf returns the lone of w, the caller, for channels of T.
func loneOf[T any](w wait.Waiter) *lone[T] {
	l := localOf(w)
	if n, ok := l.lones[0].(*lone[T]); ok {
		return n
	}
	return findLone[T](l)
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

// serve gives v to o, a getter that the caller has taken out.
func (o *offer[T]) serve(v T) {
	o.v = v
	w := o.w
	o.done.Store(true) // the last access
	w.Unpark()
}

// relieve takes the value of o, a putter that the caller has taken out.
func (o *offer[T]) relieve() T {
	v, w := o.v, o.w
	o.done.Store(true) // the last access
	w.Unpark()
	return v
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
			c.line(s.offer).push(s.offer)
		}
		return
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
	switch {
	case done:
	case c.puts.first == nil && c.gets.first == nil && c.buf == nil:
		c.solo.Store(&o.solo) // S5
	default:
		c.line(o).push(o)
	}
	c.mu.Unlock()
	ws.flush(nil)
	return done
}

// await waits until o, a lone party in the word or in a queue, is done.
func (c *Chan[T]) await(o *offer[T], why wait.Reason) {
	for !o.done.Load() {
		if o.w.Wait(why) && !o.done.Load() && c.leave(o) { // S4
			clear1(&o.v)
			o.w.Exit()
		}
	}
	o.done = atomic.Bool{} // nobody looks
	if o.kind == kindPut {
		clear1(&o.v)
	}
}

// leave is S4. It reports false if o is done, or about to be.
func (c *Chan[T]) leave(o *offer[T]) bool {
	if c.solo.CompareAndSwap(&o.solo, nil) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.queue == nil {
		return false
	}
	o.queue.remove(o)
	return true
}
