package runtime

import (
	"sync"

	"github.com/seed222ee791/fibers/internal/wait"
)

// sleepUntil parks the fiber of c, the caller, until the clock shows when.
func (c *coroutine) sleepUntil(when int64) {
	s, f := c.sched, c.fiber
	if s.rt.bubbled {
		s.rt.checkBubble("Sleep")
	}
	if s.rt.sim != nil {
		simMark("Sleep", nil)
	}
	t := s.newTimer()
	t.Value = f
	s.setTimer(t, when)
	for {
		slot := f.Leave(wait.Sleep)
		if slot != nil {
			slot.Swap()
		}
		served, ending := f.Arrive(slot)
		if served {
			break
		}
		if ending && t.cancel() { // if not, it was taken out, and the report is to come
			c.quit()
		}
	}
	c.sched.freeTimer(t)
}

const maxTimers = 1024 // unused records that a scheduler keeps for itself

// spareTimers keeps the records of more sleepers, until the garbage collector takes them.
var spareTimers = sync.Pool{New: func() any { return new(timer) }}

// newTimer returns an unused record. Owner only.
func (s *scheduler) newTimer() *timer {
	n := len(s.timers) - 1
	if n < 0 {
		return spareTimers.Get().(*timer)
	}
	t := s.timers[n]
	s.timers = s.timers[:n]
	return t
}

// freeTimer takes back a record that is in no wheel. Owner only.
func (s *scheduler) freeTimer(t *timer) {
	if len(s.timers) < maxTimers {
		s.timers = append(s.timers, t)
	} else {
		t.Value, t.home = nil, nil
		spareTimers.Put(t)
	}
}
