package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/cml"
)

// Sleep lets at least d pass. Only the fiber waits (in a plain goroutine, the
// goroutine). With d ≤ 0 it is Yield. It never returns early.
//
// The fiber runs again some 60 µs after the time on an idle machine, later behind
// other fibers.
func Sleep(d time.Duration) {
	c := current()
	switch {
	case c == nil:
		time.Sleep(d)
	case d <= 0:
		Yield()
	default:
		c.sleepUntil(c.sched.rt.after(d))
	}
}

// SleepUntil sleeps until the time t, by the monotonic clock if t has a reading of
// it. Otherwise it sleeps until the wall clock shows t, also if that is set meanwhile: see
// AtWall, which is so whatever reading t has. With t in
// the past it is Yield. It never returns early. Sleepers of one scheduler run again in
// the order of their times, where these are further apart than some microseconds.
func SleepUntil(t time.Time) {
	c := current()
	switch {
	case wallOnly(t) && (c == nil || c.sched.rt.sim == nil):
		if !wall.now().Before(t) {
			Yield()
		} else if c == nil {
			cml.Perform(At(t))
		} else {
			c.sched.rt.checkBubble("SleepUntil")
			c.sleepUntilWall(t)
		}
	case c == nil:
		time.Sleep(time.Until(t))
	case until(t) <= 0:
		Yield()
	default: // not by way of the time left, which is less by the time it is used
		c.sleepUntil(c.sched.rt.reading(t))
	}
}
