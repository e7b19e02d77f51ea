package runtime

import (
	goruntime "runtime"
	"time"
)

// What a scheduler does when it has nothing to run: it looks for work, and sleeps by the
// protocol of idle.go if there is none.

// find returns a fiber to run, waiting until there is one, or nil if the root
// has to end. Root only.
func (s *scheduler) find() *fiber {
	rt := s.rt
	id := &rt.idle
	searching := false
	for {
		if rt.stopping.Load() || s.unseated.Load() {
			if searching {
				id.doneSearching()
			}
			return nil
		}
		if f := s.pickLocal(); f != nil {
			if searching {
				id.doneSearching()
			}
			return f
		}
		if s.lookIn() > 0 {
			s.receive()
			f := s.pickLocal()
			id.found(searching)
			if f != nil {
				return f
			}
			searching = false
		}
		if !searching {
			searching = id.maySearch()
		}
		if searching {
			if f := s.search(); f != nil {
				id.doneSearching()
				return f
			}
		}
		var f *fiber
		if f, searching = s.sleep(searching); f != nil {
			return f
		}
	}
}

// sleep sleeps until there may be work, unless there is some now. It returns a fiber if there
// was, and whether the scheduler is a searcher now.
func (s *scheduler) sleep(searching bool) (f *fiber, nowSearching bool) {
	rt := s.rt
	id := &rt.idle
	s.publish(true)
	now := rt.clock()
	s.now = now
	rt.slack.measure(now)
	if s.fireGathered(now) {
		f = s.pickLocal()
		id.found(searching)
		return f, false
	}
	if s.watched.sighted() {
		s.delay = 0 // worth a look soon: W2
	}
	s.polled = false
	woken, slept := id.sleep(s, searching, now)
	if !slept {
		return nil, searching
	}
	s.afterSleep()
	if woken {
		s.came()
	}
	if f, s.handed = s.handed, nil; f == nil {
		if woken {
			s.receive()
			return nil, true
		}
		if !s.fireGathered(s.now) && !s.polled {
			return nil, false
		}
		s.receive() // the time-out of a timekeeper; a poller
		f = s.pickLocal()
	}
	id.found(woken)
	return f, false
}

// bed implements idler.
func (s *scheduler) bed() *sleeper { return &s.sleeper }

// lieDown implements idler.
func (s *scheduler) lieDown() bool {
	if s.unseated.Load() {
		return false
	}
	s.wheel.unattended.Store(true)
	return true
}

// recheck implements idler.
func (s *scheduler) recheck() (up bool) {
	s.rt.checkDrained()
	s.handed = s.sweep()
	// A look may find nothing where others' luck was better; what follows is exact.
	return s.handed != nil || s.rt.stopping.Load() || s.rt.posted()
}

// doze implements idler.
func (s *scheduler) doze(d time.Duration, watches bool) (permit bool) {
	rt := s.rt
	s.counts.sleeps++
	s.pin.LetGo()
	rt.excuseMonitor(s.now) // M1: announce, then look
	parks := s.parks(s.now)
	if !parks && rt.understudy.state.Load() == called {
		goruntime.Gosched() // let it see that it is not needed: it is in the way of the wake-up
	}
	permit, ended := s.dozeFor(d, parks, watches)
	s.polled = ended > 0
	return permit
}

// await implements idler.
func (s *scheduler) await() { s.parker.Wait(-1) }

// wake implements idler.
func (s *scheduler) wake() {
	s.wokenAt.Store(s.rt.clock())
	s.permit()
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
