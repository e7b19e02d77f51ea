package runtime

import "time"

// TimersOf returns how many timers rt holds.
func TimersOf(rt *Runtime) int {
	n := 0
	for _, w := range rt.wheels {
		w.mu.Lock()
		w.admit()
		n += w.mu.timers.Len()
		w.mu.Unlock()
	}
	return n
}

// Blind has the runtime do without the status of goroutines, as with a version of Go of
// which it is not known.
func Blind() Option { return func(c *config) { c.blind = true } }

// JudgeKnows reports whether it can be known that nothing can happen any more.
func JudgeKnows() bool {
	_, known := goClock()
	return known && nextGoTimer() != nil
}

// StepWallClock sets the wall clock by d, for those who wait for a time of it.
func StepWallClock(d time.Duration) { wall.step.Add(int64(d)) }

// LookAtWallClock is the look that comes each second.
func LookAtWallClock() {
	wall.mu.Lock()
	defer wall.mu.Unlock()
	wall.follow()
}

// WaitForWallClock returns how many wait for a time of the wall clock.
func WaitForWallClock() (n int) {
	wall.mu.Lock()
	defer wall.mu.Unlock()
	for x := wall.mu.first; x != nil; x = x.next {
		n++
	}
	return n
}

// Mixed reports whether rt behaves as beside goroutines that have much to do.
func Mixed(rt *Runtime) bool { return rt.mixed(rt.clock()) }

// InfosAt is what Fibers will say when d has passed.
func InfosAt(rt *Runtime, d time.Duration) (infos []FiberInfo) {
	l := rt.lookout()
	l.now += int64(d)
	rt.records.each(func(f *fiber) bool {
		if l.readFiber(f) {
			infos = append(infos, l.info())
		}
		return true
	})
	return infos
}
