package runtime

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// newFreshScheduler returns a scheduler with a wheel and a clock that goes, which nobody runs.
func newFreshScheduler() *scheduler {
	rt := &Runtime{base: time.Now()}
	s := newScheduler(rt)
	s.wheel = newWheel(rt)
	rt.wheels = []*wheel{s.wheel}
	return s
}

// A fresh timer that is cancelled has not been in the wheel, and one that is not fires when its
// time has passed since it was set; never before.
func TestFreshTimersAreAdmittedAtATurn(t *testing.T) {
	s := newFreshScheduler()
	w := s.wheel
	timers := make([]timer, 3*freshMost)
	for range 2 {
		for i := range timers {
			timers[i].Value = i
			s.setAfter(&timers[i], time.Hour)
		}
		if n := w.mu.timers.Len(); n != 2*freshMost {
			t.Errorf("%d timers are in the wheel when the slots were full for the third time, want %d", n, 2*freshMost)
		}
		set := s.rt.clock()
		for i := range timers {
			fresh := i >= 2*freshMost
			if i%2 == 0 && timers[i].release() != fresh {
				t.Errorf("timer %d: fresh should be %v", i, fresh)
			}
		}
		s.tidyOwn()
		if n, want := w.mu.timers.Len(), 2*freshMost+freshMost/2; n != want || w.holds() {
			t.Errorf("%d timers are in the wheel after a turn, want %d", n, want)
		}
		if first := w.next.Load(); first > set+int64(time.Hour) || first < int64(time.Hour) {
			t.Errorf("the first is due at %v", time.Duration(first))
		}
		if last := &timers[len(timers)-1]; last.release() || start(last.When()) < set+int64(time.Hour) {
			t.Errorf("the last is due at %v, set at %v", time.Duration(start(last.When())), time.Duration(set))
		}
		for i := range timers {
			timers[i].cancel()
		}
		if n := w.mu.timers.Len(); n != 0 {
			t.Errorf("%d timers are left", n)
		}
	}
}

// A fiber that computes leaves fresh timers behind, which the monitor admits, and others fire.
func TestFreshTimersOfAStalledSchedulerAreFiredByOthers(t *testing.T) {
	rt, err := New(WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var fired atomic.Bool
	var late bool
	_ = rt.Run(func() {
		AfterFunc(farAhead, func() { fired.Store(true) })
		for start := time.Now(); !fired.Load() && !late; {
			late = time.Since(start) > 30*time.Second
		}
	})
	if late {
		t.Error("a timer that was due did not fire while the fiber that set it computed")
	}
}

// Timers that are far ahead are set by fibers, and stopped by others and by goroutines, fresh or
// not: each is stopped once, and none is left.
func TestFreshTimersAreStoppedFromAnyCoreStress(t *testing.T) {
	const parties, rounds, each = 4, 300, freshMost + freshMost/2
	rt, err := New(WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var stopped, reset atomic.Int64
	var all sync.WaitGroup
	for range parties {
		all.Add(1)
		rt.Go(func() {
			defer all.Done()
			for r := range rounds {
				var timers [each]*Timer
				for i := range timers {
					timers[i] = AfterFunc(time.Hour, func() { t.Error("a timer of an hour fired") })
				}
				stop := func() {
					for i := range timers {
						if i%8 == 0 && timers[i].Reset(2*time.Hour) {
							reset.Inc()
						} else if i%8 != 0 && timers[i].Stop() {
							stopped.Inc()
						}
					}
				}
				var others sync.WaitGroup
				others.Add(1)
				if r%2 == 0 {
					Go(func() { stop(); others.Done() })
				} else {
					go func() { stop(); others.Done() }()
				}
				if r%3 == 0 {
					Yield()
				}
				stop()
				others.Wait()
				for i := 0; i < each; i += 8 {
					if !timers[i].Stop() {
						t.Error("a timer that was set anew is not there")
					}
				}
			}
		})
	}
	all.Wait()
	if n := int64(parties * rounds * (each - each/8)); stopped.Load() != n {
		t.Errorf("%d timers were stopped, want %d", stopped.Load(), n)
	}
	if n := int64(parties * rounds * each / 8 * 2); reset.Load() != n {
		t.Errorf("%d timers were reset, want %d", reset.Load(), n)
	}
	if n := TimersOf(rt); n != 0 {
		t.Errorf("%d timers are left", n)
	}
}
