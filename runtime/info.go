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

// info describes the fiber looked at last.
func (l *lookout) info() FiberInfo {
	i := FiberInfo{ID: l.word.ID(), Name: l.name, Running: l.on >= 0, Scheduler: max(l.on, 0)}
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
