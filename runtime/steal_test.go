package runtime

import (
	"testing"
	"time"
)

// A ring is stolen from if a fiber waits there for long, or if there is always
// one; not if its owner is as quick as the fibers come.
func TestStealable(t *testing.T) {
	rt := &Runtime{}
	var all [64]fiber
	ring := func() (thief, victim *scheduler, put func(), take func()) {
		thief, victim = newScheduler(rt), newScheduler(rt)
		put = func() { victim.ring.Push(&all[0]) }
		take = func() { victim.ring.Pop() }
		return thief, victim, put, take
	}
	expect := func(t *testing.T, thief, victim *scheduler, at time.Duration, want bool) {
		t.Helper()
		if got := thief.stealable(victim, &victim.woken, int64(at)); got != want {
			t.Errorf("after %v: stealable = %v", at, got)
		}
	}
	t.Run("one that waits", func(t *testing.T) {
		thief, victim, put, _ := ring()
		expect(t, thief, victim, 0, false)
		put()
		expect(t, thief, victim, time.Second, false) // seen now
		expect(t, thief, victim, time.Second+stealableAge-1, false)
		expect(t, thief, victim, time.Second+stealableAge, true)
		if victim.eager.Load() != 0 {
			t.Error("eager after so short a time")
		}
		expect(t, thief, victim, time.Second+watchMin, true)
		if victim.eager.Load() == 0 {
			t.Error("not eager, though the watcher came late")
		}
	})
	t.Run("a quick owner", func(t *testing.T) {
		thief, victim, put, take := ring()
		now := time.Duration(0)
		for range 20 {
			put()
			expect(t, thief, victim, now, false)
			take()
			now += stealableAge
			expect(t, thief, victim, now, false) // empty: forgets
			now += backlogAge
		}
	})
	t.Run("never empty", func(t *testing.T) {
		thief, victim, put, take := ring()
		put()
		for now := time.Duration(0); now < backlogAge; now += stealableAge {
			expect(t, thief, victim, now, false)
			put()
			take()
		}
		expect(t, thief, victim, backlogAge, true)
	})
	t.Run("the last of many", func(t *testing.T) {
		thief, victim, put, take := ring()
		for range 3 {
			put()
		}
		expect(t, thief, victim, 0, false)
		take()
		take()
		put()
		expect(t, thief, victim, stealableAge, true) // the third has waited
	})
	t.Run("an eager one", func(t *testing.T) {
		thief, victim, put, _ := ring()
		victim.eager.Store(1)
		put()
		expect(t, thief, victim, 0, true)
	})
}
