package runtime

import (
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/adaptive"
)

// taker is an alarm that takes a mutex, as what is told of an event may.
type taker struct{ m *adaptive.Mutex }

func (x taker) ring(*scheduler) {
	x.m.Lock()
	x.m.Unlock()
}

// A fiber has waited for a mutex that is free now, and the root that is to run it wants that first:
// the mutex was handed to the fiber, for which the root waited, until the monitor brought a stand-in.
func TestNoRootWaitsForAFiberWithTheMutex(t *testing.T) {
	rt, err := New(WithSchedulers(1), WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	const rounds = 20
	kept := 0
	for range rounds {
		var m adaptive.Mutex
		var came, set, given, got atomic.Bool
		m.Lock()
		rt.Go(func() {
			came.Store(true)
			m.Lock()
			got.Store(true)
			m.Unlock()
		})
		eventually(t, "the fiber waits", func() bool { return came.Load() && rt.allSleep() })
		time.Sleep(2 * time.Millisecond) // sleep: long enough for a hand-over
		rt.Go(func() {
			s := current().sched
			x := new(timer)
			x.Value = taker{&m}
			s.setTimer(x, rt.clock())
			s.nudged.Store(true) // so that the root sees to the timer first
			set.Store(true)
			for !given.Load() {
			}
		})
		eventually(t, "the timer is set", set.Load)
		before := rt.Stats().StandIns
		m.Unlock()
		given.Store(true)
		eventually(t, "the fiber goes on", got.Load)
		if rt.Stats().StandIns > before {
			kept++ // a slow machine looks like that, too
		}
	}
	if kept > rounds/2 {
		t.Errorf("in %d rounds of %d the root waited for the fiber that it was to run", kept, rounds)
	}
}

// What is told when a fiber is dropped may have to wait: it is told in a fiber, by no root.
func TestADroppedFiberIsToldOfInAFiber(t *testing.T) {
	rt, err := New(WithSchedulers(1), WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	var runs, over, told, inFiber atomic.Bool
	rt.Go(func() {
		runs.Store(true)
		for !over.Load() {
		}
	})
	eventually(t, "it runs", runs.Load)
	rt.trySpawn(job{fn: func() { t.Error("it has run") }, dropped: func() {
		told.Store(true)
		inFiber.Store(current() != nil)
	}})
	closed := make(chan error)
	go func() { closed <- rt.Close() }()
	eventually(t, "the end begins", rt.ending.Load)
	over.Store(true)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if !told.Load() || !inFiber.Load() {
		t.Errorf("told: %v, in a fiber: %v", told.Load(), inFiber.Load())
	}
}
