package runtime_test

import (
	"errors"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The behaviours that the ancestors failed at, each under a name of its own.

// spin computes for about d of wall time without ever waiting.
func spin(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

// latch lets one fiber or goroutine wait until n others have counted down.
type latch struct {
	n atomic.Int64
	w wait.Waiter
}

func newLatch(n int) *latch {
	l := &latch{w: wait.Current()}
	l.n.Store(int64(n))
	return l
}

func (l *latch) done() {
	if l.n.Dec() == 0 {
		l.w.Unpark()
	}
}

func (l *latch) wait() {
	for l.n.Load() > 0 {
		l.w.Park(wait.Signal)
	}
	wait.Release(l.w)
}

// shares waits until the n fibers of rt are counted and returns how many ended
// on each scheduler.
func shares(t *testing.T, rt *fibers.Runtime, n int) []uint64 {
	t.Helper()
	for start := time.Now(); ; goruntime.Gosched() {
		var ended []uint64
		sum := uint64(0)
		st := rt.Stats()
		for _, s := range st.Schedulers {
			ended = append(ended, s.Ended)
			sum += s.Ended
		}
		if sum >= uint64(n) || st.Fibers == 0 && st.StandIns > 0 { // some may have retired
			return ended
		}
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d of %d fibers counted as ended: %v", sum, n, ended)
		}
	}
}

func newRuntime(t testing.TB, opts ...fibers.Option) *fibers.Runtime {
	t.Helper()
	rt, err := fibers.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}

// Guile Fibers ran 199 of 200 on the scheduler that spawned them.
func TestWorkConservationOfSpawnedFibers(t *testing.T) {
	if goruntime.GOMAXPROCS(0) < 2 {
		t.Skip("needs two processors")
	}
	rt := newRuntime(t, fibers.WithSchedulers(2))
	const n = 200
	rt.Run(func() {
		l := newLatch(n)
		for range n {
			fibers.Go(func() { spin(time.Millisecond); l.done() })
		}
		l.wait()
	})
	ended := shares(t, rt, n)
	for i, e := range ended[:2] {
		if e < n/20 { // a core may be another process's for a while
			t.Errorf("scheduler %d ran %d of %d fibers: %v", i, e, n, ended)
		}
	}
}

// So do fibers that have run, waited and been woken: they migrate.
func TestWorkConservationOfWokenFibers(t *testing.T) {
	if goruntime.GOMAXPROCS(0) < 2 {
		t.Skip("needs two processors")
	}
	rt := newRuntime(t, fibers.WithSchedulers(2))
	const n = 200
	rt.Run(func() {
		waiters := make([]wait.Waiter, n)
		var open [n]atomic.Bool
		parked, l := newLatch(n), newLatch(n)
		for i := range n {
			fibers.Go(func() {
				waiters[i] = wait.Current()
				parked.done()
				for !open[i].Load() {
					waiters[i].Park(wait.Signal)
				}
				spin(time.Millisecond)
				l.done()
			})
		}
		parked.wait()
		for i, w := range waiters {
			open[i].Store(true)
			w.Unpark()
		}
		l.wait()
	})
	ended := shares(t, rt, n)
	for i, e := range ended[:2] {
		if e < n/20 { // a core may be another process's for a while
			t.Errorf("scheduler %d ran %d of %d woken fibers: %v", i, e, n, ended)
		}
	}
}

// A fiber woken by one that goes on computing is not left in its next place,
// though all others have fallen asleep long before.
func TestWorkConservationOfTheNextPlace(t *testing.T) {
	if goruntime.GOMAXPROCS(0) < 2 {
		t.Skip("needs two processors")
	}
	for _, n := range []int{2, 3, 4, 8} {
		rt := newRuntime(t, fibers.WithSchedulers(n))
		rt.Run(func() {
			for range 5 {
				var woken, open atomic.Bool
				ready := newLatch(1)
				var w wait.Waiter
				fibers.Go(func() {
					w = wait.Current()
					ready.done()
					for !open.Load() {
						w.Park(wait.Signal)
					}
					woken.Store(true)
				})
				ready.wait()
				spin(20 * time.Millisecond) // the others fall asleep
				open.Store(true)
				w.Unpark()
				for start := time.Now(); !woken.Load(); {
					if time.Since(start) > 10*time.Second {
						t.Fatalf("%d schedulers: a woken fiber never ran while its waker computed", n)
					}
				}
			}
		})
	}
}

// Guile Fibers hung.
func TestRunReturnsWhenMainPanics(t *testing.T) {
	defer func() {
		err, _ := recover().(error)
		var pe *fibers.PanicError
		if !errors.As(err, &pe) || pe.Value != "boom" || !strings.Contains(string(pe.Stack), "TestRunReturnsWhenMainPanics") {
			t.Fatalf("Run panicked with %v", err)
		}
	}()
	fibers.Run(func() { panic("boom") })
	t.Fatal("Run returned")
}

// Guile Fibers returned with 99 of 100 done, as it looked at one scheduler.
func TestDrainCountsTheFibersOfEveryScheduler(t *testing.T) {
	for range 20 {
		var done atomic.Int64
		err := fibers.Run(func() {
			for range 100 {
				fibers.Go(func() {
					fibers.Yield()
					fibers.Go(func() { fibers.Sleep(time.Microsecond); done.Inc() })
				})
			}
		}, fibers.WithSchedulers(4), fibers.WithDrain())
		if err != nil || done.Load() != 100 {
			t.Fatalf("Run returned %v with %d of 100 done", err, done.Load())
		}
	}
}

// Guile Fibers blocks the outer scheduler.
func TestNestedRunLeavesTheOuterOneRunning(t *testing.T) {
	err := fibers.Run(func() {
		var ticks atomic.Int64
		var over atomic.Bool
		fibers.Go(func() {
			for !over.Load() {
				ticks.Inc()
				fibers.Sleep(time.Millisecond)
			}
		})
		err := fibers.Run(func() {
			for start := ticks.Load(); ticks.Load() < start+20; {
				fibers.Sleep(time.Millisecond)
			}
		})
		over.Store(true)
		if err != nil {
			t.Error(err)
		}
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
}

// delayUnder returns the longest that a fiber which is ready had to wait while
// hog runs on every scheduler.
func delayUnder(t *testing.T, schedulers int, hog func()) time.Duration {
	rt := newRuntime(t, fibers.WithSchedulers(schedulers))
	var worst time.Duration
	rt.Run(func() {
		l := newLatch(schedulers + 1)
		for range schedulers {
			fibers.Go(func() { hog(); l.done() })
		}
		fibers.Go(func() {
			for range 20 {
				start := time.Now()
				fibers.Sleep(time.Millisecond)
				worst = max(worst, time.Since(start))
			}
			l.done()
		})
		l.wait()
	})
	return worst
}

func TestAHogOnEverySchedulerDelaysOthersLittle(t *testing.T) {
	const hog = 3 * time.Second
	if worst := delayUnder(t, 2, func() { spin(hog) }); worst >= hog/3 {
		t.Fatalf("a fiber was delayed by %v", worst)
	} else {
		t.Logf("longest delay %v", worst)
	}
}

func TestABlockingCallOnEverySchedulerDelaysOthersLittle(t *testing.T) {
	const block = 3 * time.Second
	worst := delayUnder(t, 2, func() {
		time.Sleep(block) // sleep: this is the blocking call
	})
	if worst >= block/3 {
		t.Fatalf("a fiber was delayed by %v", worst)
	}
	t.Logf("longest delay %v", worst)
}

// Fibers that block in native ways on each other are no deadlock.
func TestFibersMayWaitForEachOtherInNativeWays(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	rt.Run(func() {
		const n = 20
		l := newLatch(n)
		var chans [n + 1]chan int
		for i := range chans {
			chans[i] = make(chan int)
		}
		for i := range n {
			fibers.Go(func() { chans[i+1] <- 1 + <-chans[i]; l.done() })
		}
		fibers.Go(func() { chans[0] <- 0 })
		if got := fibers.Blocking(func() int { return <-chans[n] }); got != n {
			t.Errorf("the chain counted %d, want %d", got, n)
		}
		l.wait()
	})
}

func TestStandInsRetire(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	rt.Run(func() {
		l := newLatch(4)
		for range 4 {
			fibers.Go(func() {
				for start := time.Now(); rt.Stats().StandIns == 0 && time.Since(start) < 10*time.Second; {
					spin(time.Millisecond)
				}
				l.done()
			})
		}
		l.wait()
		if rt.Stats().StandIns == 0 {
			t.Error("no stand-in came for four hogs")
		}
		for start := time.Now(); len(rt.Stats().Schedulers) > 2; fibers.Sleep(10 * time.Millisecond) {
			if time.Since(start) > 10*time.Second {
				t.Fatalf("%d schedulers are left of 2 and their stand-ins", len(rt.Stats().Schedulers))
			}
		}
	})
}

// Guile spins after a cancelled timer: 4.3 s of CPU in 6 s.
func TestIdleMeansIdle(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	const parked, timers, idle = 10000, 1000, 2 * time.Second
	for range parked {
		rt.Go(func() { wait.Current().Park(wait.Signal) })
	}
	for range timers {
		rt.Go(func() { fibers.Sleep(time.Hour) })
	}
	for { // until all wait, and the monitor has gone to sleep too
		waiting := 0
		for _, f := range rt.Fibers() {
			if f.State == fibers.Waiting {
				waiting++
			}
		}
		if waiting == parked+timers {
			break
		}
		goruntime.Gosched()
	}
	time.Sleep(300 * time.Millisecond) // sleep: let the monitor see that it is quiet
	before := cpuTime(t)
	time.Sleep(idle) // sleep: this is the idle time that is measured
	used := cpuTime(t) - before
	t.Logf("%v of CPU in %v", used, idle)
	if used > idle/10 {
		t.Errorf("idle runtime used %v of CPU in %v", used, idle)
	}
}

func TestAMillionFibers(t *testing.T) {
	n := scale(1_000_000, 50_000)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	rt.Run(func() {
		l := newLatch(n)
		for range n {
			fibers.Go(l.done)
		}
		l.wait()
	})
}

func TestAChainOfFiveMillionSpawns(t *testing.T) {
	n := scale(5_000_000, 100_000)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	rt.Run(func() {
		l := newLatch(1)
		left := n
		var next func()
		next = func() {
			if left--; left == 0 {
				l.done()
				return
			}
			fibers.Go(next)
		}
		fibers.Go(next)
		l.wait()
	})
}

func TestAMillionSleepers(t *testing.T) {
	n := scale(1_000_000, 10_000)
	if n > 100_000 && os.Getenv("FIBERS_LARGE") == "" {
		n = 100_000 // a million take 3 GB: FIBERS_LARGE=1 asks for them
	}
	rt := newRuntime(t, fibers.WithSchedulers(2))
	var early atomic.Int64
	rt.Run(func() {
		l := newLatch(n)
		for range n {
			fibers.Go(func() {
				start := time.Now()
				fibers.Sleep(time.Second)
				if time.Since(start) < time.Second {
					early.Inc()
				}
				l.done()
			})
		}
		l.wait()
	})
	if early.Load() > 0 {
		t.Errorf("%d of %d woke early", early.Load(), n)
	}
}

// A burst of parked fibers ends: their stacks go back to the system.
func TestMemoryReturnsAfterABurst(t *testing.T) {
	n := scale(100_000, 5_000)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	before := goruntime.NumGoroutine()
	rt.Run(func() {
		ws := make([]wait.Waiter, n)
		var open atomic.Bool
		parked, l := newLatch(n), newLatch(n)
		for i := range n {
			fibers.Go(func() {
				ws[i] = wait.Current()
				parked.done()
				for !open.Load() {
					ws[i].Park(wait.Signal)
				}
				l.done()
			})
		}
		parked.wait()
		open.Store(true)
		for _, w := range ws {
			w.Unpark()
		}
		l.wait()
	})
	deadline := time.Now().Add(30 * time.Second)
	for goruntime.NumGoroutine() > before+n/5 {
		if time.Now().After(deadline) {
			t.Fatalf("%d coroutines are left of %d fibers that have ended", goruntime.NumGoroutine()-before, n)
		}
		time.Sleep(50 * time.Millisecond) // sleep: polling for a background job with a deadline
	}
}

func TestGoexitAndFailNowHarmNoScheduler(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	var after atomic.Int64
	rt.Run(func() {
		const n = 1000
		l := newLatch(n)
		for i := range n {
			fibers.Go(func() {
				defer l.done()
				if i%2 == 0 {
					fibers.Yield()
					goruntime.Goexit()
				}
				after.Inc()
			})
		}
		l.wait()
	})
	if after.Load() != 500 {
		t.Fatalf("%d of 500 fibers survived the Goexit of others", after.Load())
	}
}

// Runtimes that come and go leave no goroutine, descriptor or thread pin.
func TestRuntimesInALoopLeaveNothing(t *testing.T) {
	cycle := func() {
		err := fibers.Run(func() {
			for range 50 {
				fibers.Go(func() { fibers.Sleep(time.Hour) })
				fibers.Go(func() { fibers.Yield(); goruntime.Goexit() })
				fibers.Go(func() { wait.Current().Park(wait.Signal) })
			}
			fibers.Sleep(time.Millisecond)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = fibers.Default().Close() // of other tests
	cycle()
	goroutines, fds := goruntime.NumGoroutine(), openFiles(t)
	for range scale(100, 20) {
		cycle()
	}
	for start := time.Now(); goruntime.NumGoroutine() > goroutines; goruntime.Gosched() {
		if time.Since(start) > 5*time.Second { // those that have ended may still be counted for a moment
			t.Errorf("%d goroutines before, %d after", goroutines, goruntime.NumGoroutine())
			break
		}
	}
	if n := openFiles(t); n > fds {
		t.Errorf("%d descriptors before, %d after", fds, n)
	}
	checkNoPins(t)
}

// Plain goroutines keep running while every scheduler is busy.
func TestPlainGoroutinesRunWhileEverySchedulerIsBusy(t *testing.T) {
	rt := newRuntime(t)
	var stop atomic.Bool
	var work atomic.Int64
	n := len(rt.Stats().Schedulers)
	for range 4 * n {
		rt.Go(func() {
			for !stop.Load() {
				fibers.Yield()
			}
		})
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 200 {
				work.Inc()
				goruntime.Gosched()
			}
		})
	}
	wg.Wait()
	stop.Store(true)
	if work.Load() != 400 {
		t.Fatal("the goroutines did not finish")
	}
}

// Fibers that wait to run at a scheduler whose fiber does not let go are run by
// another, though that one always has work of its own.
func TestFibersBehindAHogAreRunByABusyScheduler(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	var stop, told, gaveUp atomic.Bool
	rt.Run(func() {
		for range 4 {
			fibers.Go(func() {
				for !stop.Load() {
					fibers.Yield()
				}
			})
		}
		l := newLatch(20)
		for range 20 {
			fibers.Go(func() {
				fibers.Yield()
				l.done()
			})
		}
		fibers.Go(func() { gaveUp.Store(!hogUntil(&told)) })
		l.wait()
		told.Store(true)
		stop.Store(true)
	})
	if gaveUp.Load() {
		t.Error("fibers waited behind one that computes, while another scheduler turned")
	}
}
