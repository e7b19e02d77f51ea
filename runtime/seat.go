package runtime

import (
	"slices"
)

// How a scheduler begins and ends. What it has of the runtime while it has a seat is in
// stalled.go.

// addScheduler makes a scheduler with a seat of its own and starts its root.
func (rt *Runtime) addScheduler() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	seats := slices.Clone(*rt.schedulers.Load())
	s := newScheduler(rt)
	s.index = len(seats)
	s.wheel, s.wakeUps = rt.wheels[s.index], new(latencies)
	if rt.conf.pinning {
		s.pin.Set(rt.conf.cpus[s.index%len(rt.conf.cpus)])
	}
	seats = append(seats, s)
	rt.schedulers.Store(&seats)
	rt.idle.active.Inc()
	rt.roots.Add(1)
	go s.loop()
}

// maxCast is how many schedulers that have ended are kept for stand-ins to come, until the
// monitor rests the next time: each is some three kilobytes.
const maxCast = 1024

// newStandIn returns a scheduler without a seat, which may have been one before: then its
// counters go on from where they were. The caller starts its root.
func (rt *Runtime) newStandIn() *scheduler {
	rt.mu.Lock()
	n := len(rt.mu.cast) - 1
	if n < 0 {
		rt.mu.Unlock()
		return newScheduler(rt)
	}
	s := rt.mu.cast[n]
	rt.mu.cast[n] = nil
	rt.mu.cast = rt.mu.cast[:n]
	rt.mu.Unlock()
	return s
}

// dismiss forgets those who have been kept.
func (rt *Runtime) dismiss() {
	rt.mu.Lock()
	rt.mu.cast = nil
	rt.mu.Unlock()
}

// takeSeat gives s the seat of v; rt.mu is held. Some may still know s from before: they
// read its atomic fields at most, and the others under rt.mu.
func (s *scheduler) takeSeat(v *scheduler) {
	s.standIn = true
	s.index, s.wheel, s.wakeUps = v.index, v.wheel, v.wakeUps
	s.pin.Inherit(&v.pin)
	s.before = v.before.plus(v).minus(past{}.plus(s))
	s.rt.mu.retired.sub(s)
	s.unseated.Store(false)
	s.stalled.Store(false)
	s.nudged.Store(false)
	s.given = 0
	s.held = freshMost // H4
	s.interval, s.countdown = standInPicks, standInPicks
	if e := s.eyes; e != nil && e.ring != nil { // it had a seat before
		e.ring.begins()
	}
}

// standInPicks is when the first turn of a stand-in comes: it has looked at the clock and
// at descriptors of late, as the understudy, or is to run what waits without delay.
const standInPicks = 8

// batch is how much of what others may need a scheduler takes at a time, of n at most: a
// stand-in may be stalled soon, and keep it.
func (s *scheduler) batch(n int) int {
	if s.standIn {
		return max(n/16, 1)
	}
	return n
}

// retire gives back what a scheduler holds, at its end. Root only.
func (s *scheduler) retire() {
	rt := s.rt
	s.publish(true)
	s.disown()
	rt.pool.put(s.idle)
	s.idle = nil
	rt.records.give(s.free)
	s.free, s.timers, s.suspects, s.shared = nil, nil, nil, nil
	rt.mu.Lock()
	if s.unseated.Load() {
		delete(rt.mu.unseated, s)
		rt.mu.retired.add(s)
		rt.hog(s, false)
		rt.legacies.remove(s)
		rt.idle.attend.Dec()
		if len(rt.mu.cast) < maxCast {
			rt.mu.cast = append(rt.mu.cast, s) // its root ends without a look at it
		}
	} else {
		rt.idle.active.Dec()
	}
	rt.mu.Unlock()
	rt.checkDrained()
	// Not only if something is queued: it may have been the one to look at the
	// timers (W3).
	rt.wakeForWork()
}
