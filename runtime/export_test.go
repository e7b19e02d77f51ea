package runtime

import "time"

// TimersOf returns how many timers rt holds.
func TimersOf(rt *Runtime) int {
	n := 0
	for _, w := range rt.wheels {
		w.mu.Lock()
		n += w.mu.timers.Len()
		w.mu.Unlock()
	}
	return n
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

// InfosAt is what Fibers will say when d has passed.
func InfosAt(rt *Runtime, d time.Duration) (infos []FiberInfo) {
	rt.records.each(func(f *fiber) bool {
		if info, alive := f.info(rt.clock() + int64(d)); alive {
			infos = append(infos, info)
		}
		return true
	})
	return infos
}
