package runtime

import (
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// What schedulers note while somebody watches: which fiber runs, how long fibers were
// queued, and, if a recorder is on, each event. A scheduler opens its eyes, and closes
// them, at a turn (publish). While they are closed all of this costs a look at one
// field of its own.
//
// The notes are hints. They are written by the owner without a fence, and read by
// inspectors while they change.
//
// O1: an inspector that reads a note while the owner writes the next one.
//
//	Each note is one word, aligned, so it is read as it was before or after. What is
//	read of a fiber belongs together only if the word of the fiber, read before and
//	after, names the same one, as in K8. Readers and nobody else are excused from the
//	race detector.
//
// Checked by: TestTimePerState, TestInspectorsDuringLife.
type eyes struct {
	s *scheduler
	// running is the fiber that runs, and since when by the scheduler's clock; nil
	// while the root does. Writer: owner. Readers: any (O1).
	running *fiber
	since   int64

	wakes  uint32 // counts wakes, to choose those whose delay is measured exactly
	blocks uint32 // counts waits, to choose those that the profile has

	// delays are how long fibers were queued, of those that were measured. Writer:
	// owner. Readers: any.
	delays latencies
	// late are the fibers that were queued longest of late, of each spawn site one.
	// Writer: owner. Readers: any.
	late [lateSites]stdatomic.Pointer[lateness]

	rec  *Recorder // what is on; nil: none. Owner's
	ring *ring     // the part of it that is the scheduler's. Owner's
}

const (
	delayEvery = 32                    // of how many wakes one is measured
	lateFrom   = 20 * time.Millisecond // a queueing that is worth a note
	lateFor    = 10 * time.Second      // how long it is
	lateSites  = 8
)

// A queueTime is when a fiber was queued, by the clock of its runtime; 0: it is not, or
// not known. The lowest bit says that it is exact; without it, it may be up to turnTime
// too early. It belongs to the owner of the record; inspectors read it (O1).
type queueTime int64

// A lateness is one fiber that was queued for long.
type lateness struct {
	fiber uint64
	name  string
	site  *site
	fn    uintptr
	delay time.Duration
	at    int64 // when it ran at last, by wait.Now
}

// openEyes opens the eyes of s, and says at each turn that it turns. Owner only, and only
// its root, who calls it when no fiber runs.
func (s *scheduler) openEyes() {
	e := s.eyes
	if e == nil {
		e = &eyes{s: s}
		s.eyes = e
		s.seen.Store(e)
	}
	e.running = nil
	if r := s.rt.recording.Load(); r != e.rec {
		e.rec, e.ring = r, nil
		if r != nil {
			e.ring = r.ringOf(s)
		}
	}
	s.turned.Store(s.now)
}

// closeEyes closes them.
func (s *scheduler) closeEyes() {
	s.eyes = nil
	s.seen.Store(nil)
}

// spawned notes that f, which the owner has made, is queued now.
func (e *eyes) spawned(f *fiber) {
	m := f.more.Load()
	if m == nil {
		return
	}
	if e.wakes++; e.wakes%delayEvery == 0 {
		m.queue = queueTime(e.s.rt.clock() | 1)
	} else {
		m.queue = queueTime(e.s.now)
	}
	if e.ring == nil {
		return
	}
	e.ring.add(evSpawn, f.id(), m.parent, 0)
	if h := f.handle.Load(); h != nil {
		e.rec.named(f.id(), h.Name())
	}
}

// self returns the number of the fiber that runs, or 0.
func (e *eyes) self() uint64 {
	if e.running == nil {
		return 0
	}
	return e.running.id()
}

// runs notes that f runs now.
func (e *eyes) runs(f *fiber) {
	s := e.s
	e.running, e.since = f, s.now
	m := f.more.Load()
	if m == nil {
		return
	}
	if q := m.queue; q != 0 {
		m.queue = 0
		e.delayed(f, m, q)
	}
	if e.ring != nil {
		e.ring.add(evRun, f.id(), 0, 0)
	}
}

// delayed notes how long f was queued.
func (e *eyes) delayed(f *fiber, m *more, q queueTime) {
	s := e.s
	now := s.now
	if q&1 != 0 {
		now = s.rt.clock()
		e.delays.add(time.Duration(now - int64(q)))
	}
	d := time.Duration(now - int64(q))
	if d < lateFrom {
		return
	}
	at := wait.Now()
	place, least := &e.late[0], time.Duration(1<<62)
	for i := range e.late {
		l := e.late[i].Load()
		if l != nil && at-l.at < int64(lateFor) {
			if l.site == m.site {
				if d <= l.delay+l.delay/8 {
					return
				}
				place, least = &e.late[i], -1
				break
			}
			if l.delay < least {
				place, least = &e.late[i], l.delay
			}
		} else if least >= 0 {
			place, least = &e.late[i], 0
		}
	}
	if least > d {
		return
	}
	l := &lateness{fiber: f.id(), site: m.site, fn: f.code(m), delay: d, at: at}
	if h := f.handle.Load(); h != nil {
		l.name = h.Name()
	}
	place.Store(l)
}

// woke notes that f, which the owner has woken, is queued now.
func (e *eyes) woke(f *fiber, by uint64) {
	if e.wakes++; e.wakes%delayEvery == 0 {
		f.queued(e.s.rt.clock() | 1)
	} else {
		f.queued(e.s.now)
	}
	if e.ring != nil {
		e.ring.add(evWake, f.id(), by, 0)
	}
}

// fired notes that f, whose timer has fired, is queued now; due is when the first of
// those that fired was due.
func (e *eyes) fired(f *fiber, due int64) {
	f.queued(due)
	e.event(evWake, f, 0)
}

// queued notes when f was queued. The caller owns it.
func (f *fiber) queued(at int64) {
	if m := f.more.Load(); m != nil {
		m.queue = queueTime(at)
	}
}

// code returns the address of the function that f was spawned with. Owner only.
func (f *fiber) code(m *more) uintptr {
	if m != nil && m.origin != 0 {
		return m.origin
	}
	if f.fn == nil {
		return 0
	}
	return entry(f.fn)
}

// At implements wait.Waiter.
func (f *fiber) At(place any, why wait.Reason) {
	m := f.more.Load()
	if m == nil {
		if place == nil {
			return
		}
		m = &more{again: f.rt.sim == nil}
		f.more.Store(m)
	}
	m.place = place
	if place == nil {
		if m.block.start != 0 {
			m.block.over(f.rt)
		}
		return
	}
	if e := f.co.sched.eyes; e != nil {
		if e.blocks++; e.blocks%blockEvery == 0 {
			m.block.begin(f.rt, why)
		}
		if e.ring != nil {
			e.ring.place = wait.Address(place)
		}
	}
}
