package cml

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A Source is where operations of a new kind come from that must not allocate:
// package runtime's timers are one. It does what the functions of NewOp do, with
// registrations that are used again and again, and stricter rules in return.
type Source[T any] interface {
	// Try is as try of NewOp.
	Try() (T, bool)
	// Block is as block of NewOp: it notes r and then looks again. If it panics,
	// Withdraw is called all the same.
	Block(r *Registration[T])
	// Withdraw takes back r, which lost. It reports true if r.Commit was not
	// called and never will be, so that r can be used again. It must not panic
	// or exit.
	Withdraw(r *Registration[T]) bool
}

// FromSource returns the op of which every performance calls s. It is NewOp for
// those who count allocations. If s has a method Prepare(r *Registration[T]), that is
// called for registrations that are new, before any Block, to give them a Place: of a fiber
// on a stack with more room than its own. It must not wait, panic or exit.
//
//go:noinline
func FromSource[T any](s Source[T]) Op[T] {
	if s == nil {
		panic("cml: FromSource(nil): give it a source")
	}
	op := &sourceOp[T]{src: s, h: headPure}
	if l, ok := s.(interface{ Later() wait.Later }); ok && bool(l.Later()) {
		op.h = headLater
	}
	return op
}

type sourceOp[T any] struct {
	src Source[T]
	h   *head // headLater of one that says that Try is in vain: timers of package runtime do
}

func (op *sourceOp[T]) about() *head { return op.h }

func (op *sourceOp[T]) force(*performance, int) Op[T] { return op }

func (op *sourceOp[T]) try(p *performance, base int) (T, bool) {
	v, ok := op.src.Try()
	if ok && p != nil {
		p.finish(base)
	}
	return v, ok
}

func (op *sourceOp[T]) publish(p *performance, base int) bool {
	spares := sparesOf[Registration[T]](p.local())
	if len(spares.free) == 0 {
		spares.prepare(op.src, p.bridged)
	}
	r := spares.get()
	r.src, r.s, r.w, r.index = op.src, p.s, p.w, base
	p.open, p.touched = true, true
	p.published = append(p.published, r)
	returned := false
	defer func() {
		if !returned {
			p.abandon()
		}
	}()
	op.src.Block(r)
	returned = true
	return p.s.decided(&p.wakes) != nil
}

func (op *sourceOp[T]) result(p *performance, _ int) T {
	r := p.won.(*Registration[T])
	v, index := r.v, r.index
	giveBack(p.local(), r)
	p.finish(index)
	return v
}

// Registrations.
//
// G1: who touches it when.
//
//	Block to Withdraw or Commit: the performer has written it and looks no more;
//	the source knows it. Commit writes the value, then commits (C1 in commit.go),
//	and if that succeeds touches nothing any more: it is the performer's again.
//	If it fails, or if Withdraw cannot exclude that it is still about to, neither
//	the registration nor the state of the performance is used again.
//
// Checked by: TestSourceStress, TestSourceIsUsedAgain.

// A Registration is a performance that waits at a Source. It is made by this
// package only.
type Registration[T any] struct {
	// Place is the source's, for what it needs each time. It is kept when the
	// registration is used again, perhaps by another source of the same T.
	Place any

	cell
	s    *state
	w    wait.Waiter
	src  Source[T]
	v    T           // the value: written by Commit
	used atomic.Bool // Commit has been called. Writers: Commit; the performer, when it is its own again (G1)
}

var _ Waiter[Unit] = (*Registration[Unit])(nil)

// Commit makes the op ready with the value v, as Waiter says. It must be called
// at most once for a Block, and not after a Withdraw that returned true; a second
// call before the performance has gone on panics. Once it has returned true, r
// belongs to others.
func (r *Registration[T]) Commit(v T) bool {
	if r.used.Swap(true) {
		panic("cml: Commit of a Registration twice: once for each Block")
	}
	r.v = v // G1
	s, w := r.s, r.w
	if s.word.Load() == nil && s.word.CompareAndSwap(nil, &r.cell) {
		w.Unpark()
		return true
	}
	var ws wakes
	ok := s.commit(&r.cell, &ws)
	if ok {
		ws.add(w)
	} else {
		clear1(&r.v)
	}
	ws.wake(nil)
	return ok
}

// withdraw implements leaf.
func (r *Registration[T]) withdraw(p *performance, index int) {
	switch {
	case r.index == index:
		p.won = r
	case r.src.Withdraw(r):
		giveBack(p.local(), r)
	default:
		p.orphaned = true // G1
	}
}

// init makes r, which is zero, one that is blank but for its cell.
func (r *Registration[T]) init() { r.status.Store(succeeded) }

// giveBack takes back a registration that the source does not know any more.
func giveBack[T any](l *local, r *Registration[T]) {
	clear1(&r.v)
	r.src, r.s, r.w = nil, nil, nil
	if r.used.Load() {
		r.used = atomic.Bool{} // nobody looks
	}
	sparesOf[Registration[T]](l).put(r)
}
