package runtime_test

import (
	"fmt"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleAfterFunc() {
	_ = fibers.Run(func() {
		fibers.AfterFunc(time.Millisecond, func() { fmt.Println("later") })
		fmt.Println("now")
		fibers.Sleep(20 * time.Millisecond)
	}, fibers.WithDrain())
	// Output:
	// now
	// later
}

func ExampleTimer_Stop() {
	_ = fibers.Run(func() {
		t := fibers.AfterFunc(time.Hour, func() { fmt.Println("never") })
		fmt.Println(t.Stop(), t.Stop())
	})
	// Output: true false
}

func ExampleTimer_Reset() {
	_ = fibers.Run(func() {
		done := cml.NewCond()
		t := fibers.AfterFunc(time.Hour, func() { done.Signal() })
		fmt.Println(t.Reset(time.Millisecond))
		done.Wait()
		fmt.Println(t.Reset(time.Millisecond)) // once more
	})
	// Output:
	// true
	// false
}

func TestAfterFuncRunsOnceAndNotEarly(t *testing.T) {
	both(t, func(t *testing.T) {
		for _, d := range []time.Duration{-time.Hour, 0, 50 * time.Microsecond, 3 * time.Millisecond} {
			var runs atomic.Int32
			took, start := cml.NewIVar[time.Duration](), time.Now()
			timer := fibers.AfterFunc(d, func() {
				runs.Inc()
				if fibers.Current() == nil {
					t.Error("not in a fiber")
				}
				took.Fill(time.Since(start))
			})
			if got := took.Read(); got < d {
				t.Errorf("AfterFunc(%v) ran after %v", d, got)
			}
			if timer.Stop() || runs.Load() != 1 {
				t.Errorf("it ran %d times, and can still be stopped", runs.Load())
			}
		}
	})
}

func TestAfterFuncOfATimerThatIsNone(t *testing.T) {
	for name, misuse := range map[string]func(){
		"Stop":  func() { new(fibers.Timer).Stop() },
		"Reset": func() { new(fibers.Timer).Reset(1) },
		"nil":   func() { fibers.AfterFunc(1, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, _ := recover().(string); len(s) < 8 || s[:8] != "fibers: " {
					t.Errorf("panic %q", s)
				}
			}()
			misuse()
		})
	}
}

// Guile corrupts the wheel of another scheduler when it cancels there. Timers are
// set by fibers of two schedulers, and stopped and reset by any others and by plain
// goroutines, while they fire.
func TestTimersAreCancelledFromAnyCoreStress(t *testing.T) {
	const parties, timers = 4, 64
	rounds := scale(300, 40)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	type slot struct {
		timer *fibers.Timer
		runs  atomic.Int32
		due   atomic.Int32 // how often it may run
	}
	var slots [parties][timers]slot
	made, all := cml.NewCond(), sync.WaitGroup{}
	var ready atomic.Int32
	work := func(me int) {
		defer all.Done()
		for i := range slots[me] {
			s := &slots[me][i]
			s.due.Store(1)
			s.timer = fibers.AfterFunc(time.Duration(i*17%200)*time.Microsecond, func() { s.runs.Inc() })
		}
		if ready.Inc() == parties {
			made.Signal()
		}
		made.Wait()
		for i := range rounds * timers {
			s := &slots[(me+i)%parties][i*7%timers]
			if i%3 == 0 {
				if s.timer.Stop() {
					s.due.Dec()
				}
			} else {
				s.due.Inc()
				if s.timer.Reset(time.Duration(i*31%300) * time.Microsecond) {
					s.due.Dec()
				}
			}
			if i%50 == 0 {
				fibers.Sleep(time.Duration(i%100) * time.Microsecond)
			}
		}
	}
	all.Add(parties)
	for me := range parties {
		if me == 0 {
			go work(me) // its timers are Go's
		} else {
			rt.Go(func() { work(me) })
		}
	}
	all.Wait()
	settled := func() bool {
		for me := range slots {
			for i := range slots[me] {
				if s := &slots[me][i]; s.runs.Load() != s.due.Load() {
					return false
				}
			}
		}
		return true
	}
	for begin := time.Now(); !settled() && time.Since(begin) < 5*time.Second; {
		goruntime.Gosched()
	}
	for me := range slots {
		for i := range slots[me] {
			if s := &slots[me][i]; s.runs.Load() != s.due.Load() {
				t.Errorf("timer %d of %d ran %d times, must be %d", i, me, s.runs.Load(), s.due.Load())
			}
		}
	}
	if n := fibers.TimersOf(rt); n != 0 {
		t.Errorf("%d timers are left in the wheels", n)
	}
}

// A goroutine sets a timer of a runtime that is asleep: somebody has to wake for it.
func TestATimerResetFromOutsideIsNotMissed(t *testing.T) {
	for name, idle := range idleBefore {
		t.Run(name, func(t *testing.T) {
			rt := newRuntime(t, fibers.WithSchedulers(2))
			ran := make(chan time.Time, 1)
			var timer *fibers.Timer
			_ = rt.Run(func() {
				timer = fibers.AfterFunc(time.Hour, func() { ran <- time.Now() })
			})
			for range 5 {
				time.Sleep(idle) // sleep: the runtime is to be idle for so long
				start := time.Now()
				timer.Reset(2 * time.Millisecond)
				if took := (<-ran).Sub(start); took < 2*time.Millisecond || took > time.Second {
					t.Errorf("it ran after %v", took)
				}
			}
		})
	}
}

// The timers of a scheduler whose fiber does not let go are fired by another, be
// that idle or busy.
func TestTimersOfAStalledSchedulerAreFiredByOthers(t *testing.T) {
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprintf("others busy=%v", busy), func(t *testing.T) {
			rt := newRuntime(t, fibers.WithSchedulers(2))
			var told, gaveUp atomic.Bool
			stop := cml.NewCond()
			_ = rt.Run(func() {
				if busy {
					for range 4 {
						fibers.Go(func() {
							for !stop.Signalled() {
								fibers.Yield()
							}
						})
					}
				}
				here, l := newLatch(20), newLatch(20)
				for i := range 20 {
					fibers.Go(func() {
						here.done()
						fibers.Sleep(20*time.Millisecond + time.Duration(i)*100*time.Microsecond)
						l.done()
					})
				}
				here.wait()
				fibers.Go(func() { gaveUp.Store(!hogUntil(&told)) })
				l.wait()
				told.Store(true)
				stop.Signal()
			})
			if gaveUp.Load() {
				t.Error("sleepers that were due slept on while a fiber computed")
			}
		})
	}
}

// Guile waits busily for what is shorter than its poll. (What others of this process do is
// counted, too: so there are some tries.)
func TestShortSleepsAreNotBusy(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	for _, d := range []time.Duration{100 * time.Microsecond, 300 * time.Microsecond, time.Millisecond} {
		var used, took time.Duration
		for range 5 {
			_ = rt.Run(func() {
				start, before := time.Now(), cpuTime(t)
				for range 200 * time.Millisecond / d {
					fibers.Sleep(d)
				}
				used, took = cpuTime(t)-before, time.Since(start)
			})
			t.Logf("Sleep(%v): %v of CPU in %v", d, used, took)
			if used <= took*3/4 {
				break
			}
		}
		if used > took*3/4 {
			t.Errorf("Sleep(%v) used %v of CPU in %v, and as much in four tries before", d, used, took)
		}
	}
}

// Guile Fibers leaves the timers of choices that it loses in the wheel, in every
// arm but the first, and in each that is wrapped.
func TestLosingTimersLeaveTheHeapFlat(t *testing.T) {
	n := scale(200_000, 20_000)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	heap := func() int64 {
		goruntime.GC()
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	_ = rt.Run(func() {
		c := cml.NewChan[int]()
		stop := cml.NewCond()
		fibers.Go(func() {
			for i := 0; !stop.Signalled(); i++ {
				cml.Select(cml.On(c.PutOp(i), func(cml.Unit) {}), cml.On(stop.WaitOp(), func(cml.Unit) {}))
			}
		})
		get := c.GetOp()
		hour := cml.Wrap(fibers.After(time.Hour), func(time.Time) int { return -1 })
		at := cml.Wrap(fibers.At(time.Now().Add(time.Hour)), func(time.Time) int { return -1 })
		ops := []cml.Op[int]{
			cml.Choice(hour, get), cml.Choice(get, hour), cml.Prefer(hour, get), cml.Choice(cml.Choice(at, hour), cml.Wrap(get, func(i int) int { return i })),
		}
		lose := func(n int) {
			for i := range n {
				if cml.Perform(ops[i%len(ops)]) < 0 {
					t.Error("a timer of an hour won")
				}
			}
		}
		lose(n / 20)
		before := heap()
		lose(n)
		if grown := heap() - before; grown > 1<<20 {
			t.Errorf("the heap grew by %d bytes with %d timers that lost", grown, n)
		}
		stop.Signal()
	})
	if n := fibers.TimersOf(rt); n != 0 {
		t.Errorf("%d timers are left", n)
	}
}
