package runtime

import (
	"slices"

	"github.com/seed222ee791/fibers/internal/gstatus"
)

// Stalled schedulers: schedulers that their fiber keeps.
//
// A fiber may wait in Go's way (a channel, a mutex, time.Sleep, a file, a library that
// does so), or compute for long. Then its goroutine keeps the baton of the scheduler,
// and nobody else can run there. So a scheduler has a seat, and can lose it: a runtime
// has as many seats as it was given schedulers, and each is held by one scheduler that
// can switch fibers. With the seat go the wheel, the core and the index.
//
//	      replace                      its fiber parks or ends
//	seated ──────▶ unseated ──────────────────────▶ ended
//	  ▲                 │
//	  └─────────────────┘
//	       reclaim
//
// Whoever finds a stalled scheduler (the understudy, or the monitor: see there) has a stand-in
// replace it, which is a scheduler like any other. The fiber that comes back goes on
// running, as a goroutine among goroutines; when it leaves the baton, at its next park or
// at its end, the scheduler without seat ends. If it goes on to post work instead, again and
// again, and its stand-in has fallen asleep, it takes the seat back (reclaim). So there are never more schedulers that
// take fibers than seats, however many fibers wait in Go's way, and whoever waits so
// again and again costs nothing more. This takes the place of preemption by a clock (the hz
// of Guile Fibers) and of Go's hand-off at blocking calls; the seat is the P of Go.
//
// # Shared
//
//	unseated  of each scheduler. Writers: replace and reclaim, under rt.mu and idle.mu.
//	          Readers: any.
//	attend    how many sleepers and stalled schedulers there are. Writers: any. Readers: who
//	          posts work.
//	legacies  stalled schedulers whose queues were too long to be emptied by replace: legacy.go.
//	running   of each scheduler: the fiber that runs there, a hint. Writer: owner.
//
// # Argument
//
// U1: what a stalled scheduler's queues hold, and who takes it.
//
//	replace sets unseated, then counts the stalled scheduler in attend, then has the stand-in empty
//	the queues, by stealing. Who posts work puts it in its queue, then looks at attend.
//	Either the put comes before the stand-in's look at that queue, which takes the fiber
//	then; or the poster sees that there is somebody to attend to, finds itself without a
//	seat, and moves all that its queues hold to the injector. Where both do, each fiber
//	is taken by one of them: stealing and popping see to that. A stalled scheduler with
//	queues that are too long is listed among the legacies until they have been seen empty,
//	under rt.mu, so that it has been stalled all the time since replace; U1 holds from then
//	on, as the poster's moves do. Who lists it wakes a sleeper, as after a push (W1).
//
//	A root posts, too, to its own queues: what timers and descriptors have waked, and what a
//	turn moves there. It looks at unseated after that, before it switches to a fiber, and
//	ends if it has no seat. So whoever runs a fiber without a seat has posted nothing since
//	it lost it but by attend.
//
// U2: a stalled scheduler that sleeps.
//
//	A scheduler without seat must not sleep as one of the idle: it would be woken for
//	work. Announce (idle.go) and replace hold idle.mu: either the scheduler is in the list,
//	and replace gives up, or it sees in Announce that it has no seat, and ends. A root that
//	searches when it loses its seat is counted as a searcher until it sees that.
//
// U3: replace by mistake.
//
//	The status of a goroutine may be over when it is acted upon, and a fiber may park
//	between the two. Then a scheduler that would have gone on ends at its next pick, and
//	the stand-in does what it would have done. No harm is done beyond the cost.
//
// U6: reclaim.
//
//	Either the stand-in is in the list of sleepers, and taken out, under idle.mu: so it
//	holds nothing, and nobody else has woken it. It is given its permit as by a waker,
//	counted as a searcher, finds itself without a seat, and ends. Or it is about to look
//	for work, and sees before it sleeps that it has no seat (U2); if it finds some first, it
//	runs that, and ends at the next pick. In either case it hands on what it holds.
//
// U4: a timer that a stalled scheduler sets.
//
//	It lies in the wheel of the seat, which the stand-in looks at. The stalled scheduler sets it,
//	then looks at unseated, and wakes a sleeper if it has no seat; replace sets unseated
//	before the stand-in can sleep. So the one looks later than the other (W3).
//
// Checked by: docs/models/stalled.pml (spin, with mutants; U1, U2), TestStalled….

// plundered is how many fibers a stand-in takes from a stalled scheduler before it runs any.
const plundered = 8

// replace gives the seat of v, which its fiber keeps, to t, which has none and belongs to
// the caller, with what v's queues hold. It reports false if that is not to be.
func (rt *Runtime) replace(v, t *scheduler, computes bool) bool {
	rt.mu.Lock()
	seats := *rt.schedulers.Load()
	i := slices.Index(seats, v)
	if i < 0 || rt.stopping.Load() {
		rt.mu.Unlock()
		return false
	}
	id := &rt.idle
	id.mu.Lock()
	if v.sleepIndex >= 0 { // U2
		id.mu.Unlock()
		rt.mu.Unlock()
		return false
	}
	v.unseated.Store(true) // U1
	id.attend.Inc()
	id.mu.Unlock()
	t.takeSeat(v)
	rt.mu.unseated[v] = struct{}{}
	rt.mu.standIns++
	if computes {
		rt.hog(v, true)
	} else {
		rt.mu.blockers.note(v)
	}
	// U1. The locks are those of others who look after stalled schedulers; nobody waits long.
	left := t.plunder(&v.runQueue, plundered)
	if left {
		rt.legacies.add(v)
	}
	seats = slices.Clone(seats)
	seats[i] = t
	rt.schedulers.Store(&seats)
	v.nudged.Store(true)
	v.pin.Rest()
	rt.mu.Unlock() // from here on v may end, and be a stand-in elsewhere
	v.pin.LetGo()
	if left {
		rt.wakeForWork()
	}
	return true
}

// blocked reports whether the fiber that runs on s waits in Go's way, or is in a system
// call; and whether such a wait is brief, most often. It says no where that is not known.
// From anywhere.
func (s *scheduler) blocked() (yes, brief bool) {
	f := fiberAt(s.running.get())
	if f == nil || !s.rt.sighted {
		return false, false
	}
	switch gstatus.Of(f.g.get()) {
	case gstatus.Calling, gstatus.Queued:
		return true, true
	case gstatus.Waiting:
		return true, false
	}
	return false, false
}

// attend is called after a push by one whose runtime has sleepers or stalled schedulers, and
// reports whether it was a stalled scheduler itself: then what it holds has been handed on.
func (s *scheduler) attend() (unseated bool) {
	if !s.unseated.Load() { // U1
		return false
	}
	if s.given++; s.given >= reclaimAfter && s.reclaim() {
		return false
	}
	s.disown()
	s.rt.wakeForWork()
	return true
}

// reclaimAfter is how often a stalled scheduler gives away what it has posted before it asks for
// its seat: one that waits in Go's way again soon does better without.
const reclaimAfter = 8

// reclaim takes the seat back, if the stand-in that has it runs nothing. Owner only.
func (s *scheduler) reclaim() bool {
	rt := s.rt
	id := &rt.idle
	if t := (*rt.schedulers.Load())[s.index]; t.running.get() != 0 {
		return false
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	seats := slices.Clone(*rt.schedulers.Load())
	t := seats[s.index]
	id.mu.Lock()
	asleep := t.sleepIndex >= 0
	if rt.stopping.Load() || t.running.get() != 0 {
		id.mu.Unlock()
		return false
	}
	if asleep { // U6
		id.searching.Inc()
		id.remove(t)
	}
	t.unseated.Store(true)
	rt.legacies.remove(s) // first: those who are listed have no seat
	s.unseated.Store(false)
	s.wheel.unattended.Store(false)
	id.mu.Unlock()
	delete(rt.mu.unseated, s)
	rt.mu.unseated[t] = struct{}{}
	s.given = 0
	s.held = freshMost                     // H4
	if s.plunder(&t.runQueue, plundered) { // U1
		rt.legacies.add(t) // s wakes others, if there are any: it has posted
	}
	s.before = t.before.plus(t).minus(past{}.plus(s))
	rt.hog(s, false)
	seats[s.index] = s
	rt.schedulers.Store(&seats)
	s.stalled.Store(false)
	t.nudged.Store(true)
	t.pin.Rest()
	s.pin.Again()
	if asleep {
		rt.summonMonitor()
		t.permit()
	}
	return true
}

// hog notes whether the fiber of a stalled scheduler computes; mu is held.
func (rt *Runtime) hog(v *scheduler, computes bool) {
	if v.computes == computes {
		return
	}
	v.computes = computes
	if computes {
		rt.mu.hogs[v] = struct{}{}
	} else {
		delete(rt.mu.hogs, v)
	}
	rt.hogs.Store(int32(len(rt.mu.hogs)))
}

// judgeUnseated looks which stalled schedulers compute by now: one that did may wait, and one that
// waited may have much to do with what it has got. There may be very many of the latter:
// it looks at some, others each time.
func (rt *Runtime) judgeUnseated() {
	const some = 16
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for v := range rt.mu.hogs {
		if !v.busy() {
			rt.hog(v, false)
		}
	}
	n := 0
	for v := range rt.mu.unseated {
		if n++; n > some {
			return
		}
		if v.busy() {
			rt.hog(v, true)
		}
	}
}

// busy reports whether the fiber that runs on s is seen to run, or to be ready to.
func (s *scheduler) busy() bool {
	f := fiberAt(s.running.get())
	if f == nil || !s.rt.sighted {
		return false
	}
	st := gstatus.Of(f.g.get())
	return st == gstatus.Running || st == gstatus.Ready
}

// disown moves all that the queues of s hold to the injector. Owner only.
func (s *scheduler) disown() { s.drain(s.rt.injector) }
