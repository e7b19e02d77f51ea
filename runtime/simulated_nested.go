package runtime

import (
	"github.com/seed222ee791/fibers/internal/parkword"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// Run in a fiber of a simulation: so that a program's main can be simulated as it is.
// Its fibers are those of a scope, which ends as a runtime does.

// A simJoin is a fiber that waits until a scope has no fibers.
type simJoin struct {
	scope *simhook.Scope
	f     *fiber
}

// runInside is Run. The caller, c's fiber, waits; what it spawns meanwhile, by way of
// main, is in the scope.
func (sm *simulation) runInside(c *coroutine, main func(), opts []Option) error {
	conf, err := newConfig(opts)
	if err != nil {
		return err
	}
	x := simOf(c.fiber)
	outer := x.Scope
	scope := &simhook.Scope{Name: "Run", Parent: outer}
	defer func() { // also if the caller is ended
		x.Scope = outer
		if !scope.Ending {
			sm.End(scope)
		}
	}()
	x.Scope = scope
	outcome := sm.rt.runMain(main)
	x.Scope = outer
	if conf.drain && outcome.err == nil {
		sm.join(scope, c.fiber)
	}
	sm.End(scope)
	sm.join(scope, c.fiber)
	if outcome.err != nil && conf.panicHandler == nil {
		panic(outcome.err)
	}
	if outcome.err != nil {
		return outcome.err
	}
	return nil
}

// join waits until nobody in the scope lives.
func (sm *simulation) join(scope *simhook.Scope, f *fiber) {
	for sm.inhabited(scope) {
		sm.joins = append(sm.joins, simJoin{scope, f})
		f.Park(wait.Group)
	}
}

func (sm *simulation) inhabited(scope *simhook.Scope) bool {
	for _, x := range sm.live {
		if x.Scope.Within(scope) {
			return true
		}
	}
	return false
}

// joined wakes those who wait for the end of a scope, when x has ended.
func (sm *simulation) joined(x *simhook.Fiber) {
	for i := 0; i < len(sm.joins); {
		j := sm.joins[i]
		if x.Scope.Within(j.scope) && !sm.inhabited(j.scope) {
			sm.joins = removeOne(sm.joins, j)
			if j.f.word.Wake(parkword.Unserved) {
				sm.s.pushWoken(j.f)
			}
			continue
		}
		i++
	}
}
