package runtime

import (
	"sync"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/race"
)

// tally is an alarm that counts.
type tally int

func (n *tally) ring(*scheduler) { *n++ }

// Late timers wait in the wheel while many fibers are ready, but not for ever.
func TestABacklogIsServedBeforeLateTimers(t *testing.T) {
	rt := &Runtime{}
	w := newWheel(rt)
	rt.wheels = []*wheel{w}
	s := newScheduler(rt)
	s.wheel = w
	var fired tally
	const late = 10_000
	timers := make([]timer, late)
	for i := range timers {
		timers[i].Value = &fired
		w.set(&timers[i], int64(i))
	}
	now := int64(time.Second)
	s.scanned = now
	turns := func(n int) int {
		before := fired
		for range n {
			s.rotation++
			s.fireOwn(now)
		}
		return int(fired - before)
	}
	if n := turns(1); n != fireBatch {
		t.Errorf("%d timers fired at a turn with nothing else to do, want %d", n, fireBatch)
	}
	for range turnPicks {
		s.ring.Push(new(fiber))
	}
	for s.interval = 1; s.interval <= turnPicks; s.interval *= 4 {
		want := max(s.interval, minFired)
		if n := turns(backlogTurns); n != want {
			t.Errorf("%d timers fired in %d turns of %d picks each, want %d", n, backlogTurns, s.interval, want)
		}
	}
	s.ring.Pop()
	if n := turns(2); n != 2*fireBatch {
		t.Errorf("%d timers fired in 2 turns after the backlog, want %d", n, 2*fireBatch)
	}
}

// So many are ready that turns read ahead in the ring, while thieves take from it, and
// while the fibers there end and their records serve others (A1).
func TestManyReadyFibersStress(t *testing.T) {
	rt, err := New(WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	const n = 2*manyReady + 100
	rounds := 10
	if race.Enabled { // it finds nothing then, and takes long
		rounds = 1
	}
	for range rounds {
		var ended sync.WaitGroup
		ended.Add(n)
		_ = rt.Run(func() {
			for i := range n {
				Go(func() {
					defer ended.Done()
					Sleep(time.Microsecond)
					for range i % 8 {
						Yield()
					}
				})
			}
		})
		ended.Wait()
	}
}
