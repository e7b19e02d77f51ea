package runtime

import (
	"math/bits"
	"time"
)

// Mixed programs: fibers beside goroutines that have much to do.
//
// Libraries make goroutines, and wait in Go's way. Then what is best for fibers alone is
// bad for the whole: a scheduler that blocks in a system call takes a processor of the Go
// runtime out of use until sysmon notices, 20 µs later at best, and needs one when it
// comes back; a thread that is pinned now and let go then is moved between cores each
// time; goroutines that are ready wait for a breath of who runs. So a runtime that has
// seen such company lately behaves as goroutines do:
//
//   - a scheduler that sleeps parks, its descriptors in Go's own poller (epoll.Park);
//   - threads are not pinned;
//   - processors are given to others eight times as often (mixedFactor);
//   - the understudy is called also where processors are free.
//
// What counts as company: a captive was found; a descriptor was ready for a goroutine; or,
// when schedulers were about to sleep, goroutines were ready half of the time.
//
// What that brings is in docs/design/0003.

// mixTime is how long company is remembered.
const mixTime = 200 * time.Millisecond

// mix says that there is company. Whoever is late writes an older time: it does not matter.
func (rt *Runtime) mix(now int64) {
	if !rt.bubbled { // the timers of a bubble are not for who schedules it
		rt.mixedUntil.Store(now + int64(mixTime))
	}
}

// mixed reports whether there was company lately.
func (rt *Runtime) mixed(now int64) bool { return now < rt.mixedUntil.Load() }

// company is what a scheduler has seen at its last eight sleeps, a bit each: whether
// goroutines were ready then.
type company uint8

// parks reports whether s, which is about to sleep, is to do so in Go's way. Owner only.
func (s *scheduler) parks(now int64) bool {
	_, ready := s.load.read()
	if s.rt.understudy.state.Load() == called {
		ready--
	}
	s.company <<= 1
	if ready > 0 {
		s.company |= 1
	}
	if bits.OnesCount8(uint8(s.company)) >= 4 {
		s.rt.mix(now)
	}
	return s.rt.mixed(now)
}
