package cml

import "github.com/seed222ee791/fibers/internal/wait"

// A Waiter is a performance that waits at an op made by NewOp. It is made by
// this package only.
type Waiter[T any] interface {
	// Commit makes the op ready with the value v: the performance commits it and
	// goes on. False: it was decided already; v went nowhere. Of all Commits of
	// a Waiter at most one returns true. It may be called from anywhere, at any
	// time, also long after; it does not wait.
	Commit(v T) bool
}

// NewOp is the extension point: it returns an op with a new kind of leaf.
//
// try is called when the op is performed. If the operation can be done at once
// it does it and returns the value and true, which commits; otherwise it leaves
// no trace and reports false.
//
// block is called if nothing of the whole op was ready. It notes w where those
// who make the operation ready find it, and then looks again, as it might have
// become ready since try; whoever finds it ready calls w.Commit, and the value
// is gone to the performer only if that returns true. block returns a function
// that is called, in the performer, if another leaf won or the performance came
// to nothing: it removes w. It may be nil.
//
// Neither may wait. A panic in block abandons the performance.
//
//go:noinline
func NewOp[T any](try func() (T, bool), block func(w Waiter[T]) (withdraw func())) Op[T] {
	if try == nil || block == nil {
		panic("cml: NewOp with a nil function")
	}
	return &custom[T]{tryOnce: try, block: block}
}

type custom[T any] struct {
	pure
	tryOnce func() (T, bool)
	block   func(Waiter[T]) func()
}

func (op *custom[T]) force(*performance, int) Op[T] { return op }

func (op *custom[T]) try(p *performance, base int) (T, bool) {
	v, ok := op.tryOnce()
	if ok && p != nil {
		p.finish(base)
	}
	return v, ok
}

func (op *custom[T]) publish(p *performance, base int) bool {
	x := &external[T]{s: p.s, w: p.w}
	x.index = base
	x.status.Store(succeeded)
	p.open, p.touched = true, true
	p.published = append(p.published, x)
	returned := false
	defer func() {
		if !returned {
			p.abandon()
		}
	}()
	x.undo = op.block(x)
	returned = true
	return p.s.decided(&p.wakes) != nil
}

func (op *custom[T]) result(p *performance, _ int) T {
	x := p.won.(*external[T])
	v, index := x.v, x.index
	clear1(&x.v)
	p.finish(index)
	return v
}

// external is an offer that user code holds. It is never used again, so a late
// Commit does nothing.
//
//	         Commit: CAS              the word of the performance
//	open ──────────────────▶ taken ──────────────────────────────▶ won or lost
//	  └──────────────────────────────▶ closed
//	         withdraw: CAS
//
// E1: Commit's CAS from open against that of withdraw.
//
//	Withdraw first: no Commit will ever touch the state of the performance, which
//	may be used again. Commit first: it is about to, so the state is not.
//
// Checked by: TestNewOpStress, TestLateCommitsFail, TestNewOpModel (-tags model).
type external[T any] struct {
	cell
	stage number
	s     *state // not touched once it is closed
	w     wait.Waiter
	v     T      // the value: written by the Commit that took it
	undo  func() // the performer's
}

const (
	externalOpen uint32 = iota
	externalTaken
	externalClosed
)

// Commit implements Waiter.
func (x *external[T]) Commit(v T) bool {
	if !x.stage.CompareAndSwap(externalOpen, externalTaken) { // E1
		return false
	}
	x.v = v
	var ws wakes
	ok := x.s.commit(&x.cell, &ws)
	if ok {
		ws.add(x.w)
	} else {
		clear1(&x.v)
	}
	ws.wake(nil)
	return ok
}

// withdraw implements leaf.
func (x *external[T]) withdraw(p *performance, index int) {
	won := x.index == index
	if won {
		p.won = x
	}
	if !x.stage.CompareAndSwap(externalOpen, externalClosed) { // E1
		if !won {
			p.s.shared.Store(true)
		}
	}
	if !won && x.undo != nil {
		r := p.uncommon()
		r.undos = append(r.undos, x.undo)
	}
	x.undo = nil
}
