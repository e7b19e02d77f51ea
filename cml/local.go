package cml

import (
	"unsafe"
	"weak"

	"github.com/seed222ee791/fibers/internal/wait"
)

// What is used again, so that waiting allocates nothing.
//
// A fiber or goroutine keeps one thing from one operation to the next: the offer by which
// it has waited in a channel last (entry.go), in its own place (wait.Waiter.Scratch). All
// else lies in a local, of which each scheduler has one (wait.Waiter.Shared), and each
// plain goroutine. What was given back last is taken first: so what a fiber that waits
// holds is what it waits by, and of a thousand fibers that do so one after the other all
// use the same few records.
//
// L1: whose a local is.
//
//	The caller's, from where it asks for it until it waits, or calls a function of a
//	user, which may: it may go on at another scheduler. So nobody notes it, in a
//	performance or across such a call. What it gives out is the caller's alone.
//
// A record is given back only when nobody else knows it (W6 and W7 in commit.go, S6 in
// entry.go, G1 in source.go); if that cannot be told, the garbage collector has it.
type local struct {
	perfs spares[performance]
	kinds [6]any // *spares[R] of offers and registrations, of various types
	evict uint8  // which of them goes when one type more comes
	wakes wakes  // of a critical section; empty outside
	// The contexts that PerformContext has seen, and the ops for them: see doneOf.
	contexts *[knownContexts]knownContext
}

// A knownContext is the op for a context, by its Done channel.
type knownContext struct {
	ctx  <-chan struct{}
	done weak.Pointer[doneOp]
}

const knownContexts = 16

// caller returns the calling fiber or goroutine, which must be given back by
// wait.Release, and its local.
func caller() (wait.Waiter, *local) {
	w := wait.Current()
	return w, localOf(w)
}

// localOf returns the local of w, the caller.
func localOf(w wait.Waiter) *local {
	place := w.Shared()
	l, ok := (*place).(*local)
	if !ok {
		l = &local{}
		*place = l
	}
	return l
}

// local returns the local of the performer: L1.
func (p *performance) local() *local { return localOf(p.w) }

// A spares has records of one type that nobody uses.
type spares[R any] struct {
	free []*R // the one used last at the end
	made int  // how many there are at least, or have been
	most int  // how many are kept; 0: not reckoned yet
	// with, if it has a method Prepare, makes ready what is new: see FromSource.
	with any
}

const (
	// mostKept bounds the records of one type that a local keeps, and mostBytesKept their
	// bytes, if there are more than leastKept; mostAtOnce how many
	// are made at a time, of that many bytes at most: as many as have been made before, so
	// that who needs one makes one.
	mostKept        = 1024
	leastKept       = 16
	mostBytesKept   = 512 << 10
	mostAtOnce      = 8
	mostBytesAtOnce = 4096
)

// take returns the record that was used last, or nil.
func (s *spares[R]) take() *R {
	n := len(s.free) - 1
	if n < 0 {
		return nil
	}
	r := s.free[n]
	s.free[n] = nil
	s.free = s.free[:n]
	return r
}

// put puts r among the spares, if there is room.
func (s *spares[R]) put(r *R) {
	if len(s.free) >= s.most && len(s.free) >= s.bound() {
		return
	}
	s.free = append(s.free, r)
}

// bound returns how many are kept, by their size.
func (s *spares[R]) bound() int {
	if s.most == 0 {
		var r R
		s.most = min(mostKept, max(leastKept, mostBytesKept/int(max(1, unsafe.Sizeof(r)))))
	}
	return s.most
}

// Do makes more records. It implements wait.Chore.
func (s *spares[R]) Do() {
	var r R
	n := min(max(s.made, 1), mostAtOnce, max(1, mostBytesAtOnce/int(max(1, unsafe.Sizeof(r)))))
	s.made += n
	rs := make([]R, n)
	for i := range rs {
		any(&rs[i]).(interface{ init() }).init()
		if p, ok := s.with.(interface{ Prepare(r *R) }); ok {
			p.Prepare(&rs[i])
		}
		s.put(&rs[i])
	}
}

// get returns a record, a new one if need be.
func (s *spares[R]) get() *R {
	r := s.take()
	if r == nil {
		s.Do()
		r = s.take()
	}
	return r
}

// foresee sees to it that there is a record. The caller is about to wait: what that takes
// must not make its stack grow.
func (s *spares[R]) foresee() {
	if len(s.free) == 0 {
		wait.Roomy(s)
	}
}

// prepare is foresee for records that src prepares, if it can. Where nobody will wait it
// stays on the caller's stack.
func (s *spares[R]) prepare(src any, here bool) {
	s.with = src
	defer func() { s.with = nil }()
	if here {
		s.Do()
	} else {
		s.foresee()
	}
}

// sparesOf returns the spares of records of type R.
func sparesOf[R any](l *local) *spares[R] {
	for i := range l.kinds {
		if s, ok := l.kinds[i].(*spares[R]); ok {
			return s
		}
	}
	return newSpares[R](l)
}

//go:noinline
func newSpares[R any](l *local) *spares[R] {
	at := int(l.evict) % len(l.kinds)
	l.evict++
	s := &spares[R]{}
	l.kinds[at] = s
	return s
}

// loan returns an offer that is blank but for its cell.
func loan[T any](l *local) *offer[T] { return sparesOf[offer[T]](l).get() }

// repay takes back an offer that nobody else knows any more.
func repay[T any](l *local, o *offer[T]) {
	o.s, o.w, o.n = nil, nil, 0
	o.blank()
	sparesOf[offer[T]](l).put(o)
}

// blank clears what an operation has left in o, which nobody else knows any more.
func (o *offer[T]) blank() {
	clear1(&o.v)
	o.obj, o.from, o.moved = nil, nil, false
	if o.done.Load() {
		o.done = flag{} // nobody looks
	}
}
