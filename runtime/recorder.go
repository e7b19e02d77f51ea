package runtime

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// An EventKind says what happened: see Event.
type EventKind uint8

const (
	// EventSpawn: Fiber was spawned, by Other.
	EventSpawn EventKind = iota + 1
	// EventRun: Fiber runs, until the next event of its scheduler says otherwise.
	EventRun
	// EventPark: Fiber waits, for Reason, at Object.
	EventPark
	// EventYield: Fiber let others run.
	EventYield
	// EventWake: Fiber was woken, by Other.
	EventWake
	// EventEnd: Fiber has ended.
	EventEnd
	// EventSteal: the scheduler took Fiber from another one.
	EventSteal
	// EventScheduler: the scheduler began to record; a stand-in that took its seat if Other is 1.
	EventScheduler
)

var eventNames = [...]string{"", "spawn", "run", "park", "yield", "wake", "end", "steal", "scheduler"}

// String returns the name of the kind.
func (k EventKind) String() string {
	if int(k) >= len(eventNames) {
		return "unknown"
	}
	return eventNames[k]
}

const (
	evSpawn, evRun, evPark, evYield = EventSpawn, EventRun, EventPark, EventYield
	evWake, evEnd, evSteal          = EventWake, EventEnd, EventSteal
)

// An Event is one entry of a Recorder.
type Event struct {
	At        time.Duration // since the recorder was started
	Kind      EventKind
	Scheduler int
	Fiber     uint64
	Other     uint64 // who spawned or woke it; 0: no fiber
	Reason    string // of EventPark
	Object    Object // of EventPark
}

// event is an Event as it is kept.
type event struct {
	at           int64
	fiber, other uint64
	on           int32 // the scheduler, whose place may be another by now
	kind         EventKind
	why          wait.Reason
}

// A Recorder keeps the last events of each scheduler of a runtime, as a flight
// recorder: what happened just before somebody asks. Record starts one.
type Recorder struct {
	rt    *Runtime
	start int64 // by the clock of rt
	size  int
	stop  func() // of the watch
	mu    struct {
		sync.Mutex
		rings []*ring
		names map[uint64]string // of fibers that were named when they were spawned
	}
}

// ErrRecording is returned by Record for a runtime that has a recorder.
var ErrRecording = errors.New("fibers: the runtime has a recorder already: Stop it first")

// maxNamed bounds the names that a recorder keeps of fibers that may have ended.
const maxNamed = 10_000

// A ring is what one scheduler keeps. Its owner writes, readers read while it does:
// they leave out what may be overwritten meanwhile (O1).
type ring struct {
	s      *scheduler
	rec    *Recorder
	events []event // a power of two
	next   uint64  // how many there were
	place  uintptr // where the running fiber is about to wait
}

// Record starts a recorder, in which each scheduler keeps its last n events, rounded up
// to a power of two, 32 bytes each; n ≤ 0 stands for 16384. A runtime has one recorder at
// a time: if there is one, the error wraps ErrRecording. It also watches (see Watch).
// Schedulers begin when they turn, within a millisecond if they are not held up; those that
// start later, at once.
//
// An event costs some 30 ns, most of it to read the clock.
func (rt *Runtime) Record(n int) (*Recorder, error) {
	rt.check("Record")
	if n <= 0 {
		n = 16384
	}
	size := 64
	for size < n {
		size *= 2
	}
	r := &Recorder{rt: rt, start: rt.clock(), size: size}
	r.mu.names = make(map[uint64]string)
	if !rt.recording.CompareAndSwap(nil, r) {
		return nil, ErrRecording
	}
	r.stop = Watch()
	for _, s := range *rt.schedulers.Load() {
		s.nudged.Store(true)
	}
	return r, nil
}

// Recorder returns the recorder of rt that has been started and not stopped, or nil.
func (rt *Runtime) Recorder() *Recorder { return rt.recording.Load() }

// Stop ends the recording. What was recorded can still be read. It may be called more
// than once.
func (r *Recorder) Stop() {
	r.rt.recording.CompareAndSwap(r, nil)
	r.stop()
}

// Names returns the names of fibers, by ID, that were spawned with one since r was
// started, the first ten thousand, and of those that are alive.
func (r *Recorder) Names() map[uint64]string {
	r.mu.Lock()
	names := make(map[uint64]string, len(r.mu.names))
	for id, name := range r.mu.names {
		names[id] = name
	}
	r.mu.Unlock()
	r.rt.records.each(func(f *fiber) bool {
		if h := f.handle.Load(); h != nil && len(names) < 2*maxNamed {
			if name := h.Name(); name != "" {
				names[h.id] = name
			}
		}
		return true
	})
	return names
}

// Events returns what the schedulers keep of the last d, in the order of time. While
// they record, the last events may be missing.
func (r *Recorder) Events(d time.Duration) []Event {
	from := r.rt.clock() - int64(d)
	r.mu.Lock()
	rings := slices.Clone(r.mu.rings)
	r.mu.Unlock()
	var all []Event
	for _, g := range rings {
		for _, e := range g.read() {
			if e.at < from || e.kind == 0 {
				continue
			}
			ev := Event{At: time.Duration(e.at - r.start), Kind: e.kind, Scheduler: int(e.on), Fiber: e.fiber}
			if e.kind == evPark {
				ev.Reason, ev.Object = e.why.String(), Object{e.why.Kind(), e.other}
			} else {
				ev.Other = e.other
			}
			all = append(all, ev)
		}
	}
	slices.SortStableFunc(all, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return all
}

// ringOf makes the ring of s.
func (r *Recorder) ringOf(s *scheduler) *ring {
	g := &ring{s: s, rec: r, events: make([]event, r.size)}
	r.mu.Lock()
	r.mu.rings = append(r.mu.rings, g)
	r.mu.Unlock()
	g.begins()
	return g
}

// begins notes that the scheduler begins to record, or to do so in another's seat. Owner only.
func (g *ring) begins() {
	standIn := uint64(0)
	if g.s.standIn {
		standIn = 1
	}
	g.add(EventScheduler, 0, standIn, 0)
}

// named notes the name of a fiber that is spawned.
func (r *Recorder) named(id uint64, name string) {
	r.mu.Lock()
	if len(r.mu.names) < maxNamed {
		r.mu.names[id] = name
	}
	r.mu.Unlock()
}

// add notes an event. Owner only.
func (g *ring) add(kind EventKind, fiber, other uint64, why wait.Reason) {
	e := &g.events[g.next&uint64(len(g.events)-1)]
	e.at, e.fiber, e.other, e.on, e.kind, e.why = g.s.rt.clock(), fiber, other, int32(g.s.index), kind, why
	g.next++
}

// read copies the ring, but for what may be overwritten meanwhile.
//
//go:norace
func (g *ring) read() []event {
	next := g.next
	n := uint64(len(g.events))
	first := uint64(0)
	if next > n {
		first = next - n
	}
	var all []event
	for i := first; i < next; i++ {
		all = append(all, g.events[i&(n-1)])
	}
	if again := g.next; again > first+n { // the oldest have been overwritten
		all = all[min(again-first-n, uint64(len(all))):]
	}
	return all
}

// parks notes that f is about to wait. Called by who settles it.
func (e *eyes) parks(f *fiber, why wait.Reason) {
	if e.ring != nil {
		e.ring.add(evPark, f.id(), uint64(e.ring.place), why)
		e.ring.place = 0
	}
}

// yields notes that f lets others run.
func (e *eyes) yields(f *fiber) {
	f.queued(e.s.now)
	if e.ring != nil {
		e.ring.add(evYield, f.id(), 0, 0)
	}
}

// event notes something of f, if a recorder is on.
func (e *eyes) event(kind EventKind, f *fiber, other uint64) {
	if e.ring != nil {
		e.ring.add(kind, f.id(), other, 0)
	}
}
