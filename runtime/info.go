package runtime

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A FiberState tells what a fiber is doing.
type FiberState uint8

const (
	// Runnable fibers run, or wait in a queue to run: see FiberInfo.Scheduler.
	Runnable FiberState = iota
	// Waiting fibers wait for something: see FiberInfo.Reason.
	Waiting
)

// String returns the state's name.
func (s FiberState) String() string {
	if s == Waiting {
		return "waiting"
	}
	return "runnable"
}

// An Object is something that fibers wait at, by what it is and where it lies.
type Object struct {
	Kind string // "channel", "mutex", "task", "timer", …; "choice" for several
	ID   uint64 // its address, by which it can be told from others; 0: not known
}

// String returns the kind and the address.
func (o Object) String() string {
	if o.ID == 0 {
		return o.Kind
	}
	return fmt.Sprintf("%s %#x", o.Kind, o.ID)
}

// FiberInfo describes a fiber at the moment when it was looked at.
type FiberInfo struct {
	ID     uint64
	Name   string
	State  FiberState
	Reason string // what it waits for
	// For is how long it has waited, within some milliseconds; how long it has run or
	// been queued, if that is known.
	For time.Duration
	// Func is the function that it was spawned with.
	Func string

	// What follows is known of fibers that were spawned while somebody watched: see
	// Watch.

	// Site is where it was spawned, file:line.
	Site string
	// Parent is the fiber that spawned it, 0 if none did.
	Parent uint64
	// Age is how long ago it was spawned.
	Age time.Duration
	// Running says that it runs, on the scheduler of that index.
	Running   bool
	Scheduler int
	// Wants is what it waits at: of waits that began while somebody watched.
	Wants Object
}

// Doing returns what the fiber is doing, in one word: "running", "queued", "waiting",
// or "runnable" where it is one of the first two and not known which.
func (i FiberInfo) Doing() string {
	switch {
	case i.State == Waiting:
		return "waiting"
	case i.Running:
		return "running"
	case i.For > 0:
		return "queued"
	}
	return "runnable"
}

// String returns the facts on one line.
func (i FiberInfo) String() string {
	s := fmt.Sprintf("fiber %d", i.ID)
	if i.Name != "" {
		s += fmt.Sprintf(" %q", i.Name)
	}
	s += " [" + i.State.String()
	switch {
	case i.State == Waiting:
		s += fmt.Sprintf(": %s, %v", i.Reason, i.For.Round(time.Millisecond))
	case i.Running:
		s += fmt.Sprintf(": on scheduler %d, %v", i.Scheduler, i.For.Round(time.Millisecond))
	case i.For > 0:
		s += fmt.Sprintf(": queued, %v", i.For.Round(time.Millisecond))
	}
	s += "]"
	if i.Func != "" {
		s += " " + i.Func
	}
	if i.Site != "" {
		s += " spawned at " + i.Site
	}
	return s
}

// Watch has all runtimes, those to come too, note what inspection shows beyond what it
// can see by itself, until the function that is returned is called: where and by whom
// each fiber is spawned, at which objects fibers wait, and who has the locks; which
// fiber runs on which scheduler; how long fibers are queued. Any number may watch.
//
// It costs some 0.1 µs a spawn and 112 bytes a fiber, and tens of nanoseconds a wait; while
// nobody watches, up to 3 % of the instructions: docs/design/0009-inspection.md.
func Watch() (stop func()) { return wait.Watch() }

// Watch watches, as the function Watch does, until the runtime is closed.
func (rt *Runtime) Watch() {
	rt.check("Watch")
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.mu.unwatch == nil && !rt.stopping.Load() {
		rt.mu.unwatch = Watch()
	}
}

// Fibers describes the fibers that are alive, by ID. It stops nobody: what it
// returns is no single moment's state, but each line was true at some moment
// during the call. A fiber that waits is taken hold of for an instant, and may
// see its wait end early, which it does not notice but for a few nanoseconds.
func (rt *Runtime) Fibers() []FiberInfo {
	var infos []FiberInfo
	for info := range rt.EachFiber {
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(a, b FiberInfo) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return infos
}

// EachFiber calls visit for each fiber that is alive, in no order, until visit
// returns false: as Fibers, for those who need only some of a million.
func (rt *Runtime) EachFiber(visit func(FiberInfo) bool) {
	rt.check("EachFiber")
	l := rt.lookout()
	n := 0
	rt.records.each(func(f *fiber) bool {
		if n++; n%lookBatch == 0 {
			goruntime.Gosched() // nobody is to be late because of us
			l.now = rt.clock()
		}
		alive := l.readFiber(f)
		return !alive || visit(l.info())
	})
}

// lookBatch is how many records are looked at before others get to run.
const lookBatch = 512

// A lookout looks at fibers, one after the other.
type lookout struct {
	rt      *Runtime
	now     int64
	running map[*fiber]*scheduler
	divides bool // the parts of a wait at several places are wanted too

	// Of the fiber looked at last:
	f     *fiber
	word  uint64
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
	l := &lookout{rt: rt, now: rt.clock(), running: make(map[*fiber]*scheduler)}
	for _, s := range rt.allSchedulers() {
		if f := fiberAt(s.running.get()); f != nil && wait.Watched() {
			l.running[f] = s
		}
	}
	return l
}

// allSchedulers returns those with a seat, then the stalled schedulers that have lost theirs.
func (rt *Runtime) allSchedulers() []*scheduler {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	all := slices.Clone(*rt.schedulers.Load())
	for s := range rt.mu.unseated {
		all = append(all, s)
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
		state := w & stateMask
		if state == stateFree {
			return false
		}
		id := w >> idShift
		l.f, l.word, l.name, l.fn, l.since, l.on, l.place = f, w, "", 0, 0, -1, nil
		l.parts, l.from = l.parts[:0], origins{}
		if h := f.handle.Load(); h != nil && h.id == id {
			l.name = h.Name()
		}
		m := f.more.Load()
		switch {
		case state == stateParked && f.word.CompareAndSwap(w, w&^stateMask|stateHeld):
			l.read(m)
			f.letGo(w)
			return true
		case state == stateHeld && tries < 1000:
			goruntime.Gosched() // another inspector has it, for an instant
		case state != stateParked:
			fn, origin, queue, from := f.glance(m)
			if f.word.Load()>>idShift != id { // K8
				continue
			}
			l.from = from
			if origin != 0 {
				l.fn = origin
			} else if fn != nil {
				l.fn = entry(fn)
			}
			if s := l.running[f]; s != nil {
				l.on, l.since = s.index, l.ranSince(s)
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
func (l *lookout) waits() bool {
	state := l.word & stateMask
	return state == stateParked || state == stateHeld
}

// reason returns why.
func (l *lookout) reason() wait.Reason { return wait.Reason(l.word & reasonMask >> reasonShift) }

// info describes the fiber looked at last.
func (l *lookout) info() FiberInfo {
	i := FiberInfo{ID: l.word >> idShift, Name: l.name, Running: l.on >= 0, Scheduler: max(l.on, 0)}
	if l.since > 0 {
		i.For = time.Duration(max(l.now-l.since, 0))
	}
	if l.waits() {
		why := l.reason()
		i.State, i.Reason = Waiting, why.String()
		i.For = max(i.For, 0)
		i.Wants = Object{Kind: why.Kind()}
		if l.place != nil {
			i.Wants.ID = uint64(wait.Address(l.place))
		}
	}
	fn := (*site)(nil)
	if l.fn != 0 {
		fn = entries.of(l.fn, resolveEntry)
		i.Func = fn.fn
	}
	i.Parent = l.from.parent
	if s := l.from.where(); s != nil {
		i.Site = s.place
		if fn == nil || fn.ours {
			i.Func = s.fn // the library's own says nothing
		}
		i.Age = time.Duration(max(0, millis(l.now)-l.from.spawn)) * time.Millisecond
	}
	return i
}

// letGo parks a held fiber again, as its word parked says, or queues it if it was
// unparked meanwhile (K6).
func (f *fiber) letGo(parked uint64) {
	if f.word.CompareAndSwap(parked&^stateMask|stateHeld, parked) {
		return
	}
	f.rouse()
	f.rt.inject(f)
}
