package runtime

import (
	"slices"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/wait"
)

// counts are a scheduler's own, written by its owner without any fence.
type counts struct {
	turns, ended, parks, wakes                uint64
	searches, stolen, sleeps, processorYields uint64
	fired, polls, lost                        uint64
}

// published is a copy that others may read, made at each turn and before each
// sleep. What it says may be some turnPicks switches old.
type published struct {
	turns, ended, parks, wakes                stdatomic.Uint64
	searches, stolen, sleeps, processorYields stdatomic.Uint64
	fired, polls, lost                        stdatomic.Uint64
	pinChecks, pinRight, pinMoves             stdatomic.Uint64
}

// publish brings published up to date; at turns, where it is a cost, all of it
// only now and then. Owner only.
func (s *scheduler) publish(all bool) {
	c, p := &s.counts, &s.published
	c.turns++
	p.turns.Store(c.turns)
	if c.ended != p.ended.Load() {
		p.ended.Store(c.ended)
	}
	if wait.Watched() {
		s.openEyes()
	} else if s.eyes != nil {
		s.closeEyes()
	}
	if c.turns&7 != 0 && !all {
		return
	}
	p.parks.Store(c.parks)
	p.wakes.Store(c.wakes)
	p.searches.Store(c.searches)
	p.stolen.Store(c.stolen)
	p.sleeps.Store(c.sleeps)
	p.processorYields.Store(c.processorYields)
	p.fired.Store(c.fired)
	p.polls.Store(c.polls)
	p.lost.Store(c.lost)
	l := s.pin.Looks()
	p.pinChecks.Store(l.Checks)
	p.pinRight.Store(l.Right)
	p.pinMoves.Store(l.Moves)
}

// Stats is what a runtime has done so far. The counters of running schedulers
// may lag by some dozens of switches, at most about a millisecond's.
type Stats struct {
	Schedulers []SchedulerStats // one for each that runs fibers: as many as the runtime was given
	Fibers     int              // alive
	Spawned    uint64           // fibers made so far
	Coroutines int              // idle ones that no scheduler holds
	StandIns   uint64           // how often a stand-in took the place of a stalled scheduler
	Unseated   int              // schedulers that have lost their place so, and whose fiber still waits or computes
	Blocking   BlockingStats    // calls of Blocking
	Blockers   []Blocker        // where fibers wait in Go's way, the most frequent first, ten at most; on amd64 and arm64, but not on Windows
	Pinned     bool             // schedulers are locked to cores
	PinError   error            // why they are not, though they should be
	Poller     string           // how descriptors are waited for: "epoll", or "portable" where there is none
	Switch     string           // how fibers change stacks: "direct" or "iter.Pull"; the package's comment says when which
}

// SchedulerStats are the counters of one scheduler.
type SchedulerStats struct {
	Index   int
	StandIn bool // it has taken the place of a stalled one, whose counters it goes on with
	CPU     int  // the core it is locked to, −1 for none
	Asleep  bool // has nothing to do
	// Fiber is what it runs, 0 for none, and For how long it has run that without a
	// turn; known while somebody watches.
	Fiber           uint64
	For             time.Duration
	Queued          int    // fibers in its queues
	Spawned         uint64 // fibers made on it
	Ended           uint64 // fibers that ended on it
	Parks           uint64 // waits begun on it
	Wakes           uint64 // fibers that its fibers woke
	Searches        uint64 // times it looked for work at the others
	Stolen          uint64 // fibers that it took from others
	Lost            uint64 // attempts at that in which another was faster
	Sleeps          uint64 // times it slept for want of work
	ProcessorYields uint64 // times it let the process's other goroutines run, at most one a millisecond
	Passes          uint64 // times its root looked at timers and old ends
	Fired           uint64 // timers that it fired, its own and others'
	Polls           uint64 // times it waited for descriptors, being the poller

	// WakeUps are the times from when somebody woke the scheduler, most often because
	// there was work, until it came. What wakes it as the poller (an event of a
	// descriptor), or by its time, is not counted.
	WakeUps Latencies

	// Delays are how long fibers that were woken or spawned were queued until they ran,
	// one of 32, while somebody watches.
	Delays Latencies

	// OnCore is the share of looks, one a millisecond of running, at which it was on
	// its core; 1 if it is locked to none.
	OnCore float64
	// Moves counts how often a thread was pinned for it: after sleeps, and when it was
	// found on another one.
	Moves uint64
}

// Stats returns what rt has done so far. It stops nobody.
func (rt *Runtime) Stats() Stats {
	rt.check("Stats")
	st := Stats{
		Fibers:     rt.NumFibers(),
		Coroutines: rt.pool.size(),
		Poller:     pollerOf(),
		Switch:     coro.Kind(),
		Blocking:   rt.offloads.stats(),
		Blockers:   rt.topBlockers(),
	}
	rt.mu.Lock()
	st.StandIns = rt.mu.standIns
	st.PinError = rt.mu.pinErr
	st.Spawned = rt.spawned.Load() - rt.refused.Load() + rt.mu.retired.spawned
	for s := range rt.mu.unseated {
		st.Spawned += s.spawned.Load()
	}
	st.Unseated = len(rt.mu.unseated)
	defer rt.mu.Unlock() // nobody takes a seat meanwhile
	st.Pinned = rt.conf.pinning && st.PinError == nil
	now := rt.clock()
	rt.idle.mu.Lock()
	asleep := slices.Clone(rt.idle.mu.list)
	rt.idle.mu.Unlock()
	for _, s := range *rt.schedulers.Load() {
		st.Spawned += s.spawned.Load()
		p := &s.published
		ss := SchedulerStats{
			Index: s.index, StandIn: s.standIn, CPU: -1,
			Asleep:  slices.Contains(asleep, idler(s)),
			Queued:  s.length(),
			Spawned: s.spawned.Load(),
			Ended:   p.ended.Load(), Parks: p.parks.Load(), Wakes: p.wakes.Load(),
			Searches: p.searches.Load(), Stolen: p.stolen.Load(), Sleeps: p.sleeps.Load(),
			ProcessorYields: p.processorYields.Load(), Passes: p.turns.Load(), Fired: p.fired.Load(), Polls: p.polls.Load(),
			Lost: p.lost.Load(), WakeUps: s.wakeUps.read(), OnCore: 1, Moves: p.pinMoves.Load(),
		}
		if st.Pinned {
			ss.CPU = rt.conf.cpus[s.index%len(rt.conf.cpus)]
			if n := p.pinChecks.Load(); n > 0 {
				ss.OnCore = float64(p.pinRight.Load()) / float64(n)
			}
		}
		ss.add(&s.before)
		if e := s.seen.Load(); e != nil {
			ss.Delays = e.delays.read()
			if f, since := e.reading(); f != nil && !ss.Asleep {
				ss.Fiber, ss.For = f.id(), time.Duration(max(now-since, 0))
			}
		}
		st.Schedulers = append(st.Schedulers, ss)
	}
	return st
}

// totals are the counters of stand-ins that have retired.
type totals struct{ spawned, ended uint64 }

// past are the counters of those who had a seat before.
type past struct{ spawned, ended, parks, wakes, searches, stolen, lost, sleeps, processorYields, turns, fired, polls, moves uint64 }

// plus returns p and what v has counted since it had the seat.
func (p past) plus(v *scheduler) past {
	u := &v.published
	return past{
		p.spawned + v.spawned.Load(), p.ended + u.ended.Load(), p.parks + u.parks.Load(), p.wakes + u.wakes.Load(),
		p.searches + u.searches.Load(), p.stolen + u.stolen.Load(), p.lost + u.lost.Load(), p.sleeps + u.sleeps.Load(),
		p.processorYields + u.processorYields.Load(), p.turns + u.turns.Load(), p.fired + u.fired.Load(), p.polls + u.polls.Load(),
		p.moves + u.pinMoves.Load(),
	}
}

// minus returns p without q.
func (p past) minus(q past) past {
	return past{
		p.spawned - q.spawned, p.ended - q.ended, p.parks - q.parks, p.wakes - q.wakes,
		p.searches - q.searches, p.stolen - q.stolen, p.lost - q.lost, p.sleeps - q.sleeps,
		p.processorYields - q.processorYields, p.turns - q.turns, p.fired - q.fired, p.polls - q.polls,
		p.moves - q.moves,
	}
}

// add adds what those have counted who had the seat before.
func (ss *SchedulerStats) add(p *past) {
	ss.Spawned += p.spawned
	ss.Ended += p.ended
	ss.Parks += p.parks
	ss.Wakes += p.wakes
	ss.Searches += p.searches
	ss.Stolen += p.stolen
	ss.Lost += p.lost
	ss.Sleeps += p.sleeps
	ss.ProcessorYields += p.processorYields
	ss.Passes += p.turns
	ss.Fired += p.fired
	ss.Polls += p.polls
	ss.Moves += p.moves
}

func (t *totals) add(s *scheduler) {
	t.spawned += s.spawned.Load()
	t.ended += s.published.ended.Load()
}

func (t *totals) sub(s *scheduler) {
	t.spawned -= s.spawned.Load()
	t.ended -= s.published.ended.Load()
}

// NumFibers returns how many fibers are alive. Fibers that ended within the last
// millisecond may be counted still.
func (rt *Runtime) NumFibers() int {
	rt.check("NumFibers")
	return int(rt.live())
}

// live returns the number of fibers alive.
//
// L1: it adds up the ended first and the spawned second. Both only grow, spawned
// is exact before anyone can see the fiber, ended may lag. So ended as read is at
// most what it was when the second sum began, and spawned as read at least what
// it was then: if they are equal, no fiber was alive at that moment. Otherwise
// the result is at least the number alive then, give or take those that were
// spawned during the sum.
func (rt *Runtime) live() int64 {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	all := *rt.schedulers.Load()
	ended := rt.mu.retired.ended + rt.refused.Load()
	for _, s := range all {
		ended += s.published.ended.Load()
	}
	for s := range rt.mu.unseated {
		ended += s.published.ended.Load()
	}
	spawned := rt.mu.retired.spawned + rt.spawned.Load()
	for _, s := range all {
		spawned += s.spawned.Load()
	}
	for s := range rt.mu.unseated {
		spawned += s.spawned.Load()
	}
	return int64(spawned - ended)
}
