package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
)

// What the engine offers as operations of package cml.

// After returns the operation that becomes ready when d has passed, counted from
// each Perform, with the time of that moment; never early. With d ≤ 0 it is ready
// at once. A timer that loses a choice is taken out at once.
func After(d time.Duration) cml.Op[time.Time] {
	return cml.FromSource[time.Time]((*afterSource)(&d))
}

// At returns the operation that becomes ready at the time t, by the monotonic
// clock if t has a reading of it, with the time of that moment; never early. If t has
// none it becomes ready when the wall clock shows t: see AtWall.
func At(t time.Time) cml.Op[time.Time] {
	return cml.FromSource[time.Time](atSource(t))
}

// AtWall returns the operation that becomes ready when the wall clock shows t or a later
// time, with the time that it shows; never early. It is for dates and times of day: whether t
// has a reading of the monotonic clock makes no difference. If the clock is set meanwhile it is
// planned anew: where it is put back it waits for so much longer, and where it is put forward beyond t,
// or the machine has slept past t, it becomes ready on Linux at once, if somebody
// waits for such a time for more than a second, elsewhere within about a second.
//
// In a simulation it goes by the clock of the host, which nobody sets.
func AtWall(t time.Time) cml.Op[time.Time] {
	if simhook.On() {
		if _, sm := simCaller(); sm != nil {
			refuseReal(t)
		}
	}
	return At(t.Round(0))
}

// PerformTimeout performs op, but gives up after d: then it returns false, and op
// has left no trace. If op is ready at once it is performed, also with d ≤ 0. The
// time begins when the guards of op have run, and ends when op commits: it does not
// limit its wraps.
func PerformTimeout[T any](op cml.Op[T], d time.Duration) (T, bool) {
	v, _, ok := cml.PerformUntil(op, timeout(d))
	return v, ok
}

// timeout is After for who performs it at once: of one duration most often, again and again.
func timeout(d time.Duration) cml.Op[time.Time] {
	c := current()
	if c == nil {
		return After(d)
	}
	k := &c.sched.sharing().timeouts[uint64(d)*0x9e3779b97f4a7c15>>(64-timeoutBits)]
	if k.op == nil || k.d != d {
		*k = knownTimeout{d, After(d)}
	}
	return k.op
}

// AwaitOp returns the operation that becomes ready when the task has ended, with
// its result. Performing it panics if the task did, as Await does.
func (t *Task[T]) AwaitOp() cml.Op[Result[T]] {
	t.check("AwaitOp")
	get := func(cml.Unit) Result[T] {
		if t.panic != nil {
			panic(t.panic)
		}
		return t.result
	}
	return cml.Wrap(cml.FromSource[cml.Unit](&t.done), get)
}
