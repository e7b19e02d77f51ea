package runtime_test

import (
	"fmt"
	"math"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// idleBefore are how long a runtime is idle before something happens: so short
// that the monitor still looks on, and so long that it sleeps too.
var idleBefore = map[string]time.Duration{"dozing": 20 * time.Millisecond, "deeply idle": 250 * time.Millisecond}

// hogUntil computes without waiting until it is told to stop, and reports
// whether that came before it gave up.
func hogUntil(told *atomic.Bool) bool {
	for start := time.Now(); !told.Load(); {
		if time.Since(start) > 20*time.Second { // on a busy machine, a second was not enough
			return false
		}
	}
	return true
}

// A fiber that was woken by the clock does not come to a wait again. Another
// one is due soon after: somebody has to look at the clock.
func TestTimerIsNotHeldUpByAHog(t *testing.T) {
	for name, idle := range idleBefore {
		for _, n := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/scheds=%d", name, n), func(t *testing.T) {
				var told, gaveUp atomic.Bool
				err := fibers.Run(func() {
					fibers.Go(func() {
						fibers.Sleep(idle)
						gaveUp.Store(!hogUntil(&told))
					})
					fibers.Sleep(idle + 20*time.Millisecond)
					told.Store(true)
				}, fibers.WithSchedulers(n))
				if err != nil {
					t.Error(err)
				}
				if gaveUp.Load() {
					t.Error("a sleeper that was due slept on while another fiber computed")
				}
			})
		}
	}
}

func TestSleepIsNeverEarly(t *testing.T) {
	for _, d := range []time.Duration{1, time.Microsecond, 100 * time.Microsecond, time.Millisecond, 1234567, 20 * time.Millisecond} {
		t.Run(d.String(), func(t *testing.T) {
			everywhere(t, func(t *testing.T) {
				for range 10 {
					start := time.Now()
					fibers.Sleep(d)
					if slept := time.Since(start); slept < d {
						t.Errorf("Sleep(%v) took %v", d, slept)
					}
					until := time.Now().Add(d)
					fibers.SleepUntil(until)
					if now := time.Now(); now.Before(until) {
						t.Errorf("SleepUntil returned %v early", until.Sub(now))
					}
				}
			})
		})
	}
}

func TestSleepOfNothingReturns(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		for _, d := range []time.Duration{0, -1, -time.Hour, math.MinInt64} {
			fibers.Sleep(d)
		}
		for _, past := range []time.Time{{}, time.Now(), time.Now().Add(-time.Hour), time.Unix(0, 0), time.Unix(-1<<40, 0)} {
			fibers.SleepUntil(past)
		}
	})
}

// Sleep(0) is Yield: who waits gets a turn.
func TestSleepOfNothingLetsOthersRun(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	if err := rt.Run(func() {
		var ran atomic.Bool
		fibers.Go(func() { ran.Store(true) })
		for !ran.Load() {
			fibers.Sleep(0)
		}
	}); err != nil {
		t.Error(err)
	}
}

// The end of time is not in the past.
func TestSleepForEverIsEndedByClose(t *testing.T) {
	rt := newRuntime(t)
	const n = 100
	var woke, cleaned atomic.Int64
	for i := range n {
		rt.Go(func() {
			defer cleaned.Inc()
			switch i % 4 {
			case 0:
				fibers.Sleep(math.MaxInt64)
			case 1:
				fibers.Sleep(math.MaxInt64 - 1)
			case 2:
				fibers.SleepUntil(time.Unix(1<<60, 0))
			case 3:
				fibers.Sleep(time.Hour)
			}
			woke.Inc()
		})
	}
	for asleep := 0; asleep < n; goruntime.Gosched() {
		asleep = 0
		for _, f := range rt.Fibers() {
			if f.Reason == "sleep" {
				asleep++
			}
		}
	}
	if err := rt.Run(func() { fibers.Sleep(10 * time.Millisecond) }); err != nil { // others' time passes
		t.Error(err)
	}
	if err := rt.Close(); err != nil || woke.Load() != 0 || cleaned.Load() != n {
		t.Errorf("Close returned %v; %d of %d woke, %d cleaned up", err, woke.Load(), n, cleaned.Load())
	}
}

// Sleepers of one scheduler wake in the order of their times, in whatever order
// they fell asleep.
func TestSleepersWakeInTheirOrder(t *testing.T) {
	const n = 500
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var order []int
	var mu sync.Mutex // a stand-in may come
	late := false
	if err := rt.Run(func() {
		start := time.Now().Add(100 * time.Millisecond) // all are asleep by then, but for a slow machine
		come, l := newLatch(n), newLatch(n)
		for i := range n {
			fibers.Go(func() {
				at := i * 7919 % n
				come.done()
				fibers.SleepUntil(start.Add(time.Duration(at) * 100 * time.Microsecond))
				mu.Lock()
				order = append(order, at)
				mu.Unlock()
				l.done()
			})
		}
		come.wait()
		fibers.Yield()
		late = time.Now().After(start)
		l.wait()
	}); err != nil {
		t.Error(err)
	}
	if late || rt.Stats().StandIns > 0 {
		t.Skip("the machine is too slow to tell")
	}
	for i, at := range order {
		if at != i {
			t.Fatalf("sleeper %d woke as number %d", at, i)
		}
	}
}

// An earlier sleeper comes after a later one, on another scheduler, when the
// whole runtime sleeps already.
func TestALaterSleeperMayBeDueFirst(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	for range 10 {
		rt.Go(func() { fibers.Sleep(time.Hour) })
	}
	for range 20 {
		done := make(chan struct{})
		rt.Go(func() {
			fibers.Sleep(time.Millisecond)
			close(done)
		})
		<-done
	}
}

func TestManySleepersAllWakeOnce(t *testing.T) {
	n := scale(20_000, 2_000)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	woken := make([]atomic.Int32, n)
	if err := rt.Run(func() {
		l := newLatch(n)
		for i := range n {
			fibers.Go(func() {
				fibers.Sleep(time.Duration(i*7919%n) * time.Microsecond)
				woken[i].Inc()
				l.done()
			})
		}
		l.wait()
	}); err != nil {
		t.Error(err)
	}
	for i := range woken {
		if w := woken[i].Load(); w != 1 {
			t.Fatalf("sleeper %d woke %d times", i, w)
		}
	}
}
