package runtime

import (
	"slices"
)

// How a scheduler begins and ends. What it has of the runtime while it has a seat is in
// captive.go.

// addScheduler makes a scheduler with a seat of its own and starts its root.
func (rt *Runtime) addScheduler() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	seats := slices.Clone(*rt.schedulers.Load())
	s := newScheduler(rt)
	s.index = len(seats)
	s.wheel = rt.wheels[s.index]
	if rt.conf.pinning {
		s.pin.set(rt.conf.cpus[s.index%len(rt.conf.cpus)])
	}
	seats = append(seats, s)
	rt.schedulers.Store(&seats)
	rt.reseat()
	rt.active.Inc()
	rt.roots.Add(1)
	go s.loop()
}

// newStandIn makes a scheduler without a seat. The caller starts its root, or gives it
// back by discard.
func (rt *Runtime) newStandIn() *scheduler {
	s := newScheduler(rt)
	s.standIn = true
	return s
}

// takeSeat gives s the seat of v; rt.mu is held, and nobody sees s yet.
func (s *scheduler) takeSeat(v *scheduler) {
	s.index, s.wheel = v.index, v.wheel
	s.pin.inherit(&v.pin)
	s.before = v.before.plus(v)
}

// batch is how much of what others may need a scheduler takes at a time, of n at most: a
// stand-in may be captive soon, and keep it.
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
	s.free = nil
	rt.mu.Lock()
	if s.unseated.Load() {
		delete(rt.mu.captives, s)
		rt.mu.retired.add(s)
		if s.computes {
			rt.hogs.Dec()
		}
		if !s.emptied {
			s.emptied = true
			rt.reseat()
		}
	} else {
		rt.active.Dec()
	}
	rt.mu.Unlock()
	if s.unseated.Load() {
		rt.idle.attend.Dec()
	}
	rt.checkDrained()
	// Not only if something is queued: it may have been the one to look at the
	// timers (W3).
	rt.wakeForWork()
}
