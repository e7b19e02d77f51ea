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
// time; goroutines that are ready wait until who runs yields the processor. So a runtime that has
// seen such company lately behaves as goroutines do:
//
//   - a scheduler that sleeps parks, its descriptors in Go's own poller (epoll.Park);
//   - threads are not pinned;
//   - processors are given to others eight times as often (mixedFactor);
//
// What counts as company: some stalled schedulers were found, or descriptors were ready for
// goroutines, in a fifth of a second; or, when a scheduler was about to sleep, goroutines were
// ready most of the time.
//
// What that brings is in docs/design/0003.
//
// Checked by: TestMixedProgram, TestPermitsAreNotLost, TestLooksWhileParked (package epoll).

const (
	mixTime = 200 * time.Millisecond // how long company is remembered
	someMet = 4                      // meetings within that time that make company
)

// meet says that a stalled scheduler was found, or a goroutine made ready by a descriptor. Writers
// of both words are any: what is lost of two that come at a time does not matter.
func (rt *Runtime) meet(now int64) {
	if now-rt.metSince.Load() > int64(mixTime) {
		rt.metSince.Store(now)
		rt.met.Store(0)
	}
	if rt.met.Inc() >= someMet {
		rt.mix(now)
	}
}

// mix says that there is company. Whoever is late writes an older time: it does not matter.
func (rt *Runtime) mix(now int64) {
	rt.mixedUntil.Store(now + int64(mixTime))
}

// mixed reports whether there was company lately.
func (rt *Runtime) mixed(now int64) bool { return now < rt.mixedUntil.Load() }

// company is what a scheduler has seen at its last eight looks: whether two goroutines were
// ready, or more. (One may be Go's sweeper, which gives way all the time.) A look is part of
// a sleep, one at most in half a millisecond: a goroutine whose thread the system has
// stopped, for the sake of another process, is ready for as long as that, and no company.
// The bits do not age: after a rest the first looks count with those before it.
type company struct {
	seen uint8 // a bit for each look
	slot uint8 // of time, in which the last one was
}

// most is how many of the looks make company.
const most = 6

// slotShift makes slots of time of nanoseconds.
const slotShift = 19

// parks reports whether s, which is about to sleep, is to do so in Go's way. Owner only.
func (s *scheduler) parks(now int64) bool {
	c := &s.company
	if slot := uint8(now >> slotShift); slot != c.slot {
		c.slot = slot
		_, ready := s.load.read()
		if s.rt.understudy.state.Load() == called {
			ready--
		}
		c.seen <<= 1
		if ready > 1 {
			c.seen |= 1
		}
		if bits.OnesCount8(c.seen) >= most {
			s.rt.mix(now)
		}
	}
	return s.rt.mixed(now) && !s.rt.bubbled // the timers of a bubble are not for who schedules it
}
