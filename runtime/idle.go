package runtime

// The idle protocol: no scheduler sleeps beside a runnable fiber, and no wake-up
// is paid for that is not needed.
//
// A wake costs the waker some 15 µs and reaches the sleeper 10 to 80 µs later,
// a thousand times what a fiber switch costs. So schedulers search for a moment
// before they sleep, one is woken at a time, and none while another searches.
//
// # States of a scheduler
//
//	running ──▶ searching ──▶ sleepy ──▶ asleep ──▶ searching (woken)
//	   ▲            │            │           └────▶ running   (time-out)
//	   └────────────┴────────────┘ work found
//
// At most half of those awake search; the others go from running to sleepy.
//
// # Shared
//
//	searching  how many search. Writers: any, atomically.
//	nsleep     how many are in the list. Writers: under mu. Readers: any.
//	attend     nsleep, and the number of stalled schedulers (U1 in stalled.go). Likewise.
//	list       the sleepers; a waker takes the last. Under mu.
//
// # Posting work
//
//	PushWork     put the fiber in a queue
//	ReadSleepers nsleep = 0 or searching > 0: return
//	Claim        CAS searching 0→1, or return
//	Take         under mu: take the last sleeper; none: searching−1, return
//	Wake         its permit; it starts as the searcher counted by Claim
//
// # Falling asleep
//
//	Announce     under mu: into the list, nsleep+1; searching−1 if it searched
//	Recheck      look at every queue once more
//	Sleep        until the permit comes, or the time; in a futex, by the bell
//	             (bell_linux.go), parked as goroutines are (mixed.go), or as the
//	             poller in epoll (poller_linux.go), where work may come too
//
// # Argument
//
// W1: a push and a scheduler that falls asleep.
//
//	Either ReadSleepers comes first or Announce. ReadSleepers first: PushWork
//	came before it, hence before Recheck, which sees the work. Announce first:
//	ReadSleepers sees a sleeper; if it returns because of a searcher, that
//	searcher's own decrement is still to come. A searcher decrements in Announce,
//	after which it rechecks; when it has found work (or timers that are due, or
//	the end), after which the last one posts again, for the work that it did not
//	take; and in Take, in the section of mu that saw the list empty. Who announces
//	after that section rechecks later than the push; all others are awake, and
//	recheck before they sleep.
//
//	A sleeper that gets work by itself, from its timers or as the poller, is awake
//	as soon as it does, though still in the list: it takes the work, and posts for
//	the rest as a last searcher does (found).
//
// W2: a fiber in another's next place or ring.
//
//	Recheck does not count it as work if there is a watcher: most often its
//	scheduler takes it in well under a microsecond. But who falls asleep while
//	others are awake and nobody watches is the watcher: it sleeps for 50 µs to 1 ms
//	at a time, and takes a fiber that it has seen twice in the same next place,
//	with no turn of its scheduler between, or half of a ring that is stealable
//	(steal.go). It is the last to be woken for work. Putting a fiber there wakes
//	nobody if there is a watcher; if there is none (all fell asleep, and then one
//	was woken) it wakes one, which finds nothing and becomes the watcher. The
//	monitor, which is up while anyone is, sees to what is left over: it wakes a
//	sleeper when it finds work waiting at two looks in a row, and when nobody
//	sleeps, it watches alone (monitor.go). A scheduler where a fiber had to wait
//	for the watcher wakes others at once for a while (eager): its fibers go on
//	after they have woken others. Where timers fire all the time, one who falls asleep
//	watches though all others sleep, for 1 ms at a time: wheel_slack.go.
//
// W3: a timer and a scheduler that falls asleep.
//
//	Who sets a timer on a scheduler is awake: it looks at its own wheel at its next
//	turn and at all of them before it sleeps, in the section of mu in which it says
//	how long. A stand-in that retires wakes another for it. Who sets one from
//	outside wakes a sleeper as after a push (W1): Announce is in the same section of
//	mu as the look at the wheels. If the scheduler that is to look does not come
//	soon, others who run see the timer at a turn of theirs (wheel.go), or the watcher
//	or the monitor does.
//
// W4, W5, W6: the poller. See poller_linux.go.
//
// The type knows no more of schedulers than that they are idlers, and of their runtime that it
// is a workplace: so the interleaver can run it alone (-tags model).
//
// Checked by: docs/models/idle.pml (spin, with mutants); TestIdlersModel, TestIdlersWatchModel,
// TestIdlersTimeModel, which run this source, and TestMutantsOfIdlersModel (W1, W2, and the times
// of W3); TestIdleStress, TestWorkConservation….

import (
	"math"
	"time"

	"github.com/seed222ee791/fibers/internal/pad"
)

// idlers are the schedulers of a runtime as they look for work, fall asleep and are woken.
type idlers struct {
	at workplace // constant

	_         pad.Line
	searching count
	nsleep    count
	attend    count
	active    count // seats whose scheduler has a root
	watched   bit   // a watcher is among the sleepers. Written under mu
	_         pad.Line
	mu        struct {
		lock
		list  []idler
		until int64 // when the first of them wakes by itself; never earlier than that
	}
}

// A workplace is where idlers look for work: a Runtime.
type workplace interface {
	posted() bool    // there is a fiber that a searcher would find at once
	woken() bool     // there is one in a ring
	workWaits() bool // there is any, or a timer that is due
	busy() bool      // timers fire all the time: there is slack
	alarm() int64    // when one who sleeps is to see to timers, or never
	summonMonitor()  // somebody has left the sleepers: M1
}

// A sleeper is what the idlers keep for one of them.
type sleeper struct {
	delay time.Duration // how long it watches next; the owner's
	// Under idlers.mu.
	sleepIndex int32 // index in the list, -1 if awake
	timekeeper bool  // wakes by itself at idlers.mu.until
	watcher    bool  // see W2
}

// An idler is one who looks for work, and sleeps if there is none: a scheduler. All but bed,
// wake and polls are for its own calls of sleep.
type idler interface {
	bed() *sleeper                                    // where it lies; constant
	lieDown() bool                                    // in Announce, under mu: it has a seat (U2), and is about to sleep
	recheck() (up bool)                               // Recheck: it has taken a fiber, or there is another reason not to sleep
	doze(d time.Duration, watches bool) (permit bool) // Sleep: for d, or for ever if that is negative
	await()                                           // takes a permit that is on its way
	wake()                                            // gives it its permit, wherever it is
	polls() bool                                      // it waits for descriptors; a hint
}

const (
	never = math.MaxInt64

	watchMin = 50 * time.Microsecond
	watchMax = time.Millisecond
)

func (id *idlers) init(at workplace) {
	id.at = at
	id.mu.until = never
}

// maySearch reports whether one more may search, and counts it.
func (id *idlers) maySearch() bool {
	for {
		n := id.searching.Load()
		if 2*n >= id.active.Load()-id.nsleep.Load() && n > 0 {
			return false
		}
		if id.searching.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// doneSearching takes leave of the searchers, with work.
func (id *idlers) doneSearching() {
	if id.searching.Dec() == 0 && id.nsleep.Load() > 0 && id.needed() {
		id.wakeForWork()
	}
}

// found is called by one who has found work: it takes leave of the searchers, if
// it is one, and wakes a sleeper as a last searcher does.
func (id *idlers) found(searching bool) {
	if searching {
		id.doneSearching()
	} else if id.nsleep.Load() > 0 && id.needed() {
		id.wakeForWork()
	}
}

// needed reports whether a sleeper should take the caller's place among those
// who look: there is work, or a next place that nobody watches (W2).
func (id *idlers) needed() bool {
	return id.at.posted() || !id.watched.Load() && id.at.workWaits()
}

// wakeForWork is called after every push that others should know of.
func (id *idlers) wakeForWork() {
	if id.nsleep.Load() == 0 || id.searching.Load() != 0 {
		return // W1: ReadSleepers
	}
	id.wakeOne()
}

// wakeOne goes through Claim, Take and Wake.
func (id *idlers) wakeOne() {
	if !id.searching.CompareAndSwap(0, 1) {
		return
	}
	id.mu.Lock()
	if len(id.mu.list) == 0 {
		id.searching.Dec()
		id.mu.Unlock()
		return
	}
	s := id.choose()
	id.remove(s)
	id.mu.Unlock()
	id.at.summonMonitor()
	s.wake()
}

// wakeAll wakes all there are, at the end of the runtime, as searchers.
func (id *idlers) wakeAll() {
	for {
		id.mu.Lock()
		n := len(id.mu.list)
		if n == 0 {
			id.mu.Unlock()
			return
		}
		s := id.mu.list[n-1]
		id.searching.Inc()
		id.remove(s)
		id.mu.Unlock()
		s.wake()
	}
}

// choose returns the sleeper to be woken: the one who fell asleep last, but the
// watcher (W2) and the poller (W6) only if there is no other. mu is held.
func (id *idlers) choose() idler {
	l := id.mu.list
	last := l[len(l)-1]
	for i := len(l) - 1; i >= 0; i-- {
		if s := l[i]; !s.bed().watcher {
			if !s.polls() {
				return s
			}
			last = s
		}
	}
	return last
}

// add puts s, the caller, into the list; mu is held.
func (id *idlers) add(s idler) {
	s.bed().sleepIndex = int32(len(id.mu.list))
	id.mu.list = append(id.mu.list, s)
	id.nsleep.Inc()
	id.attend.Inc()
}

// remove takes s out of the list; mu is held.
func (id *idlers) remove(s idler) {
	b, l := s.bed(), id.mu.list
	copy(l[b.sleepIndex:], l[b.sleepIndex+1:])
	l[len(l)-1] = nil
	id.mu.list = l[:len(l)-1]
	for i := int(b.sleepIndex); i < len(id.mu.list); i++ {
		id.mu.list[i].bed().sleepIndex = int32(i)
	}
	b.sleepIndex = -1
	if b.timekeeper {
		b.timekeeper = false
		id.mu.until = never
	}
	if b.watcher {
		b.watcher = false
		id.watched.Store(false)
	}
	id.nsleep.Dec()
	id.attend.Dec()
}

// sleep goes through Announce, Recheck and Sleep. slept is false if s must not sleep. woken
// says that a waker has taken it out of the list: it is a searcher now. If not, it is none.
func (id *idlers) sleep(s idler, searching bool, now int64) (woken, slept bool) {
	b := s.bed()
	id.mu.Lock()
	if !s.lieDown() { // U2
		id.mu.Unlock()
		return false, false
	}
	id.add(s)
	if searching {
		id.searching.Dec()
	}
	d := id.patience(b, now)
	watches := b.watcher // patience may have made it that
	id.mu.Unlock()

	up := s.recheck() || !id.watched.Load() && id.at.woken() // W2
	if !up && s.doze(d, watches) {
		return true, true
	}
	// Not woken by anyone: a time-out, work, or the end.
	id.mu.Lock()
	woken = b.sleepIndex < 0
	if !woken {
		id.remove(s)
	}
	id.mu.Unlock()
	id.at.summonMonitor() // M1: leave, then look
	if woken {            // a waker was faster, and counts on it
		s.await()
	}
	return woken, true
}

// mayWatch reports whether one who falls asleep, while there is slack, is to be the watcher: if
// there is none, or the one that there is is the timekeeper, whom it relieves. mu is held.
func (id *idlers) mayWatch() bool {
	if !id.watched.Load() {
		return true
	}
	for _, s := range id.mu.list {
		if b := s.bed(); b.watcher && b.timekeeper {
			b.watcher = false
			return true
		}
	}
	return false
}

// patience is how long the last in the list, who lies in b, may sleep; negative means for
// ever. mu is held.
func (id *idlers) patience(b *sleeper, now int64) time.Duration {
	wake := int64(never)
	if busy := id.at.busy(); busy && id.mayWatch() || !id.watched.Load() && len(id.mu.list) < int(id.active.Load()) {
		b.delay = min(max(2*b.delay, watchMin), watchMax)
		if busy {
			b.delay = watchMax
		}
		wake = now + int64(b.delay)
		b.watcher = true
		id.watched.Store(true)
	} else {
		b.delay = 0
	}
	if next := id.at.alarm(); next < id.mu.until {
		wake = min(wake, next)
	}
	if wake == never {
		return -1
	}
	if wake < id.mu.until {
		id.mu.until = wake
		b.timekeeper = true
	}
	return max(time.Duration(wake-now), 0)
}
