//go:build model

package runtime

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The idle protocol through every order of its accesses: run with
//
//	go test -tags model -run 'Idlers.*Model$' ./runtime
//
// The source that runs is idle.go. What it sees of schedulers and of their queues is made
// here, and so small that all orders can be tried. A scenario is a script for each actor:
//
//	f  a scheduler looks for work until it has a fiber, and runs that
//	n  a scheduler puts a fiber in its next place, r in its ring, s in its deque
//	z  a scheduler that has fallen asleep before anything else happens: comes first
//	p  somebody outside pushes a fiber
//	0  the time of scheduler 0 has come, if it sleeps for a time; so 1
//
// A scheduler whose script is over computes for ever. One that nobody wakes sleeps for ever.
type idleScenario struct {
	scripts []string
	timer   bool // there is one that is not due
	slack   bool // timers fire all the time
	reach   []string
	opts    []simsched.Option
}

// A town is a workplace.
type town struct {
	idlers
	queue, ring, place simsched.Int32 // how many fibers: the injector and the deques, rings, next places
	timer, slack       bool
	hands              []*hand
	reached            map[string]int
}

// A hand is one of its idlers.
type hand struct {
	*town
	sleeper
	as       wait.Waiter
	scripted string
	ran      int
	d        time.Duration // for which it sleeps
	// How it is woken. Each is written with a step of the waiter, and read after one.
	permit, rung bool
	got          bool // a fiber, in Recheck
}

const modelledTimer = 1 << 40

func (w *town) posted() bool    { return w.queue.Load() > 0 }
func (w *town) woken() bool     { return w.ring.Load() > 0 }
func (w *town) workWaits() bool { return w.posted() || w.woken() || w.place.Load() > 0 }
func (w *town) summonMonitor()  {}
func (w *town) busy() bool      { return w.slack }
func (w *town) alarm() int64 {
	if w.timer {
		return modelledTimer
	}
	return never
}

// take takes a fiber that a searcher would find.
func (w *town) take() bool {
	for {
		n := w.queue.Load()
		if n == 0 {
			return false
		}
		if w.queue.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

func (h *hand) bed() *sleeper { return &h.sleeper }
func (h *hand) lieDown() bool { return true }
func (h *hand) polls() bool   { return false }

func (h *hand) recheck() bool {
	h.got = h.take()
	up := h.got || h.posted()
	if up {
		h.reached["up at the recheck"]++
	}
	return up
}

func (h *hand) doze(d time.Duration, _ bool) (permit bool) {
	simsched.Unobserved(false)
	for h.d = d; ; {
		h.as.Wait(wait.None)
		switch {
		case h.permit:
			h.permit = false
			h.reached["woken"]++
			return true
		case h.rung && d >= 0:
			h.rung = false
			h.reached["timed out"]++
			return false
		}
	}
}

func (h *hand) await() {
	for h.as.Wait(wait.None); !h.permit; {
		h.as.Wait(wait.None)
	}
	h.permit = false
	h.reached["woken too late"]++
}

func (h *hand) wake() {
	h.as.Unpark()
	if h.permit {
		panic("two permits")
	}
	h.permit = true
}

// ring has the time come for which h sleeps.
func (h *hand) ring() {
	h.as.Unpark()
	h.rung = true
}

// find is scheduler.find, and scheduler.sleep.
func (h *hand) find() {
	for searching := false; ; {
		if !searching {
			searching = h.maySearch()
		}
		if searching && h.take() {
			h.doneSearching()
			break
		}
		searching, _ = h.sleep(h, searching, 0)
		if h.got {
			h.got = false
			h.found(searching)
			break
		}
	}
	h.ran++
}

// schedules reports whether h is a scheduler.
func (h *hand) schedules() bool { return strings.ContainsAny(h.scripted, "zfnrs") }

// play does what a script says.
func (h *hand) play(script string) {
	for _, c := range script {
		switch c {
		case 'f', 'z':
			h.find()
		case 'n': // runNext
			h.place.Add(1)
			if h.attend.Load() != 0 && h.nsleep.Load() != 0 && !h.watched.Load() {
				h.wakeForWork()
			}
		case 'r': // wakeForWoken
			h.town.ring.Add(1)
			if h.attend.Load() != 0 && h.nsleep.Load() != 0 && !h.watched.Load() {
				h.wakeForWork()
			}
		case 's': // posted
			h.queue.Add(1)
			if h.attend.Load() != 0 {
				h.wakeForWork()
			}
		case 'p':
			h.queue.Add(1)
			h.wakeForWork()
		default:
			h.hands[c-'0'].ring()
		}
	}
}

func newTown(sc idleScenario, reached map[string]int) *town {
	w := &town{timer: sc.timer, slack: sc.slack, reached: reached}
	w.init(w)
	for i, script := range sc.scripts {
		h := &hand{town: w, as: simsched.Party(i), scripted: script}
		h.sleepIndex = -1
		w.hands = append(w.hands, h)
		if h.schedules() {
			w.active.Inc()
		}
	}
	return w
}

// begin plays the script of h. One that is to be asleep falls asleep at once.
func (h *hand) begin() {
	simsched.Unobserved(strings.HasPrefix(h.scripted, "z"))
	h.play(h.scripted)
}

// trouble tells what is wrong at the end, if anything is.
func (w *town) trouble(end simsched.End) string {
	asleep, schedulers, timed, watching := 0, 0, false, false
	for i, h := range w.hands {
		if h.schedules() {
			schedulers++
		}
		switch {
		case !end.Waits[i] && (h.sleepIndex >= 0 || h.permit):
			return fmt.Sprintf("%d is awake, and in the list, or has a permit left", i)
		case !end.Waits[i]:
		case end.Locked[i]:
			return fmt.Sprintf("%d waits for the lock", i)
		case h.sleepIndex < 0 || h.permit:
			return fmt.Sprintf("%d sleeps, and is not in the list, or has a permit", i)
		default:
			asleep++
			watching = watching || h.watcher && h.d >= 0
			timed = timed || h.timekeeper && h.d >= 0
			if w.mu.list[h.sleepIndex] != idler(h) {
				return fmt.Sprintf("%d is elsewhere in the list", i)
			}
		}
	}
	switch {
	case len(w.mu.list) != asleep, int(w.nsleep.Load()) != asleep, int(w.attend.Load()) != asleep:
		return fmt.Sprintf("%d sleep; in the list %d, nsleep %d, attend %d", asleep, len(w.mu.list), w.nsleep.Load(), w.attend.Load())
	case w.searching.Load() != 0:
		return fmt.Sprintf("searching is %d", w.searching.Load())
	case w.watched.Load() != watching:
		return fmt.Sprintf("watched is %v, and one watches: %v", w.watched.Load(), watching)
	case asleep == 0:
	case w.queue.Load() > 0:
		return "work is queued beside a sleeper" // W1
	case w.ring.Load()+w.place.Load() > 0 && !watching:
		return "somebody was woken beside a sleeper, and nobody watches" // W2
	case w.slack && !watching:
		return "there is slack, and nobody watches"
	case w.timer && asleep == schedulers && !timed:
		return "all sleep, and nobody keeps the time" // W3
	}
	return ""
}

// outcome tells of each scheduler how many fibers it has run, and whether it sleeps, or watches.
func (w *town) outcome(end simsched.End) string {
	var s []string
	for i, h := range w.hands {
		if h.schedules() {
			how := ""
			if end.Waits[i] && h.watcher {
				how = "w"
			} else if end.Waits[i] {
				how = "z"
			}
			s = append(s, fmt.Sprint(h.ran, how))
		}
	}
	return strings.Join(s, " ")
}

// playIdle runs all orders of sc.
func playIdle(t *testing.T, sc idleScenario) {
	seen, reached := map[string]int{}, map[string]int{}
	simsched.Explore(t, func() ([]func(), func(simsched.End)) {
		w := newTown(sc, reached)
		var actors []func()
		for _, h := range w.hands {
			actors = append(actors, h.begin)
		}
		return actors, func(end simsched.End) {
			seen[w.outcome(end)]++
			if wrong := w.trouble(end); wrong != "" {
				t.Fatalf("%s: %s", w.outcome(end), wrong)
			}
		}
	}, sc.opts...)
	for _, want := range sc.reach {
		if reached[want] == 0 && seen[want] == 0 {
			t.Errorf("%q was never reached", want)
		}
	}
	t.Log(slices.Sorted(maps.Keys(seen)), reached)
}

func playIdles(t *testing.T, scs []idleScenario) {
	for _, sc := range scs {
		t.Run(strings.Join(sc.scripts, " "), func(t *testing.T) { playIdle(t, sc) })
	}
}

// few bounds scenarios of which there are too many orders.
var few = []simsched.Option{simsched.Preemptions(2)}

// W1: pushes, and schedulers that search, fall asleep, and are woken.
func TestIdlersModel(t *testing.T) {
	playIdles(t, []idleScenario{
		{scripts: []string{"f", "p"}, reach: []string{"1", "woken", "woken too late", "up at the recheck"}},
		{scripts: []string{"z", "f", "p"}, reach: []string{"0w 1", "0z 1", "1 0w", "woken too late"}},
		{scripts: []string{"z", "p", "p"}, reach: []string{"1"}},
		{scripts: []string{"z", "z", "p", "p"}, reach: []string{"1 1"}},
		{scripts: []string{"zf", "f", "p"}, reach: []string{"1w 0z", "0w 1"}},
		{scripts: []string{"z", "zs", "p"}, reach: []string{"1 1"}},
		{scripts: []string{"z", "z", "fs", "p"}, reach: []string{"0w 1 1", "0w 1 0z"}, opts: few},
		{scripts: []string{"f", "f", "p"}, reach: []string{"1 0w", "0w 1", "0z 1"}, opts: few},
		{scripts: []string{"z", "f", "p", "p"}, reach: []string{"1 1"}, opts: few},
		{scripts: []string{"f", "f", "p", "p"}, reach: []string{"1 1"}, opts: few},
	})
}

// W2: the next place and the ring of one who goes on, with and without a watcher.
func TestIdlersWatchModel(t *testing.T) {
	playIdles(t, []idleScenario{
		{scripts: []string{"z", "n"}, reach: []string{"0w 0"}},
		{scripts: []string{"z", "f", "n"}, reach: []string{"0w 0z 0"}},
		{scripts: []string{"z", "f", "r"}, reach: []string{"0w 0z 0"}},
		{scripts: []string{"z", "z", "n", "0"}, reach: []string{"0w 0z 0", "0z 0w 0", "timed out", "woken"}},
		{scripts: []string{"z", "z", "r", "0"}, reach: []string{"0w 0z 0", "0z 0w 0", "timed out", "woken"}},
		{scripts: []string{"z", "z", "n", "p"}, reach: []string{"0w 1 0"}},
		{scripts: []string{"z", "z", "n", "p", "0"}, reach: []string{"0w 1 0", "1 0w 0"}, opts: few},
		{scripts: []string{"z", "z", "zn", "p", "0"}, reach: []string{"0w 0z 1", "0z 0w 1", "1 0z 0z"}},
		{scripts: []string{"z", "z", "zr", "p", "0"}, reach: []string{"0w 0z 1", "0z 0w 1", "1 0z 0z"}},
		{scripts: []string{"f", "f", "r", "p"}, reach: []string{"0w 1 0", "1 0w 0"}, opts: few},
	})
}

// A time-out beside a waker, and who keeps the time.
func TestIdlersTimeModel(t *testing.T) {
	playIdles(t, []idleScenario{
		{scripts: []string{"z", "p", "0"}, timer: true, reach: []string{"1", "woken too late", "timed out"}},
		{scripts: []string{"z", "0", "0"}, timer: true, reach: []string{"0z", "timed out"}},
		{scripts: []string{"z", "z", "p", "0"}, timer: true, reach: []string{"0w 1", "1 0w", "1 0z"}},
		{scripts: []string{"z", "z", "p", "0", "1"}, timer: true, reach: []string{"0w 1", "1 0w", "1 0z"}},
		{scripts: []string{"z", "z", "p", "0"}, timer: true, slack: true, reach: []string{"0w 1", "1 0w"}},
		{scripts: []string{"z", "z", "n", "0"}, timer: true, slack: true, reach: []string{"0z 0w 0", "timed out"}},
		{scripts: []string{"z", "f", "p", "0"}, timer: true, reach: []string{"0w 1", "1 0w"}, opts: few},
	})
}
