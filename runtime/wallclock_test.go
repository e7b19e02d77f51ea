package runtime_test

import (
	goruntime "runtime"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// wallNow is the time as others would write it: without a monotonic reading.
func wallNow(step time.Duration) time.Time { return time.Now().Round(0).Add(step) }

// wallWaits are the ways to wait for a time of the wall clock, in a fiber and in a
// goroutine.
var wallWaits = map[string]func(t time.Time){
	"SleepUntil": fibers.SleepUntil,
	"At":         func(t time.Time) { cml.Perform(fibers.At(t)) },
	"AtWall":     func(t time.Time) { cml.Perform(fibers.AtWall(t)) },
	"At beside others": func(t time.Time) {
		cml.Perform(cml.Choice(fibers.At(t), fibers.After(time.Hour), fibers.At(t.Add(time.Hour))))
	},
}

// eachWallWait runs a test for each way. The clock steps by step, and back at the end.
func eachWallWait(t *testing.T, test func(t *testing.T, rt *fibers.Runtime, wait func(time.Time))) {
	for name, wait := range wallWaits {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T) {
				rt := newRuntime(t)
				test(t, rt, wait)
				if n := fibers.WaitForWallClock(); n != 0 {
					t.Errorf("%d still wait", n)
				}
			})
		})
	}
}

func step(d time.Duration) (back func()) {
	fibers.StepWallClock(d)
	return func() { fibers.StepWallClock(-d) }
}

// After the clock was put forward by an hour, a wait of 100 ms took an hour, and after
// it was put back, it ended at once.
func TestWallTimesFollowAClockThatWasSetBefore(t *testing.T) {
	eachWallWait(t, func(t *testing.T, rt *fibers.Runtime, wait func(time.Time)) {
		for _, by := range []time.Duration{time.Hour, -time.Hour} {
			back := step(by)
			start := time.Now()
			wait(wallNow(by).Add(20 * time.Millisecond))
			if d := time.Since(start); d < 20*time.Millisecond || d > 30*time.Second {
				t.Errorf("after a step of %v, a wait of 20 ms took %v", by, d)
			}
			back()
		}
	})
}

// begin has wait wait for at, as the caller would, and returns what is signalled after it.
func begin(rt *fibers.Runtime, wait func(time.Time), at time.Time) *cml.Cond {
	over := cml.NewCond()
	run := func() { wait(at); over.Signal() }
	if fibers.Current() == nil {
		go run()
	} else {
		rt.Go(run)
	}
	for fibers.WaitForWallClock() == 0 && !over.Signalled() {
		fibers.Yield()
	}
	return over
}

// Put forward during the wait, the clock ends it.
func TestWallTimesFollowAClockThatIsPutForward(t *testing.T) {
	eachWallWait(t, func(t *testing.T, rt *fibers.Runtime, wait func(time.Time)) {
		over := begin(rt, wait, wallNow(0).Add(time.Hour))
		defer step(time.Hour)()
		fibers.LookAtWallClock()
		if _, ok := fibers.PerformTimeout(over.WaitOp(), 30*time.Second); !ok {
			t.Error("the wait was not over")
		}
	})
}

// Put back during the wait, it makes that longer: never early.
func TestWallTimesFollowAClockThatIsPutBack(t *testing.T) {
	eachWallWait(t, func(t *testing.T, rt *fibers.Runtime, wait func(time.Time)) {
		for d := 30 * time.Millisecond; ; d *= 2 {
			at := wallNow(0).Add(d)
			over := begin(rt, wait, at)
			fibers.StepWallClock(-time.Hour)
			inTime := time.Now().Before(at)
			if _, ok := fibers.PerformTimeout(over.WaitOp(), 2*d); ok && inTime {
				t.Error("the wait was over too early")
			}
			fibers.StepWallClock(time.Hour)
			fibers.LookAtWallClock()
			if _, ok := fibers.PerformTimeout(over.WaitOp(), 30*time.Second); !ok {
				t.Error("the wait was not over")
			}
			if inTime {
				return
			}
		}
	})
}

// Nobody needs to be told: somebody looks each second.
func TestWallTimesAreLookedAtEachSecond(t *testing.T) {
	rt := newRuntime(t)
	over := begin(rt, fibers.SleepUntil, wallNow(0).Add(time.Hour))
	defer step(time.Hour)()
	if _, ok := fibers.PerformTimeout(over.WaitOp(), 30*time.Second); !ok {
		t.Error("the wait was not over")
	}
}

// Who loses, or ends with its runtime, leaves nothing.
func TestWallTimesThatLoseLeaveNothing(t *testing.T) {
	rt, err := fibers.New()
	if err != nil {
		t.Fatal(err)
	}
	at := wallNow(0).Add(time.Hour)
	for range 100 {
		rt.Go(func() { fibers.SleepUntil(at) })
		rt.Go(func() { cml.Perform(fibers.At(at)) })
	}
	everywhere(t, func(t *testing.T) {
		for range 1000 {
			if _, ok := fibers.PerformTimeout(fibers.At(at), time.Microsecond); ok {
				t.Error("an hour has passed")
			}
		}
	})
	for fibers.WaitForWallClock() < 200 {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if n := fibers.WaitForWallClock(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// AfterFunc of a runtime that has closed started another, in which it ran.
func TestAfterFuncDoesNotOutliveItsRuntime(t *testing.T) {
	rt := fibers.Default()
	ran := make(chan struct{}, 2)
	fibers.AfterFunc(10*time.Millisecond, func() { ran <- struct{}{} })
	timer := fibers.AfterFunc(time.Hour, func() { ran <- struct{}{} })
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ran:
		t.Skip("closed too late")
	default:
	}
	timer.Reset(time.Millisecond)
	time.Sleep(50 * time.Millisecond) // sleep: nothing tells that something does not come
	select {
	case <-ran:
		t.Error("it ran in a runtime made afterwards")
	default:
	}
}

// After 25 days a wait was shown as none at all, after 50 as a new one.
func TestFibersThatWaitForWeeksSaySo(t *testing.T) {
	rt := newRuntime(t)
	rt.Go(func() { fibers.Current().SetName("hermit"); fibers.Sleep(10000 * time.Hour) })
	untilWaiting(rt, "hermit")
	for _, days := range []int{24, 26, 49, 51, 400} {
		d := time.Duration(days) * 24 * time.Hour
		if infos := fibers.InfosAt(rt, d); len(infos) != 1 || infos[0].For < d-time.Hour || infos[0].For > d+time.Hour {
			t.Errorf("after %d days: %v", days, infos)
		}
	}
}
