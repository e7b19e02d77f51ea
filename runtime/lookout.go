package runtime

// How inspectors look at a fiber that they do not own. One that waits they take hold of for
// an instant (K6); of one that does not they read what may be read, and believe it if the
// word says the same fiber before and after (K8).

import (
	goruntime "runtime"
	"time"

	"github.com/seed222ee791/fibers/internal/parkword"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A lookout looks at fibers, one after the other.
type lookout struct {
	rt      *Runtime
	now     int64
	running map[*fiber]runner
	divides bool // the parts of a wait at several places are wanted too

	// Of the fiber looked at last:
	f     *fiber
	word  parkword.Seen
	from  origins
	name  string
	fn    uintptr
	since int64 // when it began to do what it does; 0: not known
	on    int   // which scheduler runs it, −1 for none
	place any   // where it waits
	parts []wait.Part
}

// lookout returns a lookout for rt.
func (rt *Runtime) lookout() *lookout {
	l := &lookout{rt: rt, now: rt.clock(), running: make(map[*fiber]runner)}
	for _, r := range rt.allSchedulers() {
		if f := fiberAt(r.s.running.get()); f != nil && wait.Watched() {
			l.running[f] = r
		}
	}
	return l
}

// A runner is a scheduler, and the index that it had when it was looked up.
type runner struct {
	s     *scheduler
	index int
}

// allSchedulers returns those with a seat, then the stalled schedulers that have lost theirs.
func (rt *Runtime) allSchedulers() []runner {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	var all []runner
	for i, s := range *rt.schedulers.Load() {
		all = append(all, runner{s, i})
	}
	for s := range rt.mu.unseated {
		all = append(all, runner{s, s.index})
	}
	return all
}

// reading returns the note of what runs (O1).
//
//go:norace
func (e *eyes) reading() (f *fiber, since int64) { return e.running, e.since }

// glance reads the plain fields of a fiber that the caller does not hold: K8.
//
//go:norace
func (f *fiber) glance(m *more) (code func(), origin uintptr, queue queueTime, from origins) {
	if m != nil {
		origin, queue, from = m.origin, m.queue, m.origins
	}
	return f.fn, origin, queue, from
}

// readFiber reads what f is and does. It reports whether it is alive.
func (l *lookout) readFiber(f *fiber) (alive bool) {
	for tries := 0; ; tries++ {
		w := f.word.Load()
		if w.Free() {
			return false
		}
		id := w.ID()
		l.f, l.word, l.name, l.fn, l.since, l.on, l.place = f, w, "", 0, 0, -1, nil
		l.parts, l.from = l.parts[:0], origins{}
		if h := f.handle.Load(); h != nil && h.id == id {
			l.name = h.Name()
		}
		m := f.more.Load()
		switch {
		case f.word.Hold(w): // K6
			l.read(m)
			if !f.word.LetGo(w) {
				f.rt.inject(f)
			}
			return true
		case w.Held() && tries < 1000:
			goruntime.Gosched() // another inspector has it, for an instant
		case !w.Parked():
			fn, origin, queue, from := f.glance(m)
			if f.word.ID() != id { // K8
				continue
			}
			l.from = from
			if origin != 0 {
				l.fn = origin
			} else if fn != nil {
				l.fn = entry(fn)
			}
			if r, ok := l.running[f]; ok {
				l.on, l.since = r.index, l.ranSince(r.s)
			} else {
				l.since = int64(queue)
			}
			return true
		}
		// It changed while we looked.
	}
}

// ranSince returns since when s has run the fiber looked at: as it has noted, or since it
// last turned, or since the fiber was spawned.
func (l *lookout) ranSince(s *scheduler) int64 {
	if e := s.seen.Load(); e != nil {
		if f, since := e.reading(); f == l.f {
			return since
		}
	}
	since := s.turned.Load()
	if since == 0 && l.from.pc != 0 {
		since = l.now - max(0, millis(l.now)-l.from.spawn)*int64(time.Millisecond)
	}
	return since
}

// read reads the plain fields of the fiber, which the caller holds.
func (l *lookout) read(m *more) {
	f := l.f
	// The wait may have begun after now, and the count may have wrapped.
	l.since = l.now - f.waited(l.now)*int64(time.Millisecond)
	l.fn = f.code(m)
	if m == nil {
		return
	}
	l.place, l.from = m.place, m.origins
	if p, several := l.place.(wait.Performance); several && l.divides {
		l.parts = p.Parts(l.parts)
	}
}

// waits reports whether the fiber waits.
func (l *lookout) waits() bool { return l.word.Waits() }

// reason returns why.
func (l *lookout) reason() wait.Reason { return l.word.Reason() }
