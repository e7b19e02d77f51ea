package runtime

import (
	goruntime "runtime"
	"time"
)

// Turns: what the root of a scheduler does now and then, though fibers run.

const (
	turnPicks   = 61                     // most picks between two turns of the root
	turnTime    = 500 * time.Microsecond // most time, as long as fibers switch
	airTime     = 500 * time.Microsecond // between two looks at the old ends, if fibers are uneven
	unevenTime  = 10 * time.Millisecond  // within which two late turns say that they are
	yieldEvery  = time.Millisecond       // how long to keep the processor from others
	mixedFactor = 8                      // how much shorter turnTime and yieldEvery are beside goroutines
)

// turn is what the root does every so many picks: see to the clock, to the
// timers, to the other goroutines of the process, and to the fibers that the
// usual order might leave waiting. It returns one of these, or nil.
func (s *scheduler) turn() *fiber {
	rt := s.rt
	now := rt.clock()
	turnTime, yieldEvery := turnTime, yieldEvery
	mixed := rt.mixed(now)
	if mixed {
		turnTime, yieldEvery = turnTime/mixedFactor, yieldEvery/mixedFactor
	}
	switch elapsed := time.Duration(now - s.now); {
	case elapsed > turnTime && s.interval > 1:
		s.interval /= 2
	case elapsed < turnTime/4 && s.interval < turnPicks:
		s.interval = min(2*s.interval, turnPicks)
	}
	s.countdown = s.interval
	uneven := s.compareTimes(now)
	s.now = now
	if s.airing {
		s.airing, s.aired = false, now
	}
	if s.nudged.Load() {
		s.nudged.Store(false)
	}
	s.publish(false)
	if time.Duration(now-s.yieldedAt) >= yieldEvery {
		s.yieldProcessor()
	}
	// With slack the watcher sees to what one scheduler cannot do alone.
	if s.fireOwn(now) && (!rt.slack.busy() || !rt.idle.watched.Load()) {
		rt.wakeForWork()
	}
	if s.lookNowAndThen(now) {
		s.receive()
		rt.wakeForWork()
	}
	if time.Duration(now-s.aired) < airTime {
		switch {
		case uneven:
			s.streak, s.favours = 0, 0
			return nil
		case mixed && s.interval < turnPicks:
			return nil // what is oldest first, too often, makes a computation broad
		}
	}
	s.airing = true
	if s.advance(rt.injector, len(*rt.schedulers.Load())) {
		s.wakeForWoken() // W2
	}
	s.rotation++
	for i := range 5 {
		var f *fiber
		switch (int(s.rotation%5) + i) % 5 {
		case 0:
			f = rt.injector.Pop()
		case 1:
			f = s.ring.Pop()
		case 2:
			f, _ = s.newest.Steal() // our own oldest
		case 3:
			f = s.stealFromStalled()
		case 4:
			f = s.popBehind()
		}
		if f != nil {
			return f
		}
	}
	return nil
}

// compareTimes reports whether some fibers compute for long between two switches, at the
// turn that has come now: then what is fair by the number of picks is not by the time.
func (s *scheduler) compareTimes(now int64) (uneven bool) {
	if time.Duration(now-s.now) > turnTime/2 {
		if time.Duration(now-s.strained) < unevenTime {
			s.uneven = now + int64(unevenTime)
		}
		s.strained = now
	}
	return now < s.uneven
}

// receive lets the goroutines run that s has made ready, as poller: they lie in the queue
// of its processor.
func (s *scheduler) receive() {
	if s.readied {
		s.readied = false
		s.rt.meet(s.now)
		s.counts.processorYields++
		goruntime.Gosched()
		s.now = s.rt.clock()
		s.yieldedAt = s.now
	}
}

// yieldProcessor lets the other goroutines of the process run for a moment, if they
// need that, and looks whether this one came back on another thread.
func (s *scheduler) yieldProcessor() {
	// Beside fibers that compute without a seat it would get one millisecond for each
	// ten of theirs.
	if s.rt.hogs.Load() == 0 && s.load.crowded() {
		s.counts.processorYields++
		goruntime.Gosched()
	}
	s.now = s.rt.clock()
	s.yieldedAt = s.now
	if s.rt.mixed(s.now) {
		s.pin.LetGo()
	} else {
		s.checkPin()
	}
}

// checkPin locks the thread that carries s to its core, if it has one.
func (s *scheduler) checkPin() {
	if err := s.pin.Check(time.Duration(s.now)); err != nil {
		mu := &s.rt.mu
		mu.Lock()
		if mu.pinErr == nil {
			mu.pinErr = err
		}
		mu.Unlock()
	}
}
