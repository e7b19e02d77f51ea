package runtime

// The monitor's rest: it sleeps while all schedulers do, and is not woken for those who
// are up for a moment only.
//
// A thread that is woken costs 30 to 50 µs of processor time, as much as all the rest of
// what a timer costs that wakes one fiber. So who leaves the sleepers wakes no monitor, but
// sets the time at which it is to come, monitorPeriod ahead, and the last one to fall
// asleep takes that back: two short system calls. The monitor's first look comes no later
// than if it had been woken to wait for it.
//
//	       all slept at two looks             who leaves the sleepers
//	up ────────────────────────────▶ resting ─────────────────────────▶ due
//	▲                                   ▲        the last asleep         │
//	│                                   └────────────────────────────────┤
//	└────────────────────────────────────────────────────────────────────┘
//	                                             the time has come
//
// The time is not taken back by one who has taken it back lately: what happens all the time
// is not worth two calls each time. Nor once in auditEvery, by one who has run for long: the
// monitor sees to what threads are pinned, too.
//
// # Argument
//
// The word is written by whoever changes the state, the timer by the same one after that.
//
// M1: the last to fall asleep, and one who leaves the sleepers.
//
//	The sleeper announces itself, goes from due to resting, then looks whether all
//	sleep. The other leaves, then looks at the word. Either that look comes after
//	the change, and sees that it has to set the time; or it has left before, which the
//	sleeper sees, and summons the monitor itself. (That the time is set still is not
//	certain: it may have come.) The monitor that goes to rest changes the word and
//	looks at the sleepers likewise.
//
// M2: taking back the time, and setting it anew.
//
//	Two who change the word one after the other may come to the timer in the other
//	order. If the one who sets the time is late, the monitor comes for nothing. If
//	the one who takes it back is, it sees after that that the word is not resting any
//	more, and sets it again: who has made it due did so before it set the time, which
//	was before it was taken back.
//
// M3: the end.
//
//	The word is changed to over, and stays that, before stop is closed. So when the monitor
//	ends, and has the timer go off for who waits for that, whoever takes that back
//	sees by M2 that the word is not resting, and sets it again.
//
// M4: who waits for the timer on the monitor's behalf.
//
//	It begins to when it is told that the monitor waits, and makes the monitor wait no more when
//	the time has come; neither happens otherwise. So they take turns, and what is sent to either
//	finds room. At the end there may be something in rests that it has not taken: it takes
//	that, and looks at the word, which was changed before. That the timer has gone off
//	before it waits does not matter: the kernel keeps that until it is read, or the time set anew.
//
// Checked by: docs/models/monitor.pml (spin, with mutants), TestMonitorRest…,
// TestMonitorComesToWhoIsUpForLong, TestTimerIsNotHeldUpByAHog.

import (
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"go.uber.org/atomic"
)

// monitorRest is what the monitor and the schedulers share of it.
type monitorRest struct {
	state atomic.Uint32
	timer wakeTimer     // made by New, so that no goroutine comes later; closed when all have ended
	rests chan struct{} // has room for one: it waits for the timer now, or has ended (M4)

	// Hints, by the runtime's clock. Writers: who changes the word. Readers: likewise.
	dueSince stdatomic.Int64 // when it became due
	excused  stdatomic.Int64 // when that was last taken back
	looked   stdatomic.Int64 // when the monitor was last up
}

const (
	monitorUp uint32 = iota
	monitorResting
	monitorDue
	monitorOver

	excuseEvery = 500 * time.Microsecond // how often the time is taken back
	briefly     = time.Millisecond       // who runs for longer is to be looked at now and then
)

// A wakeTimer calls a function, in a goroutine, when the time has come that it was last set to.
// It may be set from anywhere. Which one there is on a system: newWakeTimer.
type wakeTimer interface {
	set(d time.Duration) // when d has passed; 0: never
	close()
}

// allSleep reports whether no scheduler is awake.
func (rt *Runtime) allSleep() bool { return rt.idle.nsleep.Load() >= rt.idle.active.Load() }

// summonMonitor has the monitor come, if it rests. It is called by one who has left the
// sleepers, or has taken another out.
func (rt *Runtime) summonMonitor() {
	r := &rt.monitor.rest
	if r.state.Load() == monitorResting && r.state.CompareAndSwap(monitorResting, monitorDue) { // M1
		r.dueSince.Store(rt.clock())
		r.timer.set(monitorPeriod)
	}
}

// excuseMonitor spares the monitor its coming, if all sleep. It is called by one who is about
// to sleep, and is in the list.
func (rt *Runtime) excuseMonitor(now int64) {
	r := &rt.monitor.rest
	if r.state.Load() != monitorDue || !rt.allSleep() || time.Duration(now-r.excused.Load()) < excuseEvery {
		return
	}
	if time.Duration(now-r.dueSince.Load()) >= briefly && time.Duration(now-r.looked.Load()) >= auditEvery {
		return
	}
	if !r.state.CompareAndSwap(monitorDue, monitorResting) {
		return
	}
	if !rt.allSleep() {
		rt.summonMonitor() // M1
		return
	}
	r.excused.Store(now)
	r.timer.set(0)
	if r.state.Load() != monitorResting { // M2
		r.timer.set(monitorPeriod)
		return
	}
	rt.fellIdle()
}

// restMonitor is the monitor's rest, until a time has come that was set. It reports false if
// the runtime ends.
func (rt *Runtime) restMonitor() bool {
	m := &rt.monitor
	r := &m.rest
	r.looked.Store(rt.clock())
	r.timer.set(0)
	if !r.state.CompareAndSwap(monitorUp, monitorResting) {
		return false // M3
	}
	if rt.allSleep() { // M1
		rt.fellIdle()
		r.tell()
		select {
		case <-m.kick:
		case <-m.stop:
		}
	}
	for {
		old := r.state.Load()
		if old == monitorOver {
			return false
		}
		if r.state.CompareAndSwap(old, monitorUp) {
			return true
		}
	}
}

// tell has those begin who wait for the timer, or end: M4.
func (r *monitorRest) tell() {
	select {
	case r.rests <- struct{}{}:
	default:
	}
}

// timeHasCome is what the timer calls.
func (m *monitor) timeHasCome() {
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// end has the monitor end, and what waits for its timer.
func (m *monitor) end() {
	m.rest.state.Store(monitorOver) // M3
	m.rest.tell()
	close(m.stop)
}

// close is called when nobody is left who might set the time.
func (r *monitorRest) close() { r.timer.close() }

// goTimer is a wakeTimer by one of Go's timers.
type goTimer struct{ *time.Timer }

func (rt *Runtime) newGoTimer() wakeTimer {
	t := goTimer{time.AfterFunc(time.Hour, rt.monitor.timeHasCome)}
	t.Stop()
	return t
}

func (t goTimer) set(d time.Duration) {
	if d == 0 {
		t.Stop()
	} else {
		t.Reset(d)
	}
}

func (t goTimer) close() { t.Stop() }
