package runtime_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleNewTicker() {
	_ = fibers.Run(func() {
		t := fibers.NewTicker(time.Millisecond)
		for i := range 3 {
			t.Tick()
			fmt.Println("tick", i)
		}
	})
	// Output:
	// tick 0
	// tick 1
	// tick 2
}

func ExampleTicker_Tick() {
	t := fibers.NewTicker(time.Millisecond) // a plain goroutine may use it as well
	first := t.Tick()
	fmt.Println(t.Tick().After(first))
	// Output: true
}

func ExampleTicker_TickOp() {
	_ = fibers.Run(func() {
		t := fibers.NewTicker(time.Hour)
		stop := cml.NewCond()
		fibers.Go(func() { stop.Signal() })
		fmt.Println(cml.Perform(cml.Choice(
			cml.Wrap(t.TickOp(), func(time.Time) string { return "tick" }),
			cml.Wrap(stop.WaitOp(), func(cml.Unit) string { return "stop" }),
		)))
	})
	// Output: stop
}

func ExampleTicker_Reset() {
	_ = fibers.Run(func() {
		t := fibers.NewTicker(time.Hour)
		t.Reset(time.Millisecond)
		t.Tick()
		fmt.Println("tick")
	})
	// Output: tick
}

func ExampleTicker_Stop() {
	_ = fibers.Run(func() {
		t := fibers.NewTicker(time.Millisecond)
		t.Stop()
		_, ok := fibers.PerformTimeout(t.TickOp(), 10*time.Millisecond)
		fmt.Println(ok)
	})
	// Output: false
}

func TestTicksDoNotDriftAndAreNotEarly(t *testing.T) {
	both(t, func(t *testing.T) {
		const period = 2 * time.Millisecond
		start := time.Now()
		ticker := fibers.NewTicker(period)
		last := time.Duration(0) // periods since start, of the tick before
		for range 20 {
			at := ticker.Tick().Sub(start)
			if n := at / period; n <= last {
				t.Errorf("tick %d is early, at %v", last+1, at)
			} else {
				last = n // ticks may be missed on a slow machine, but not moved
			}
		}
	})
}

func TestASlowReceiverMissesTicks(t *testing.T) {
	both(t, func(t *testing.T) {
		const period = 5 * time.Millisecond
		ticker := fibers.NewTicker(period)
		fibers.Sleep(7 * period)
		if _, ok := cml.Poll(ticker.TickOp()); !ok {
			t.Error("no tick was kept")
		}
		begin := time.Now()
		if _, ok := cml.Poll(ticker.TickOp()); ok && time.Since(begin) < period/10 {
			// the next one came by itself only if the machine stood still in between
			if _, ok := cml.Poll(ticker.TickOp()); ok {
				t.Error("more than one tick was kept")
			}
		}
	})
}

func TestATickGoesToOneOfThoseWhoWait(t *testing.T) {
	const waiters, period = 8, 3 * time.Millisecond
	rt := newRuntime(t, fibers.WithSchedulers(2))
	start := time.Now()
	ticker := fibers.NewTicker(period)
	got := make(chan time.Time, waiters)
	for i := range waiters {
		if i%2 == 0 {
			rt.Go(func() { got <- ticker.Tick() })
		} else {
			go func() { got <- ticker.Tick() }()
		}
	}
	seen := map[time.Duration]bool{}
	for range waiters {
		n := (<-got).Sub(start) / period
		if seen[n] || n == 0 {
			t.Errorf("tick %d came twice, or early", n)
		}
		seen[n] = true
	}
}

func TestATickThatLosesIsNotTaken(t *testing.T) {
	rt := newRuntime(t)
	_ = rt.Run(func() {
		ticker := fibers.NewTicker(time.Hour)
		c := cml.NewChan[time.Time]()
		fibers.Go(func() {
			for range 1000 {
				c.Put(time.Time{})
			}
		})
		for range 1000 {
			if at := cml.Perform(cml.Choice(ticker.TickOp(), c.GetOp())); !at.IsZero() {
				t.Fatal("a tick")
			}
		}
	})
	if n := fibers.TimersOf(rt); n != 0 {
		t.Errorf("%d timers are left", n)
	}
}

func TestResetReachesThoseWhoWait(t *testing.T) {
	both(t, func(t *testing.T) {
		ticker := fibers.NewTicker(time.Hour)
		var waits atomic.Bool
		fibers.Go(func() {
			for !waits.Load() {
				fibers.Yield()
			}
			fibers.Sleep(2 * time.Millisecond)
			ticker.Stop()
			ticker.Reset(time.Millisecond)
		})
		waits.Store(true)
		ticker.Tick()
		ticker.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		if _, err := cml.PerformContext(ctx, ticker.TickOp()); err == nil {
			t.Error("a stopped ticker ticked")
		}
		if fibers.Current() == nil {
			_ = fibers.Default().Close()
		}
	})
}

// Waiters of a runtime that closes do not take the ticks of others with them.
func TestATickerOutlivesARuntime(t *testing.T) {
	ticker := fibers.NewTicker(20 * time.Millisecond)
	rt := newRuntime(t)
	for range 10 {
		rt.Go(func() { ticker.Tick(); ticker.Stop() })
	}
	_ = rt.Run(func() { fibers.Yield() })
	done := make(chan struct{})
	go func() { ticker.Tick(); close(done) }()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	ticker.Reset(time.Millisecond)
	<-done
}

func TestTickersUnderLoadStress(t *testing.T) {
	const waiters = 6
	rounds := scale(200, 50)
	rt := newRuntime(t, fibers.WithSchedulers(2))
	ticker := fibers.NewTicker(50 * time.Microsecond)
	done := make(chan struct{}, waiters+1)
	for i := range waiters {
		wait := func() {
			for k := range rounds {
				switch {
				case k%5 == 4:
					fibers.PerformTimeout(ticker.TickOp(), 20*time.Microsecond)
				case k%7 == 6 && i == 0:
					ticker.Reset(time.Duration(30+k%40) * time.Microsecond)
				default:
					ticker.Tick()
				}
			}
			done <- struct{}{}
		}
		if i%3 == 2 {
			go wait()
		} else {
			rt.Go(wait)
		}
	}
	for range waiters {
		<-done
	}
	if n := fibers.TimersOf(rt); n != 0 {
		t.Errorf("%d timers are left", n)
	}
}

func TestTickersWithoutAPeriodPanic(t *testing.T) {
	for name, misuse := range map[string]func(){
		"new":   func() { fibers.NewTicker(0) },
		"reset": func() { fibers.NewTicker(1).Reset(-1) },
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

// A tick that was kept bore the time at which it was taken.
func TestAKeptTickBearsTheTimeWhenItWasDue(t *testing.T) {
	both(t, func(t *testing.T) {
		const period = 50 * time.Millisecond
		start := time.Now()
		ticker := fibers.NewTicker(period)
		made := time.Now()
		fibers.Sleep(3*period + period/2) // two are lost meanwhile
		if at := ticker.Tick(); at.Before(start.Add(period)) || at.After(made.Add(period)) {
			t.Errorf("the tick bears %v, want %v", at.Sub(start), period)
		}
		if at := ticker.Tick(); at.Before(made.Add(3 * period)) {
			t.Errorf("the next tick came at %v", at.Sub(start))
		}
	})
}

func TestATickerThatIsNoneSaysSo(t *testing.T) {
	var none fibers.Ticker
	mustMisuse(t, "Tick", func() { none.Tick() })
	mustMisuse(t, "TickOp", func() { none.TickOp() })
	mustMisuse(t, "Reset", func() { none.Reset(time.Second) })
	mustMisuse(t, "Stop", none.Stop)
}
