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
	s     *state
	w     wait.Waiter
	local *local

	slots       []slot   // of the leaves, as far as there are any: see post.go
	top         int      // nothing is posted in those from here on
	published   []leaf   // what is in no slot
	undos       []func() // the withdraw functions of NewOp that are to be called
	index       int      // of the leaf that won, once it is decided
	won         leaf     // the one that won, once it is decided
	used        bool     // between begin and finish
	touched     bool     // the state is not as new any more
	open        bool     // something has been published: others may commit it
	pair        bool     // it was decided by a match
	orphaned    bool     // somebody may still try to commit the state: S6 in entry.go
	finished    bool
	once        bool // the record is not used again
	noted       bool // where it waits has been told
	hasContexts bool // in the state

	regions []region
	wakes   wakes
	rng     uint64
}

// A region is what has to know whether one of a range of leaves was chosen.
type region struct {
	lo, hi int // leaves; hi is below lo while the range is not known yet
	nack   *Cond
	abort  func() // to be called if it was not chosen
	won    *bool
	leave  func() // to be called if it was, but the performer never gets to its value
}

func (r *region) covers(index int) bool { return r.lo <= index && index < r.hi }

// maxKept bounds what a record keeps for its next use.
const maxKept = 64

// begin returns a performance of the calling fiber or goroutine.
func begin() *performance {
	w, l := caller()
	p := l.perf
	switch {
	case p == nil || p.used: // used: by whoever called the guard or hook that we are in
		p = &performance{s: newState(), rng: seed() | 1}
		l.perf = p // the other one may have ended in a panic
	case p.touched:
		p.s.word = pointer[cell]{} // nobody looks: W6
		if p.hasContexts {
			p.s.contexts = pointer[watchedContext]{}
			p.hasContexts = false
		}
		p.touched, p.open, p.pair, p.finished = false, false, false, false
	default:
		p.finished = false
	}
	p.used = true
	p.w, p.s.w, p.local = w, w, l
	return p
}

// forgetState is called when the state is not to be used again.
func (p *performance) forgetState() {
	for i := range p.slots {
		if m := p.slots[i].mine; m != nil {
			m.offer.s = nil
		}
	}
}

// beginGuarded returns a performance in which user code runs before it is
// decided. Its record is not used again, so that the deferred abandon can ask it.
func beginGuarded() *performance {
	w, l := caller()
	p := &performance{s: newState(), rng: seed() | 1, used: true, once: true, w: w, local: l}
	p.s.w = w
	return p
}

// borrowSlots takes the slots of the record that is kept, for one that is not.
func (p *performance) borrowSlots() {
	if q := p.local.perf; q != nil && !q.used {
		p.slots, q.slots = q.slots, nil
	}
}

// returnSlots gives them back.
func (p *performance) returnSlots() {
	q := p.local.perf
	if q == nil {
		q = &performance{s: newState(), rng: p.rng}
		p.local.perf = q
	}
	if !q.used && q.slots == nil {
		p.forgetState()
		q.slots = p.slots
	}
	p.slots = nil
}

// random returns the next of a series (xorshift64: Marsaglia 2003).
func (p *performance) random() uint64 {
	p.rng ^= p.rng << 13
	p.rng ^= p.rng >> 7
	p.rng ^= p.rng << 17
	return p.rng
}

// order returns where to start among n arms and how far to step, by the random
// number r. Every arm is as likely the start, and a step is as likely as its
// opposite, so that of any two arms either is as likely first.
func order(n int, r uint64) (start, step int) {
	start = int((r >> 32) * uint64(n) >> 32)
	low := r & (1<<32 - 1)
	switch {
	case n < 3:
		return start, 1
	case n&(n-1) == 0:
		return start, int(low*uint64(n/2)>>32)<<1 | 1
	case n == 3:
		return start, 1 + int(low>>31)
	}
	for range 4 {
		step = 1 + int(low*uint64(n-1)>>32)
		if gcd(step, n) == 1 {
			return start, step
		}
		low = (low*0x9e3779b97f4a7c15 + 1) >> 16 & (1<<32 - 1)
	}
	if r&1 == 0 {
		return start, 1
	}
	return start, n - 1
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// over reports whether the performance is decided. If it is, what lost has been
// withdrawn, and index is the leaf that won. Otherwise the performer parks, as
// the last thing that Perform and its like do themselves: each frame that a switch
// leaves behind costs a return that the processor did not expect.
//
//	for !p.over() {
//		if p.w.Wait(p.why()) {
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
	p.index = p.withdraw(c)
	return true
}

// end aborts the performance, as the fiber has to end, and ends that. It returns
// if the performance was decided before.
func (p *performance) end() {
	if p.s.conclude(aborted, &p.wakes) {
		w := p.w
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
				w.mu.Unlock() //lint:ignore SA2001 whoever had it has finished: W7
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
	}
	if len(p.undos) > 0 {
		p.undo(index)
	}
	return index
}

// undo calls the withdraw functions. If one of them panics or exits, that is the
// end of the performance, of which the leaf index was chosen.
func (p *performance) undo(index int) {
	returned := false
	defer func() {
		clear(p.undos)
		p.undos = p.undos[:0]
		if !returned {
			p.fail(index)
		}
	}()
	callAll(p.undos)
	returned = true
}

// callAll calls all of fs, whatever the others do.
func callAll(fs []func()) {
	i := 0
	defer func() {
		if i < len(fs) {
			callAll(fs[i+1:])
		}
	}()
	for ; i < len(fs); i++ {
		fs[i]()
	}
}

// finish ends the performance: the leaf index, or -1, was chosen. It signals the
// nacks, calls the hooks, and gives the record back; the caller must not use it
// any more.
func (p *performance) finish(index int) {
	regions := p.regions
	if p.wakes.one != nil {
		p.wakes.flush(p.w)
	}
	p.release()
	if len(regions) > 0 {
		settle(regions, index, false)
	}
}

// fail is finish where user code has panicked or exited: nobody will come for the
// value of the leaf.
func (p *performance) fail(index int) {
	regions := p.regions
	if 0 <= index && index < len(p.slots) && p.slots[index].mine != nil {
		p.slots[index].leaf.dismiss(p.local) // the value is in it
		p.slots[index] = slot{}
	}
	p.wakes.flush(p.w)
	p.release()
	settle(regions, index, true)
}

// release gives the record back.
func (p *performance) release() {
	w := p.w
	p.finished = true
	if p.touched {
		p.won = nil
		if p.orphaned || p.s.shared.Load() {
			p.s = newState() // W6
			p.s.w = w
			p.orphaned = false
			p.forgetState()
		}
		if len(p.slots) > longestChain {
			if cap(p.slots) > 2*maxKept {
				p.slots = slices.Clone(p.slots[:longestChain])
			} else {
				clear(p.slots[longestChain:])
				p.slots = p.slots[:longestChain]
			}
		}
		if p.once && p.slots != nil {
			p.returnSlots()
		}
		if cap(p.published) > maxKept {
			p.published, p.undos = nil, nil
		}
	}
	if p.regions != nil {
		p.regions = nil
	}
	p.used = false
	wait.Release(w)
}

// settle tells the regions which leaf was chosen. All nacks are ready before the
// first hook runs, and every hook runs, whatever the others do.
func settle(regions []region, index int, failed bool) {
	for i := range regions {
		switch r := &regions[i]; {
		case r.covers(index):
			if r.won != nil {
				*r.won = true
			}
		case r.nack != nil:
			r.nack.Signal()
		}
	}
	callHooks(regions, index, failed)
}

func callHooks(regions []region, index int, failed bool) {
	i := 0
	defer func() {
		if i < len(regions) {
			callHooks(regions[i+1:], index, failed)
		}
	}()
	for ; i < len(regions); i++ {
		switch r := &regions[i]; {
		case !r.covers(index):
			if r.abort != nil {
				r.abort()
			}
		case failed && r.leave != nil:
			r.leave()
		}
	}
}

// abandon ends a performance in which user code panicked or exited, if it has
// not ended yet. It is deferred.
func (p *performance) abandon() {
	if p.finished {
		return
	}
	p.s.conclude(aborted, &p.wakes)
	p.fail(p.withdraw(p.s.decided(&p.wakes)))
}
