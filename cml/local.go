package cml

import (
	"slices"
	"sync"
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
//	The caller's, from where it asks for it until it waits, if only for a lock, or calls a
//	function of a user, which may: it may go on at another scheduler. So nobody notes it, in
//	a performance or across such a call. What it gives out is the caller's alone.
//
// A record is given back only when nobody else knows it (W6 and W7 in commit.go, S6 in
// entry.go, G1 in source.go); if that cannot be told, the garbage collector has it.
type local struct {
	perfs  spares[performance]
	depots *sync.Map // those of the runtime, by typeOf; nil: there are none
	kinds  [6]any    // *spares[R] of offers and registrations, of various types
	evict  uint8     // which of them goes when one type more comes
	wakes  wakes     // of a critical section; empty outside
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
		l = &local{depots: w.Depots()}
		l.perfs.depots = l.depots
		*place = l
	}
	return l
}

// local returns the local of the performer: L1.
func (p *performance) local() *local { return localOf(p.w) }

// A spares has records of one type that nobody uses: two magazines of them at most, and
// what is more in a depot, from which other schedulers of the runtime take (Bonwick and Adams, Magazines and
// Vmem, 2001). For a fiber often gives back elsewhere than where it has taken; and where many
// wait at once, again and again, what they wait by need not be garbage each time.
type spares[R any] struct {
	free   []*R       // the one used last at the end
	made   int        // how many have been made
	most   int        // how many a magazine has; 0: not reckoned yet
	depot  *sync.Pool // of *[]*R; nil: not looked up yet
	depots *sync.Map  // see local
	// with, if it has a method Prepare, makes ready what is new: see FromSource.
	with any
}

const (
	// mostKept bounds the records of a magazine, and mostBytesKept their bytes, if there are
	// more than leastKept; mostAtOnce how many are made at a time, of that many bytes at
	// most: as many as have been made before, so that who needs one makes one.
	mostKept        = 128
	leastKept       = 8
	mostBytesKept   = 64 << 10
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

// put puts r among the spares.
func (s *spares[R]) put(r *R) {
	if len(s.free) >= 2*s.most {
		s.store()
	}
	s.free = append(s.free, r)
}

// store takes those that have not been used for longest to the depot, a magazine of them, if
// there are two.
//
//go:noinline
func (s *spares[R]) store() {
	if s.most == 0 {
		s.most = max(1, min(mostKept, max(leastKept, mostBytesKept/s.size())))
		return
	}
	if depot := s.shared(); depot != nil {
		full := slices.Clone(s.free[:s.most])
		depot.Put(&full)
	}
	n := copy(s.free, s.free[s.most:])
	clear(s.free[n:])
	s.free = s.free[:n]
}

// shared returns the depot, or nil if there is none. It is emptied by the garbage collector, in
// two of its cycles.
func (s *spares[R]) shared() *sync.Pool {
	if s.depot == nil && s.depots != nil {
		key := typeOf[R]()
		depot, ok := s.depots.Load(key)
		if !ok {
			depot, _ = s.depots.LoadOrStore(key, new(sync.Pool))
		}
		s.depot = depot.(*sync.Pool)
	}
	return s.depot
}

// size returns the size of a record.
func (s *spares[R]) size() int { return int(max(1, unsafe.Sizeof(*new(R)))) }

// Do takes more records from the depot, or makes some. It implements wait.Chore.
func (s *spares[R]) Do() {
	if depot := s.shared(); depot != nil {
		if full, ok := depot.Get().(*[]*R); ok {
			s.free = append(s.free, *full...)
			return
		}
	}
	n := min(max(s.made, 1), mostAtOnce, max(1, mostBytesAtOnce/s.size()))
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
	s := &spares[R]{depots: l.depots}
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
