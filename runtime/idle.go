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
//	after they have woken others.
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
// Checked by: docs/models/idle.pml (spin, with mutants), TestIdleStress,
// TestWorkConservation….

import (
	"math"
	goruntime "runtime"
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/pad"
)

type idlers struct {
	_         pad.Line
	searching atomic.Int32
	nsleep    atomic.Int32
	attend    atomic.Int32
	watched   atomic.Bool // a watcher is among the sleepers. Written under mu
	_         pad.Line
	mu        struct {
		sync.Mutex
		list  []*scheduler
		until int64 // when the first of them wakes by itself; never earlier than that
	}
}

const (
	never = math.MaxInt64

	watchMin = 50 * time.Microsecond
	watchMax = time.Millisecond
)

// find returns a fiber to run, waiting until there is one, or nil if the root
// has to end. Root only.
func (s *scheduler) find() *fiber {
	rt := s.rt
	searching := false
	for {
		if rt.stopping.Load() || s.unseated.Load() {
			if searching {
				rt.doneSearching()
			}
			return nil
		}
		if f := s.pickLocal(); f != nil {
			if searching {
				rt.doneSearching()
			}
			return f
		}
		if s.lookIn() > 0 {
			s.receive()
			f := s.pickLocal()
			s.found(searching)
			if f != nil {
				return f
			}
			searching = false
		}
		if !searching {
			searching = rt.maySearch()
		}
		if searching {
			if f := s.search(); f != nil {
				rt.doneSearching()
				return f
			}
		}
		var f *fiber
		if f, searching = s.sleep(searching); f != nil {
			return f
		}
	}
}

// maySearch reports whether one more may search, and counts it.
func (rt *Runtime) maySearch() bool {
	id := &rt.idle
	for {
		n := id.searching.Load()
		if 2*n >= rt.active.Load()-id.nsleep.Load() && n > 0 {
			return false
		}
		if id.searching.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// doneSearching takes leave of the searchers, with work.
func (rt *Runtime) doneSearching() {
	if rt.idle.searching.Dec() == 0 && rt.idle.nsleep.Load() > 0 && rt.needed() {
		rt.wakeForWork()
	}
}

// needed reports whether a sleeper should take the caller's place among those
// who look: there is work, or a next place that nobody watches (W2).
func (rt *Runtime) needed() bool {
	return rt.posted() || !rt.idle.watched.Load() && rt.workWaits()
}

// wakeForWork is called after every push that others should know of.
func (rt *Runtime) wakeForWork() {
	if rt.idle.nsleep.Load() == 0 || rt.idle.searching.Load() != 0 {
		return // W1: ReadSleepers
	}
	rt.wakeOne()
}

func (rt *Runtime) wakeOne() {
	id := &rt.idle
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
	rt.summonMonitor()
	s.wokenAt.Store(rt.clock())
	s.permit()
}

// choose returns the sleeper to be woken: the one who fell asleep last, but the
// watcher (W2) and the poller (W6) only if there is no other. mu is held.
func (id *idlers) choose() *scheduler {
	l := id.mu.list
	last := l[len(l)-1]
	for i := len(l) - 1; i >= 0; i-- {
		if s := l[i]; !s.watcher {
			if !s.polls() {
				return s
			}
			last = s
		}
	}
	return last
}

// remove takes s out of the list; mu is held.
func (id *idlers) remove(s *scheduler) {
	l := id.mu.list
	copy(l[s.sleepIndex:], l[s.sleepIndex+1:])
	l[len(l)-1] = nil
	id.mu.list = l[:len(l)-1]
	for i := int(s.sleepIndex); i < len(id.mu.list); i++ {
		id.mu.list[i].sleepIndex = int32(i)
	}
	s.sleepIndex = -1
	if s.timekeeper {
		s.timekeeper = false
		id.mu.until = never
	}
	if s.watcher {
		s.watcher = false
		id.watched.Store(false)
	}
	id.nsleep.Dec()
	id.attend.Dec()
}

// sleep goes through Announce, Recheck and Sleep. It returns a fiber if the
// recheck found one, and whether the scheduler is a searcher now.
func (s *scheduler) sleep(searching bool) (f *fiber, nowSearching bool) {
	rt := s.rt
	id := &rt.idle
	s.publish(true)
	now := rt.clock()
	s.now = now
	if s.fireAll(now) {
		f = s.pickLocal()
		s.found(searching)
		return f, false
	}

	id.mu.Lock()
	if s.unseated.Load() { // U2
		id.mu.Unlock()
		return nil, searching
	}
	s.wheel.unattended.Store(true)
	s.sleepIndex = int32(len(id.mu.list))
	id.mu.list = append(id.mu.list, s)
	id.nsleep.Inc()
	id.attend.Inc()
	if searching {
		id.searching.Dec()
	}
	wait, watches := s.patience(now), s.watcher
	id.mu.Unlock()

	rt.checkDrained()
	ended := 0 // waits for descriptors
	// A look may find nothing where others' luck was better; what follows is exact.
	if f = s.sweep(); f == nil && !rt.stopping.Load() && !rt.posted() && (id.watched.Load() || !rt.woken()) {
		s.counts.sleeps++
		s.pin.LetGo()
		rt.excuseMonitor(now) // M1: announce, then look
		parks := s.parks(now)
		if !parks && rt.understudy.state.Load() == called {
			goruntime.Gosched() // let it see that it is not needed: it is in the way of the wake-up
		}
		var permit bool
		if permit, ended = s.doze(wait, parks, watches); permit {
			s.afterSleep()
			s.came()
			s.receive()
			return nil, true
		}
	}
	// Not woken by anyone: a time-out, work, or the end.
	id.mu.Lock()
	listed := s.sleepIndex >= 0
	if listed {
		id.remove(s)
	}
	id.mu.Unlock()
	rt.summonMonitor() // M1: leave, then look
	if !listed {       // a waker was faster, and counts on us
		s.parker.Wait(-1)
	}
	s.afterSleep()
	if !listed {
		s.came()
	}
	if f == nil {
		if listed && s.fireAll(s.now) || ended > 0 { // the time-out of a timekeeper; a poller
			s.receive()
			f = s.pickLocal()
			s.found(!listed)
			return f, false
		}
		return nil, !listed
	}
	s.found(!listed)
	return f, false
}

// found is called by one who has found work: it takes leave of the searchers, if
// it is one, and wakes a sleeper as a last searcher does.
func (s *scheduler) found(searching bool) {
	if searching {
		s.rt.doneSearching()
	} else if s.rt.idle.nsleep.Load() > 0 && s.rt.needed() {
		s.rt.wakeForWork()
	}
}

// came notes how long it took to come when called.
func (s *scheduler) came() {
	if !s.rt.stopping.Load() && !s.unseated.Load() { // which call too, without a time: see reclaim
		s.wakeUps.add(time.Duration(s.now - s.wokenAt.Load()))
	}
}

// afterSleep is what a root does when it comes back from a wait.
func (s *scheduler) afterSleep() {
	s.now = s.rt.clock()
	s.yieldedAt = s.now
	s.countdown = s.interval
	if !s.unseated.Load() { // the wheel may be another's: see reclaim
		s.wheel.unattended.Store(false)
	}
}

// patience is how long s, the last in the list, may sleep; negative means for
// ever. mu is held.
func (s *scheduler) patience(now int64) time.Duration {
	id := &s.rt.idle
	wake := int64(never)
	if !id.watched.Load() && len(id.mu.list) < int(s.rt.active.Load()) {
		s.watched.delay = min(max(2*s.watched.delay, watchMin), watchMax)
		if s.watched.sighted() {
			s.watched.delay = watchMin
		}
		wake = now + int64(s.watched.delay)
		s.watcher = true
		id.watched.Store(true)
	} else {
		s.watched.delay = 0
	}
	if next := s.rt.nextTimer(); next < id.mu.until {
		wake = min(wake, next)
	}
	if wake == never {
		return -1
	}
	if wake < id.mu.until {
		id.mu.until = wake
		s.timekeeper = true
	}
	return max(time.Duration(wake-now), 0)
}
