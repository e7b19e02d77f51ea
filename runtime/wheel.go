package runtime

// The timers of a runtime: one wheel for each scheduler, behind one face.
//
// A timer lies in the wheel of the scheduler on which it was set, its home, until
// it fires or is cancelled. So setting and cancelling one, by far the most common
// fate of a timer, touch no line that other schedulers write. One that is far ahead comes
// to the wheel with the next turn only: wheel_fresh.go. The wheel goes with the
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
//	                  next timer of all wheels, or a little longer where timers
//	                  fire all the time (wheel_slack.go)
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
// Who finds the wheel locked, or its owner at work elsewhere, does not wait: wheel_locked.go.
//
// A timer says in its Value what is to be done, and nothing more of it is touched
// once it has been taken out, under the wheel's lock; what is to be done is done
// after that. So who has cancelled it under the lock, or been told that it has fired
// (a sleeper is, by the served bit: K7), may use it again. (A ticker's may still be
// rung for the time before: see wake in ticker.go.)
//
// Checked by: TestTimersAreCancelledFromAnyCoreStress, TestTimersAreDroppedFromAnyCoreStress,
// TestTickersUnderLoadStress, TestTheNearestDeadlineIsExactAfterCancels,
// TestTimersOfALockedWheel…, and this source under every order of accesses by TestWheelModel
// (-tags model, with mutants).

import (
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/pad"
	"github.com/seed222ee791/fibers/timerwheel"
)

type wheel struct {
	rt  *Runtime
	sim *simulation // that it stands for, which has other timers; nil in others

	_ pad.Line
	// next: see above; in nanoseconds of the clock, or never. Writers: under mu.
	// Readers: any.
	next instant
	// unattended says that the owner sleeps. Writer: owner. Readers: any, as a hint; who drops
	// a timer relies on it: H2.
	unattended bit
	// stale says that next may be too early. Writers: under mu. Readers: any.
	stale bit
	// posted are timers that are to be set (H6), dropped those that are to be taken out (H1), the
	// last one first. Writers: any; emptied under mu.
	posted, dropped pointer[timer]
	// settling says that timers are between a list, or a slot, and the wheel: H7. Writers: under mu.
	// Readers: who falls asleep.
	settling bit
	mu       struct {
		tryLock // not one in which fibers wait as such: roots take it (docs/design/0012-adaptive-mutex.md)
		timers  *timerwheel.Wheel
		taken   [freshMost]*timer // of admit, which has no room on a small stack
	}
	_ pad.Line
	// fresh timers are in no wheel yet: wheel_fresh.go. Writers: any.
	fresh fresh
	_     pad.Line
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
	state number
	slot  uint32 // in which it is, or was last, fresh: wheel_fresh.go. Constant once it is set
	when  int64  // one that is fresh: after how long; one that is posted: at what time. Likewise
	below *timer // in the list of those posted, or dropped
}

const (
	timerArmed   = iota // in a slot, or the wheel
	timerTaken          // out of the wheel, as it was due
	timerDropped        // in one of the lists, or about to be
	timerPosted         // likewise
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

// setAfter is setTimer, to fire when d has passed.
func (s *scheduler) setAfter(t *timer, d time.Duration) {
	if d < farAhead || !s.hold(t, d) {
		s.setTimer(t, s.rt.after(d))
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

// set sets t, which is in no wheel, to fire at when. The caller
// runs on a scheduler of rt, or calls rt.wakeForWork afterwards (W3).
func (w *wheel) set(t *timer, when int64) {
	t.home = w
	if sm := w.sim; sm != nil {
		sm.set(t, when)
		return
	}
	if !w.mu.TryLock() {
		t.when = when
		t.state.Store(timerPosted)
		push(&w.posted, t)
		w.settlePosted() // H6
		return
	}
	if w.unsettled() {
		w.settle()
	}
	t.arm()
	w.schedule(t, tickOf(when))
	w.unlock()
}

// schedule puts t in the wheel; mu is held.
func (w *wheel) schedule(t *timer, at timerwheel.Tick) {
	w.mu.timers.Schedule(&t.Timer, at)
	if when := start(at); when < w.next.Load() {
		w.next.Store(when)
	}
}

// arm makes t one that can be taken or dropped. It is in no wheel, or mu is held and it
// is one that nobody drops, so nobody looks: H1.
func (t *timer) arm() {
	if t.state.Load() != timerArmed {
		t.state = number{}
	}
}

// cancel takes t out, and reports whether it was there. From anywhere.
func (t *timer) cancel() bool {
	w := t.home
	if sm := w.sim; sm != nil {
		return sm.cancel(t)
	}
	if t.release() {
		return true
	}
	w.mu.Lock()
	if w.posted.Load() != nil {
		w.settle() // it may be there
	}
	there := w.mu.timers.Cancel(&t.Timer)
	if there {
		w.removed(t)
	}
	w.unlock()
	return there
}

// removed is called when t has been taken out before its time; mu is held.
func (w *wheel) removed(t *timer) {
	if start(t.When()) == w.next.Load() {
		w.stale.Store(true)
	}
}

// take takes out up to limit timers that are due, at most fireBatch, and says what
// they are for. mu is held, and given back.
func (w *wheel) take(now int64, limit int, batch *[fireBatch]any) int {
	n := 0
	more := w.mu.timers.Advance(timerwheel.Tick(now>>tickBits), limit, func(e *timerwheel.Timer) {
		if t := (*timer)(unsafe.Pointer(e)); t.state.CompareAndSwap(timerArmed, timerTaken) { // H1
			batch[n] = t.Value
			n++
		}
	})
	if more {
		w.next.Store(max(w.next.Load(), now-int64(slackMost))) // to be continued, with no slack anew
	} else {
		w.publish()
	}
	w.unlock()
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
		if w.unsettled() || w.holds() || w.settling.Load() { // H2, H7
			w.tidy()
		}
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
		first.unlock()
	}
}
