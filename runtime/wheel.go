package runtime

// The timers of a runtime: one wheel for each scheduler, behind one face.
//
// A timer lies in the wheel of the scheduler on which it was set, its home, until
// it fires or is cancelled. So setting and cancelling one, by far the most common
// fate of a timer, touch no line that other schedulers write. The wheel goes with the
// seat (stalled.go): a stalled scheduler sets timers in the one that its stand-in looks at.
//
// # Who fires
//
//	the owner         at every turn, and before it sleeps; less while many fibers
//	                  are ready (fireOwn)
//	those who run     at a turn, the wheels of sleepers; every scanEvery. Of
//	                  others who run what is overdue: their owner may be stalled
//	who falls asleep  whatever is due, of all wheels; then the first of the
//	                  sleepers (the timekeeper) sleeps no longer than until the
//	                  next timer of all wheels
//	the watcher       when it looks around (W2)
//	the monitor       wakes a sleeper, or brings in a stand-in, when timers are due
//	                  and nobody comes
//
// # Shared
//
//	next  of each wheel: when the first timer is due. Never later than that; it may
//	      be earlier if that one was cancelled (stale), which the timekeeper mends
//	      before it sleeps.
//
// Deadlines are rounded up to ticks of 2 µs, and sleeping is rounded up too: nothing
// is early, and nobody comes in vain.
//
// # Cancelling from another core
//
// Who cancels a timer of a wheel whose owner is awake on another core leaves the lock
// alone: a holder that has been interrupted would have all who come queue up in Go's
// way, a stand-in for each. It drops the timer, by a CAS on its state, and into a list of
// the wheel. The owner takes those out that were dropped when it sets a timer, and at
// every turn.
//
//	H1: dropping a timer, and taking it out because it is due.
//
//	Both change state from armed, who does decides: a dropped timer is passed over
//	by take, and one that was taken is not dropped. What take reads of it besides, its
//	Value, does not change while it is armed. Once dropped it is the wheel's: who has
//	dropped it uses another.
//
//	H2: dropping a timer while the owner falls asleep.
//
//	The owner says that it is unattended and then looks whether something was dropped
//	(nextTimer); the other drops and then looks whether the owner is unattended, and if
//	so takes it out itself. One of them sees the other. So next is exact for those who
//	sleep, and nothing is left over in the wheel of a sleeper.
//
// A timer says in its Value what is to be done, and nothing more of it is touched
// once it has been taken out, under the wheel's lock; what is to be done is done
// after that. So who has cancelled it under the lock, or been told that it has fired
// (a sleeper is, by the served bit: K7), may use it again. (A ticker's may still be
// rung for the time before: see wake in ticker.go.)
//
// Checked by: TestTimersAreCancelledFromAnyCoreStress, TestTimersAreDroppedFromAnyCoreStress,
// TestTickersUnderLoadStress, TestTheNearestDeadlineIsExactAfterCancels; no model.

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/pad"
	"github.com/seed222ee791/fibers/timerwheel"
)

type wheel struct {
	rt  *Runtime
	sim *simulation // that it stands for, which has other timers; nil in others

	_ pad.Line
	// next: see above; in nanoseconds of the clock, or never. Writers: under mu.
	// Readers: any.
	next stdatomic.Int64
	// unattended says that the owner sleeps. Writer: owner. Readers: any, as a hint; who drops
	// a timer relies on it: H2.
	unattended atomic.Bool
	// stale says that next may be too early. Writers: under mu. Readers: any.
	stale atomic.Bool
	// dropped are timers that are to be taken out (H1). Writers: any; emptied under mu.
	dropped atomic.Pointer[timer]
	mu      struct {
		sync.Mutex
		timers *timerwheel.Wheel
	}
	_ pad.Line
}

const (
	tickBits = 11 // a tick is 2.048 µs

	// fireBatch bounds how long a wheel is locked, and how long its scheduler
	// does nothing else.
	fireBatch = turnPicks
	// scanEvery is how often one who runs looks at the wheels of others, and
	// overdue how late a timer of a scheduler that runs must be for that.
	scanEvery = 50 * time.Microsecond
	overdue   = 500 * time.Microsecond

	// Where many fibers are ready: see fireOwn.
	backlogTurns = 4
	minFired     = backlogTurns
	scanSeldom   = time.Millisecond
)

// A timer is an entry of a wheel.
type timer struct {
	// Timer is first, so that a *timerwheel.Timer of a timer is also a *timer. Its
	// Value is a *fiber to wake, a *timeRegistration to commit, or an alarm to ring.
	// Under home.mu once it is set.
	timerwheel.Timer
	home *wheel // where it is; constant once it is set
	// state says who is to take it out: H1. Armed again by who sets it, when it is in no wheel.
	state atomic.Uint32
	below *timer // in the list of those dropped
}

const (
	timerArmed = iota
	timerTaken
	timerDropped
)

// An alarm is what a timer may call: something short that does not wait. s is the
// scheduler whose root makes the call.
type alarm interface{ ring(s *scheduler) }

func newWheel(rt *Runtime) *wheel {
	w := &wheel{rt: rt}
	w.mu.timers = timerwheel.New(0)
	w.next.Store(never)
	return w
}

// newWheels makes the wheels of rt, one for each seat.
func newWheels(rt *Runtime, n int) []*wheel {
	var all []*wheel
	for range n {
		all = append(all, newWheel(rt))
	}
	return all
}

// setTimer sets t, which is in no wheel yet, to fire at when. Owner only.
func (s *scheduler) setTimer(t *timer, when int64) {
	s.wheel.set(t, when)
	if s.unseated.Load() { // U4
		s.rt.wakeForWork()
	}
}

// after returns the reading of the clock when d has passed from now on; the end
// of time if that is beyond it.
func (rt *Runtime) after(d time.Duration) int64 {
	when := rt.clock() + int64(max(d, 0))
	if when < 0 {
		return never
	}
	return when
}

// tickOf returns the first tick that does not begin before when.
func tickOf(when int64) timerwheel.Tick {
	return timerwheel.Tick(min(uint64(max(when, 0))+1<<tickBits-1, never) >> tickBits)
}

// start returns when a tick of the engine's begins: before never, even the last.
func start(at timerwheel.Tick) int64 { return int64(at << tickBits) }

// set sets t, which is in no wheel yet or in this one, to fire at when. The caller
// runs on a scheduler of rt, or calls rt.wakeForWork afterwards (W3).
func (w *wheel) set(t *timer, when int64) {
	t.home = w
	if sm := w.sim; sm != nil {
		sm.set(t, when)
		return
	}
	at := tickOf(when)
	w.mu.Lock()
	if w.dropped.Load() != nil {
		w.settle()
	}
	t.arm()
	w.mu.timers.Schedule(&t.Timer, at)
	if when := start(at); when < w.next.Load() {
		w.next.Store(when)
	}
	w.mu.Unlock()
}

// arm makes t one that can be taken or dropped. It is in no wheel, or mu is held and it
// is one that nobody drops, so nobody looks: H1.
func (t *timer) arm() {
	if t.state.Load() != timerArmed {
		t.state = atomic.Uint32{}
	}
}

// cancel takes t out, and reports whether it was there. From anywhere.
func (t *timer) cancel() bool {
	w := t.home
	if sm := w.sim; sm != nil {
		return sm.cancel(t)
	}
	w.mu.Lock()
	there := w.mu.timers.Cancel(&t.Timer)
	if there {
		w.removed(t)
	}
	w.mu.Unlock()
	return there
}

// removed is called when t has been taken out before its time; mu is held.
func (w *wheel) removed(t *timer) {
	if start(t.When()) == w.next.Load() {
		w.stale.Store(true)
	}
}

// drop is cancel for a timer that one alone may cancel, from the scheduler s or, if that
// is nil, from elsewhere. If it was there, and is the wheel's now, kept is false: it must
// not be used again.
func (t *timer) drop(s *scheduler) (there, kept bool) {
	w := t.home
	if w.sim != nil || s != nil && s.wheel == w || w.unattended.Load() {
		if w.sim != nil {
			return t.cancel(), true
		}
		w.mu.Lock() // not cancel: each frame counts on a small stack
		if there = w.mu.timers.Cancel(&t.Timer); there {
			w.removed(t)
		}
		w.mu.Unlock()
		return there, true
	}
	if !t.state.CompareAndSwap(timerArmed, timerDropped) { // H1
		return false, true
	}
	for {
		first := w.dropped.Load()
		t.below = first
		if w.dropped.CompareAndSwap(first, t) {
			break
		}
	}
	if w.unattended.Load() { // H2
		w.mu.Lock()
		w.settle()
		w.mu.Unlock()
	}
	return true, false
}

// settle takes out what was dropped; mu is held.
func (w *wheel) settle() {
	t := w.dropped.Swap(nil)
	for t != nil {
		next := t.below
		t.below, t.Value = nil, nil
		if w.mu.timers.Cancel(&t.Timer) { // unless take has come by it
			w.removed(t)
		}
		t = next
	}
}

// settleIfAny is settle without the lock.
func (w *wheel) settleIfAny() {
	if w.dropped.Load() != nil {
		w.mu.Lock()
		w.settle()
		w.mu.Unlock()
	}
}

// take takes out up to limit timers that are due, at most fireBatch, and says what
// they are for.
func (w *wheel) take(now int64, limit int, batch *[fireBatch]any) int {
	n := 0
	w.mu.Lock()
	more := w.mu.timers.Advance(timerwheel.Tick(now>>tickBits), limit, func(e *timerwheel.Timer) {
		if t := (*timer)(unsafe.Pointer(e)); t.state.CompareAndSwap(timerArmed, timerTaken) { // H1
			batch[n] = t.Value
			n++
		}
	})
	if more {
		w.next.Store(now) // to be continued
	} else {
		w.publish()
	}
	w.mu.Unlock()
	return n
}

// publish makes next exact; mu is held.
func (w *wheel) publish() {
	next := int64(never)
	if at, ok := w.mu.timers.Next(); ok {
		next = start(at)
	}
	if next != w.next.Load() {
		w.next.Store(next)
	}
	if w.stale.Load() {
		w.stale.Store(false)
	}
}

// timersDue reports whether a timer is due.
func (rt *Runtime) timersDue(now int64) bool {
	for _, w := range rt.wheels {
		if w.next.Load() <= now {
			return true
		}
	}
	return false
}

// nextTimer returns when the next timer of all is due, or never.
func (rt *Runtime) nextTimer() int64 {
	for _, w := range rt.wheels {
		w.settleIfAny() // H2
	}
	for {
		next, first := int64(never), (*wheel)(nil)
		for _, w := range rt.wheels {
			if at := w.next.Load(); at < next {
				next, first = at, w
			}
		}
		if first == nil {
			return next
		}
		if !first.stale.Load() {
			// Another may have mended it in between: next comes first, then stale.
			if first.next.Load() == next {
				return next
			}
			continue
		}
		first.mu.Lock()
		first.publish()
		first.mu.Unlock()
	}
}
