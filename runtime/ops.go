package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/cml"
)

// What the engine offers as operations of package cml.

// After returns the operation that becomes ready when d has passed, counted from
// each Perform, with the time of that moment; never early. With d ≤ 0 it is ready
// at once. A timer that loses a choice is taken out at once.
func After(d time.Duration) cml.Op[time.Time] {
	return cml.FromSource[time.Time](afterSource(d))
}

// At returns the operation that becomes ready at the time t, by the monotonic
// clock if t has a reading of it, with the time of that moment; never early. If t has
// none it becomes ready when the wall clock shows t, also if that is set meanwhile:
// where it is put forward beyond t, within about a second.
func At(t time.Time) cml.Op[time.Time] {
	return cml.FromSource[time.Time](atSource(t))
}

// PerformTimeout performs op, but gives up after d: then it returns false, and op
// has left no trace. If op is ready at once it is performed, also with d ≤ 0. The
// time begins when the guards of op have run, and ends when op commits: it does not
// limit its wraps.
func PerformTimeout[T any](op cml.Op[T], d time.Duration) (T, bool) {
	v, _, ok := cml.PerformUntil(op, After(d))
	return v, ok
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
	return cml.Wrap(cml.NewOp(
		func() (u cml.Unit, ok bool) { return u, t.Done() },
		func(w cml.Waiter[cml.Unit]) (withdraw func()) {
			return t.done.subscribe(func() { w.Commit(cml.Unit{}) })
		}), get)
}
