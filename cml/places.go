package cml

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Where performances wait and who has the locks, for inspection: see watch.go in
// internal/wait. All of it is told only while somebody watches.
//
// Who has got a lock notes so itself, after that; who gives it up erases that before.
// So in between it is not known who has it, but nobody stands there who has given it
// up. A lock that was taken before the watch began is held by nobody known.

func init() { wait.RegisterHolders(holders) }

// why says what p, which has published its leaves, waits for.
func (p *performance) why() wait.Reason {
	switch {
	case p.top+len(p.published) > 1:
		return wait.Choice
	case p.top == 1:
		return p.slots[0].why()
	case len(p.published) == 1:
		return p.published[0].part().Why
	}
	return wait.Forever
}

// why says what is waited for in the word of sl.
func (sl *slot) why() wait.Reason {
	switch {
	case sl.typ == typeOf[contextRegistration]():
		return wait.Context
	case sl.mine.side == putting:
		return wait.ChanPut
	}
	return wait.ChanGet
}

// note tells where p is about to wait.
//
//go:noinline
func (p *performance) note() {
	if p.noted {
		return
	}
	p.noted = true
	switch {
	case p.top+len(p.published) != 1:
		p.w.At(p, wait.Choice)
	case p.top == 1:
		p.w.At(p.slots[0].word, p.slots[0].why())
	default:
		part := p.published[0].part()
		p.w.At(part.Place, part.Why)
	}
}

// forget tells that p does not wait any more.
//
//go:noinline
func (p *performance) forget() {
	p.noted = false
	p.w.At(nil, wait.None)
}

// Parts implements wait.Performance. The performer waits: it changes nothing, and
// nobody else does.
func (p *performance) Parts(to []wait.Part) []wait.Part {
	for i := range p.slots[:p.top] {
		if sl := &p.slots[i]; sl.word != nil {
			to = append(to, wait.Part{Place: sl.word, Why: sl.why()})
		}
	}
	for _, l := range p.published {
		to = append(to, l.part())
	}
	return to
}

func (x *external[T]) part() wait.Part { return wait.Part{Place: x.w, Why: wait.Custom} }

// A told source says what it waits for: those of package runtime do.
type told interface{ Waits() wait.Reason }

func (r *Registration[T]) part() wait.Part {
	why := wait.Custom
	if s, ok := r.src.(told); ok {
		why = s.Waits()
	}
	return wait.Part{Place: r.src, Why: why}
}

// books is where a Mutex notes who has it: a pointer, as few mutexes are watched.
type books struct{ atomic.Pointer[wait.Book] }

// note notes that the caller has got it. It returns true.
//
//go:noinline
func (b *books) note() bool {
	book := b.Load()
	if book == nil {
		book = &wait.Book{}
		if !b.CompareAndSwap(nil, book) {
			book = b.Load()
		}
	}
	book.Note()
	return true
}

// erase notes that nobody is known to have it.
func (b *books) erase() {
	if book := b.Load(); book != nil {
		book.Erase()
	}
}

// A roll is who has units of a gate.
type roll []share

type share struct {
	wait.Holder
	n int64
}

// longestRoll bounds how many are told apart; who comes after them is not known.
const longestRoll = 256

func (r *roll) enter(n int64) {
	if len(*r) < longestRoll {
		*r = append(*r, share{wait.Holder{Fiber: wait.Self(), Since: wait.Now()}, n})
	}
}

// leave strikes out who gives n units back: an entry of the caller's for as many, or
// any of its own, or, as it need not be the one who took them, the oldest.
func (r *roll) leave(n int64) {
	id, at := wait.Self(), -1
	for i := range *r {
		if s := &(*r)[i]; s.Fiber == id {
			if at < 0 {
				at = i
			}
			if s.n == n {
				at = i
				break
			}
		}
	}
	at = max(at, 0)
	if s := &(*r)[at]; s.n > n {
		s.n -= n
		return
	}
	*r = append((*r)[:at], (*r)[at+1:]...)
	if len(*r) == 0 {
		*r = nil
	}
}

// gained notes that the caller has got n units.
//
//go:noinline
func (g *gate) gained(n int64) {
	if g.counts {
		return
	}
	g.mu.Lock()
	g.roll.enter(n)
	g.mu.Unlock()
}

// gained notes that the caller has got what op is about, if it is a lock.
//
//go:noinline
func (op *objectOp[T]) gained() {
	switch obj := any(op.obj).(type) {
	case *Mutex:
		obj.book.note()
	case *gate:
		obj.gained(op.n)
	}
}

// holders says who has the place, and whether any one of them keeps others from
// going on; of a semaphore, each of which may give back enough, all together do, and
// only if all are known.
func holders(place any, to []wait.Holder) (_ []wait.Holder, each bool) {
	switch obj := place.(type) {
	case *Mutex:
		if book := obj.book.Load(); book != nil && obj.word.Load()&mutexLocked != 0 {
			if h := book.Holder(); h.Since != 0 {
				to = append(to, h)
			}
		}
		return to, true
	case *gate:
		obj.mu.Lock()
		defer obj.mu.Unlock()
		known := obj.floor
		for _, s := range obj.roll {
			known += s.n
			to = append(to, s.Holder)
		}
		if obj.counts || obj.sema && known < obj.used {
			to = append(to, wait.Holder{}) // somebody who is not known
		}
		return to, !obj.sema
	}
	return to, false
}
