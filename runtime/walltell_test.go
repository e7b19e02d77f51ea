package runtime_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// awaitTrue waits until ok reports true.
func awaitTrue(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(time.Millisecond) { // sleep: polling with a deadline
		if time.Since(start) > 30*time.Second {
			t.Fatal("not in time: " + what)
		}
	}
}

// An alarm is somebody who waits.
type alarm struct {
	got  time.Time // when done
	done chan struct{}
}

// atWall waits in a goroutine or a fiber.
func atWall(rt *fibers.Runtime, at time.Time) *alarm {
	a := &alarm{done: make(chan struct{})}
	run := func() { a.got = cml.Perform(fibers.AtWall(at)); close(a.done) }
	if rt == nil {
		go run()
	} else {
		rt.Go(run)
	}
	return a
}

func (a *alarm) rings(t *testing.T) {
	t.Helper()
	select {
	case <-a.done:
	case <-time.After(30 * time.Second):
		t.Fatal("it does not ring")
	}
}

// ringsWhenTold tells of a step, unless one told before is followed so late that it rings by that.
func (a *alarm) ringsWhenTold(t *testing.T, steps chan<- bool) {
	t.Helper()
	select {
	case steps <- true:
	case <-a.done:
	}
	a.rings(t)
}

func (a *alarm) hasRung() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// Who waits for more than a second is told of steps, forward and back, and nobody looks.
func TestClockTeller(t *testing.T) {
	for name, rt := range map[string]*fibers.Runtime{"goroutine": nil, "fiber": newRuntime(t)} {
		t.Run(name, func(t *testing.T) {
			steps, open, made, back := fibers.FakeWallClockTeller()
			defer back()
			at := time.Now().Add(time.Hour) // with a monotonic reading, which is not heeded
			first, second := atWall(rt, at), atWall(rt, at.Add(time.Hour))
			awaitTrue(t, "somebody tells", func() bool { looks, told := fibers.WallClockLooks(); return told && !looks })

			fibers.StepWallClock(-time.Hour)
			steps <- true
			fibers.StepWallClock(time.Hour)
			steps <- true
			steps <- true // nothing has changed
			if first.hasRung() {
				t.Error("too early")
			}
			defer step(time.Hour)()
			first.ringsWhenTold(t, steps)
			if first.got.Before(at.Round(0)) {
				t.Errorf("%v early", at.Sub(first.got))
			}
			if second.hasRung() || open.Load() != 1 {
				t.Errorf("the second too early, and %d tell", open.Load())
			}

			// It tells no more: who waits looks each second, and soon there is another.
			steps <- false
			awaitTrue(t, "another tells", func() bool { return made.Load() == 2 })
			defer step(time.Hour)()
			second.ringsWhenTold(t, steps)
			awaitTrue(t, "nobody tells", func() bool { return open.Load() == 0 })
			if _, told := fibers.WallClockLooks(); told {
				t.Error("it is told though nobody waits")
			}
		})
	}
}

// A monotonic reading makes no difference to AtWall, and does to At.
func TestAtWallHeedsNoMonotonicReading(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		defer step(time.Hour)()
		soon := time.Now().Add(time.Minute)
		if got, ok := cml.Poll(fibers.AtWall(soon)); !ok || got.Before(soon.Round(0)) {
			t.Errorf("the wall clock shows it: %v, %v", got, ok)
		}
		if _, ok := cml.Poll(fibers.At(soon)); ok {
			t.Error("the monotonic clock has not been set")
		}
	})
}

// Without anybody who tells, the clock is looked at each second.
func TestClockTellerThatThereIsNot(t *testing.T) {
	defer fibers.NoWallClockTeller()()
	rt := newRuntime(t)
	got := atWall(rt, time.Now().Add(time.Hour))
	for start := time.Now(); time.Since(start) < 1500*time.Millisecond; { // past the first look
		time.Sleep(10 * time.Millisecond) // sleep: polling with a deadline
		if _, told := fibers.WallClockLooks(); told {
			t.Fatal("who tells?")
		}
	}
	defer step(time.Hour)()
	got.rings(t)
}

// Losers, and those whose runtime ends, leave nobody who tells.
func TestClockTellerEndsWithTheLast(t *testing.T) {
	_, open, _, back := fibers.FakeWallClockTeller()
	defer back()
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Hour)
	rt.Go(func() { cml.Perform(fibers.AtWall(at)) })
	end := cml.NewCond()
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		cml.Select(cml.On(fibers.AtWall(at), func(time.Time) { t.Error("an hour has passed") }),
			cml.On(end.WaitOp(), func(cml.Unit) {}))
	}()
	awaitTrue(t, "somebody tells", func() bool { return open.Load() == 1 })
	end.Signal()
	<-lost
	if open.Load() != 1 {
		t.Error("nobody tells any more")
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	awaitTrue(t, "nobody tells", func() bool { return open.Load() == 0 })
}

// The clock goes forth and back, and is told of or not: nobody wakes early, or never.
func TestClockTellerStress(t *testing.T) {
	steps, open, _, back := fibers.FakeWallClockTeller()
	defer back()
	rt := newRuntime(t)
	keeper := atWall(nil, time.Now().Add(1000000*time.Hour))
	awaitTrue(t, "somebody tells", func() bool { return open.Load() == 1 })
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		run := func() {
			defer all.Done()
			for n := range 100 {
				at := fibers.WallNow().Add(time.Duration(n%10) * time.Minute)
				if n%3 == 0 {
					fibers.PerformTimeout(fibers.AtWall(at.Add(time.Hour)), time.Duration(n)*time.Microsecond)
				} else if got := cml.Perform(fibers.AtWall(at)); got.Before(at) {
					t.Errorf("%v early", at.Sub(got))
				}
			}
		}
		if i%2 == 0 {
			go run()
		} else {
			rt.Go(run)
		}
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	var total time.Duration
	for n, going := 0, true; going; n++ {
		d := []time.Duration{-time.Minute, 2 * time.Minute}[n%2]
		fibers.StepWallClock(d)
		total += d
		select {
		case steps <- true:
		case <-over:
			going = false
		}
	}
	fibers.StepWallClock(1000000*time.Hour - total)
	keeper.ringsWhenTold(t, steps)
	fibers.StepWallClock(-1000000 * time.Hour)
	if n := fibers.WaitForWallClock(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	awaitTrue(t, "nobody tells", func() bool { return open.Load() == 0 })
}

// In a bubble it goes by the bubble's clock, and nobody looks or tells.
func TestAtWallInABubble(t *testing.T) {
	_, open, _, back := fibers.FakeWallClockTeller()
	defer back()
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().AddDate(0, 1, 0)
		if got := cml.Perform(fibers.AtWall(at)); !got.Equal(at) {
			t.Errorf("at %v, not %v", got, at)
		}
	})
	if open.Load() != 0 {
		t.Error("somebody tells")
	}
}
