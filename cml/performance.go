package cml

import (
	"slices"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A performance is one Perform, Poll or PerformContext, as its performer sees
// it. It is the performer's alone; others see its state and its offers.
//
//	begin → force guards → try → publish → park → withdraw ┐
//	                        └── committed ─────────────────┴→ finish → wraps
//
// An op of which no leaf needs a record to be tried is tried before begin.
//
// The leaf that wins calls finish, which fires nacks and hooks and gives the
// record back, before it hands its value to the wraps around it.
type performance struct {
	s *state
	w wait.Waiter

	slots       []slot // of the leaves, as far as there are any: see post.go
	published   []leaf // what is in no slot
	won         leaf   // the one that won, once it is decided
	top         int    // nothing is posted in the slots from here on
	index       int    // of the leaf that won, once winner has been called
	touched     bool   // the state is not as new any more
	open        bool   // something has been published: others may commit it
	pair        bool   // it was decided by a match
	orphaned    bool   // somebody may still try to commit the state: S6 in entry.go
	finished    bool
	guarded     bool // its deferred leave gives the record back, and asks it before
	noted       bool // where it waits has been told
	hasContexts bool // in the state
	bridged     bool // no fiber will wait by it: see withop.go

	wakes wakes
	rare  *rare // nil: nothing
	rng   uint64

	// What most need is one piece of memory.
	own    state
	room   [2]slot
	leaves [1]leaf
}

// maxKept bounds what a record keeps for its next use, and maxSlots the slots.
const (
	maxKept  = 64
	maxSlots = 16
)

// init makes p, which is zero, one that can begin.
func (p *performance) init() {
	p.s = &p.own
	p.own.id = stateIDs.Inc()
	p.rng = seed() | 1
	p.slots, p.published = p.room[:0], p.leaves[:0]
}

// newPerformance returns one that nobody else uses.
func newPerformance() *performance {
	p := &performance{}
	p.init()
	return p
}

// begin returns a performance of the calling fiber or goroutine.
func begin() *performance { return beginWith(caller()) }

// beginWaiting is begin for who has tried in vain, and is about to wait.
func beginWaiting() *performance {
	w, l := caller()
	l.perfs.foresee()
	return beginWith(w, l)
}

func beginWith(w wait.Waiter, l *local) *performance {
	p := l.perfs.get()
	if p.touched {
		p.s.word = pointer[cell]{} // nobody looks: W6
		p.touched, p.open, p.pair = false, false, false
	}
	p.finished = false
	p.w, p.s.w = w, w
	return p
}

// beginGuarded returns a performance in which user code runs before it is decided. The
// caller defers leave.
func beginGuarded() *performance {
	p := begin()
	p.guarded = true
	return p
}

// leave ends a guarded performance.
func (p *performance) leave() {
	p.abandon()
	p.guarded = false
	p.giveBack()
}

// forgetState is called when the state is not to be used again.
func (p *performance) forgetState() {
	for i := range p.slots {
		if m := p.slots[i].mine; m != nil {
			m.offer.s = nil
		}
	}
}

// over reports whether the performance is decided. If it is, winner comes next.
// Otherwise the performer parks, as the last thing that Perform and its like do
// themselves: each frame that a switch leaves behind costs a return that the
// processor did not expect.
//
//	for !p.over() {
//		slot := p.w.Leave(p.why())
//		if slot != nil {
//			slot.Swap()
//		}
//		if _, ending := p.w.Arrive(slot); ending {
//			p.end()
//		}
//	}
func (p *performance) over() bool {
	c := p.s.word.Load()
	if c != nil && c.status.Load() != succeeded {
		c = p.s.decided(&p.wakes)
	}
	if c == nil {
		if p.wakes.one != nil {
			p.wakes.flush(p.w)
		}
		if wait.Watched() {
			p.note()
		}
		return false
	}
	if p.noted {
		p.forget()
	}
	return true
}

// winner withdraws what lost in a performance that is over, and returns the leaf that
// won, which is its index now. It is called by Perform and its like themselves, and not by over: of a
// small stack, what withdraws a time-out needs the most.
func (p *performance) winner() int {
	p.index = p.withdraw(p.s.word.Load())
	return p.index
}

// wait waits until the performance is over, for those to whom a frame more is nothing.
func (p *performance) wait() {
	for !p.over() {
		if p.w.Wait(p.why()) {
			p.end()
		}
	}
}

// end aborts the performance, as the fiber has to end, and ends that. It returns
// if the performance was decided before.
func (p *performance) end() {
	if p.s.conclude(aborted, &p.wakes) {
		w := p.w
		if p.noted {
			p.forget() // before the record may be another's
		}
		p.withdraw(aborted)
		p.finish(-1)
		w.Exit()
	}
}

// withdraw takes back all offers that lost against c, and returns the leaf that
// won.
func (p *performance) withdraw(c *cell) int {
	p.touched = true
	index := c.index
	if p.pair = c.match != nil; p.pair {
		index = p.s.won(c)
	}
	if p.wakes.one != nil {
		p.wakes.flush(p.w)
	}
	for i := range p.slots[:p.top] {
		sl := &p.slots[i]
		w := sl.word
		switch {
		case w == nil:
			continue
		case i == index:
			if p.pair {
				w.mu.Lock()
				w.mu.Unlock() // whoever had it has finished: W7
			}
			sl.mine.offer.from = nil
		case !sl.slow && w.entry.Load() == sl.mine && w.entry.CompareAndSwap(sl.mine, nil): // S4
			sl.mine.offer.from = nil
		case !sl.slow && sl.mine.offer.done.Load(): // S6
			sl.mine.offer.from = nil
			sl.mine.offer.done = flag{} // nobody looks
		default:
			p.retract(sl)
		}
		sl.word, sl.slow = nil, false
	}
	p.top = 0
	if len(p.published) > 0 {
		for i, l := range p.published {
			p.published[i] = nil
			l.withdraw(p, index)
		}
		p.published = p.published[:0]
		p.leaves[0] = nil // it may have been moved
	}
	if r := p.rare; r != nil && len(r.undos) > 0 {
		p.undo(index)
	}
	return index
}

// finish ends the performance: the leaf index, or -1, was chosen. It signals the
// nacks, calls the hooks, and gives the record back; the caller must not use it
// any more.
func (p *performance) finish(index int) {
	if p.wakes.one != nil {
		p.wakes.flush(p.w)
	}
	if p.rare != nil {
		p.finishRegions(index)
		return
	}
	p.release()
}

// fail is finish where user code has panicked or exited: nobody will come for the
// value of the leaf.
func (p *performance) fail(index int) {
	var regions []region
	if p.rare != nil {
		regions = p.rare.regions
	}
	if 0 <= index && index < len(p.slots) && p.slots[index].mine != nil {
		p.slots[index].leaf.dismiss(p.local()) // the value is in it
		p.slots[index] = slot{}
	}
	p.wakes.flush(p.w)
	p.release()
	settle(regions, index, true)
}

// release makes the record one that can be used again, and gives it back.
func (p *performance) release() {
	p.finished = true
	if p.touched {
		p.won = nil
		if p.orphaned || p.s.shared.Load() || len(p.slots) > maxSlots || cap(p.published) > maxKept {
			p.clean()
		}
		if p.hasContexts {
			p.s.contexts = pointer[watchedContext]{} // nobody looks: W6
			p.hasContexts = false
		}
	}
	if p.rare != nil {
		p.rare = nil
	}
	if !p.guarded {
		p.giveBack()
	}
}

// clean drops what is not to be kept.
//
//go:noinline
func (p *performance) clean() {
	if p.orphaned || p.s.shared.Load() {
		if p.hasContexts {
			p.s.contexts.Store(nil) // it is decided: who looks there still learns nothing from them
			p.hasContexts = false
		}
		p.s = newState() // W6
		p.s.w = p.w
		p.orphaned = false
		p.forgetState()
	}
	if len(p.slots) > maxSlots {
		if cap(p.slots) > 2*maxKept {
			p.slots = slices.Clone(p.slots[:maxSlots])
		} else {
			clear(p.slots[maxSlots:])
			p.slots = p.slots[:maxSlots]
		}
	}
	if cap(p.published) > maxKept {
		p.published = nil
	}
}

// giveBack gives the record back.
func (p *performance) giveBack() {
	w := p.w
	localOf(w).perfs.put(p)
	wait.Release(w)
}

// abandon ends a performance in which user code panicked or exited, if it has
// not ended yet. It is deferred.
func (p *performance) abandon() {
	if p.finished {
		return
	}
	p.s.conclude(aborted, &p.wakes)
	if p.noted {
		p.forget()
	}
	p.fail(p.withdraw(p.s.decided(&p.wakes)))
}
