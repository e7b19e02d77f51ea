package runtime

import (
	goruntime "runtime"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"go.uber.org/atomic"
)

// The understudy: who sees within microseconds that a scheduler is stalled.
//
// It is a goroutine that is ready to run whenever all schedulers are awake. There are as
// many schedulers as the Go runtime has processors, most often. So it gets to run when one of
// them has left its processor: because its fiber waits in Go's way, and then the
// understudy, which is a root without a seat, takes the seat (stalled.go), and makes
// another understudy; or because it was the understudy's turn, and then it finds nobody
// stalled and yields again.
//
//	      all awake (call)                  finds a stalled scheduler
//	rests ─────────────▶ looks, yields, … ─────────────────▶ a scheduler; and a new one
//	  ▲                    │                                        rests
//	  └────────────────────┘
//	     somebody sleeps
//
// While a scheduler sleeps nobody is needed at once: it is woken for work, timers and
// descriptors. A fiber left in a stalled scheduler's next place or ring is then found by the
// watcher (W2).
//
// # Where processors are free
//
// With fewer schedulers than processors, the understudy would have a processor to itself
// and spin. One that comes straight back from its yield, time after time, takes that for
// a sign of it, and rests by the clock: it looks again after restMin, then after twice as
// long, up to restMax. It rests in Go's way. In a futex it would keep the processor, while
// what fibers that compute have made ready lies in the queues of theirs: until the monitor of
// the Go runtime sees that, or preempts the fiber, which takes up to 10 ms. And it is not called at all when a scheduler wakes up, but by the
// monitor, unless a stalled scheduler was found lately (hot).
//
// # The races
//
// U5: the understudy that goes to rest, and the last scheduler that wakes up.
//
//	The understudy says that it rests, then looks at the number of sleepers. The scheduler
//	leaves the sleepers, then looks whether the understudy rests, before its root runs a fiber. Either the one sees that
//	nobody sleeps, or the other sees that it rests, and calls. If both see it, the one that
//	changes the word does.
//
// Checked by: TestStalled…; the monitor finds whom it misses.

type understudy struct {
	call  chan struct{} // room for one
	state atomic.Uint32
	hot   stdatomic.Int64 // until when stalled schedulers are expected, by the runtime's clock
}

const (
	absent   uint32 = iota // there is none: the status of goroutines is not known
	uncalled               // rests until it is called
	called                 // runs, or is ready to
	clocked                // rests for a time

	straightBack = 2 * time.Microsecond // a yield that took no longer found nobody else
	idleYields   = 4                    // such yields in a row, before it rests
	restMin      = 20 * time.Microsecond
	restMax      = time.Millisecond
	hotTime      = 200 * time.Millisecond
	callTime     = 20 * time.Microsecond // what may be brief is a block if it lasts longer
)

// callUnderstudy has the understudy look for stalled schedulers.
func (rt *Runtime) callUnderstudy() {
	u := &rt.understudy
	if u.state.Load() == uncalled && u.state.CompareAndSwap(uncalled, called) { // U5
		u.call <- struct{}{}
	}
}

// allAwake is called by a scheduler that is about to run a fiber, if it may have slept.
func (s *scheduler) allAwake() {
	rt := s.rt
	if rt.understudy.state.Load() == uncalled && rt.idle.nsleep.Load() == 0 && (rt.spread.Load() || s.now < rt.understudy.hot.Load()) {
		rt.callUnderstudy()
	}
}

// understudy is the life of the root of a stand-in.
func (s *scheduler) understudy() {
	rt := s.rt
	for {
		if s.waitForSeat() {
			rt.startUnderstudy()
			s.loop()
			return
		}
		if rt.stopping.Load() {
			rt.roots.Done()
			return
		}
	}
}

// startUnderstudy makes the next one, which looks at once.
func (rt *Runtime) startUnderstudy() {
	rt.roots.Add(1)
	go rt.newStandIn().understudy()
}

// waitForSeat waits until there is a stalled scheduler and takes its seat, or until the runtime
// stops, and reports which.
func (s *scheduler) waitForSeat() bool {
	rt := s.rt
	u := &rt.understudy
	rest, straight := restMin, 0
	for !rt.stopping.Load() {
		if rt.idle.nsleep.Load() > 0 {
			u.state.Store(uncalled)
			// U5. Stopping counts as a call.
			if (rt.idle.nsleep.Load() > 0 || !u.state.CompareAndSwap(uncalled, called)) && !rt.stopping.Load() {
				<-u.call
			}
			rest, straight = restMin, 0
			continue
		}
		now := rt.clock()
		if s.findSeat(now) {
			u.hot.Store(now + int64(hotTime))
			rt.meet(now)
			return true
		}
		now = rt.clock() // to look at many schedulers takes long
		goruntime.Gosched()
		if time.Duration(rt.clock()-now) > straightBack {
			straight = 0
			continue
		}
		if straight++; straight < idleYields {
			continue
		}
		u.state.Store(clocked)
		time.Sleep(rest) // the Go runtime may make a millisecond of it
		u.state.Store(called)
		straight = idleYields - 1
		rest = min(2*rest, restMax)
	}
	return false
}

// A suspect is a scheduler that has been in what may be brief at each look since.
type suspect struct {
	fiber uintptr
	since int64
}

// findSeat looks at every scheduler, and takes the seat of one that is stalled.
func (s *scheduler) findSeat(now int64) bool {
	for _, v := range *s.rt.schedulers.Load() {
		yes, brief := v.blocked()
		if !brief {
			delete(s.suspects, v)
		}
		if !yes {
			continue
		}
		if brief {
			if f := v.running.get(); s.suspects[v].fiber != f {
				if s.suspects == nil {
					s.suspects = make(map[*scheduler]suspect)
				}
				s.suspects[v] = suspect{f, now}
				continue
			}
			if time.Duration(now-s.suspects[v].since) < callTime {
				continue
			}
		}
		if s.rt.replace(v, s, false) {
			s.suspects = nil
			return true
		}
	}
	return false
}
