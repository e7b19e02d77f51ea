package runtime

import (
	"context"
	"time"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// The time in a simulation, and contexts, which may end by it.

// simEpoch is when the clock of a simulation begins.
var simEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// A simContext is a context that somebody waits for. Cancelling one starts
// goroutines for those who asked to be told; so nobody asks: it is looked at.
type simContext struct {
	ctx context.Context
	f   func()
}

// simAfterFunc is the hook AfterFunc.
func simAfterFunc(ctx context.Context, f func()) (stop func() bool, simulated bool) {
	_, sm := simCaller()
	if sm == nil {
		return nil, false
	}
	if simhook.Real(ctx) {
		panic("fibers: a context with a real deadline inside a simulation: make it with sim.WithTimeout or sim.WithDeadline")
	}
	x := &simContext{ctx, f}
	sm.contexts = append(sm.contexts, x)
	return func() bool {
		n := len(sm.contexts)
		sm.contexts = removeOne(sm.contexts, x)
		return len(sm.contexts) < n
	}, true
}

// fireContexts calls what waits for contexts that are done.
func (sm *simulation) fireContexts() {
	for i := 0; i < len(sm.contexts); {
		x := sm.contexts[i]
		if x.ctx.Err() == nil {
			i++
			continue
		}
		sm.contexts = removeOne(sm.contexts, x)
		quiet := sm.quiet
		sm.quiet = true
		x.f()
		sm.quiet = quiet
	}
}

// timeNow is the time for the caller: that of its simulation, or time.Now.
func timeNow() time.Time {
	if simhook.On() {
		if c, sm := simCaller(); sm != nil {
			return sm.timeOf(simOf(c.fiber))
		}
	}
	return time.Now()
}

// until is time.Until for the caller.
func until(t time.Time) time.Duration {
	if simhook.On() {
		if c, sm := simCaller(); sm != nil {
			refuseReal(t)
			return t.Sub(sm.timeOf(simOf(c.fiber)))
		}
	}
	return time.Until(t)
}

// timeOf is the time by the clock of x's host; x may be nil.
func (sm *simulation) timeOf(x *simhook.Fiber) time.Time {
	t := simEpoch.Add(time.Duration(sm.now))
	if x != nil {
		for s := x.Scope; s != nil; s = s.Parent {
			t = t.Add(s.Skew)
		}
	}
	return t
}

// refuseReal panics if t was made of time.Now: it has a reading of the monotonic clock,
// which the times of a simulation never have.
func refuseReal(t time.Time) {
	if t != t.Round(0) {
		panic("fibers: a real time (of time.Now) inside a simulation: make it of Sim.Now")
	}
}

// timeNow is the time for who may not run on a scheduler of rt.
func (rt *Runtime) timeNow() time.Time {
	if rt.sim != nil {
		return rt.sim.timeOf(nil)
	}
	return time.Now()
}

// reading is what the clock of rt shows at the time t, for the calling fiber of it.
func (rt *Runtime) reading(t time.Time) int64 {
	if sm := rt.sim; sm != nil && sm.cur != nil {
		refuseReal(t)
		return sm.now + int64(t.Sub(sm.timeOf(sm.cur)))
	}
	return int64(t.Sub(rt.base))
}
