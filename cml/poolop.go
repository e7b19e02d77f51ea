package cml

import (
	"errors"

	"github.com/seed222ee791/fibers/internal/wait"
)

// errNewEnded is reported in the place of what New should have returned.
var errNewEnded = errors.New("cml: the New of a Pool ended its fiber")

// GetOp is Get as an op. A fiber, or from a goroutine another one, gets the resource; if the
// op loses, what has come by then, or still comes, is idle again. So New and Valid hold up
// nothing else in a choice, time-outs included. Poll finds what is idle if there is no Valid
// that has to be called.
//
//go:noinline
func (p *Pool[T]) GetOp() Op[Item[T]] {
	return Guard(func() Op[Item[T]] {
		if p.over.Signalled() {
			return Always(Item[T]{Err: ErrPoolClosed})
		}
		if v, ok := p.ready(); ok {
			return OnAbort(Always(Item[T]{Value: v}), func() { p.Put(v) })
		}
		return WithNack(func(nack Op[Unit]) Op[Item[T]] {
			reply, ended := NewChan[loaned[T]](), NewCond()
			wait.Go(func() { p.getFor(reply, ended, nack) }, func() { ended.Signal() })
			return Choice(
				Wrap(reply.GetOp(), loaned[T].get),
				Wrap(ended.WaitOp(), func(Unit) Item[T] { return Item[T]{Err: errNewEnded} }),
			)
		})
	})
}

// A loaned is what comes of getting a resource for somebody else.
type loaned[T any] struct {
	Item[T]
	panicked any
}

func (l loaned[T]) get() Item[T] {
	if l.panicked != nil {
		panic(l.panicked)
	}
	return l.Item
}

// getFor gets a resource for a GetOp. If nobody takes it, it is put back.
func (p *Pool[T]) getFor(reply *Chan[loaned[T]], ended *Cond, nack Op[Unit]) {
	var l loaned[T]
	got, done := false, false
	defer func() {
		if got && !done {
			p.Put(l.Value)
		}
		ended.Signal() // heard only if reply was not
	}()
	switch p.place(nack) {
	case givenUp:
		return
	case refused:
		l.Err = ErrPoolClosed
	case placed:
		l = p.lendFor()
		got = l.Err == nil && l.panicked == nil
	}
	done = Perform(Choice(
		Wrap(reply.PutOp(l), func(Unit) bool { return true }),
		Wrap(nack, func(Unit) bool { return false }),
	))
}

// lendFor is lend whose panics are for somebody else.
func (p *Pool[T]) lendFor() (l loaned[T]) {
	returned := false
	defer func() {
		if !returned {
			l.panicked = recover() // nil: the fiber ends
		}
	}()
	l.Value, l.Err = p.lend()
	returned = true
	return l
}

// UseOp returns an op that borrows a resource each time it is performed and is ready when
// the op that use returns is; or with the error of Get. Then the resource is idle again. If
// the op loses, the resource is disposed of, as it may be in the middle of something. It is
// borrowed before anything else of what is performed is tried, and that waits meanwhile,
// time-outs included: where this may be long, perform a GetOp first.
//
//go:noinline
func UseOp[T, R any](p *Pool[T], use func(v T) Op[R]) Op[Item[R]] {
	if use == nil {
		panic("cml: UseOp with a nil function")
	}
	return Bracket(
		func() (it Item[T]) {
			it.Value, it.Err = p.Get()
			return it
		},
		func(it Item[T], aborted bool) {
			switch {
			case it.Err != nil:
			case aborted:
				p.Discard(it.Value)
			default:
				p.Put(it.Value)
			}
		},
		func(it Item[T]) Op[Item[R]] {
			if it.Err != nil {
				return Always(Item[R]{Err: it.Err})
			}
			return Wrap(use(it.Value), func(r R) Item[R] { return Item[R]{Value: r} })
		},
	)
}
