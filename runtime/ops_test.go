package runtime_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// both runs a test in a fiber and in a plain goroutine.
func both(t *testing.T, f func(t *testing.T)) {
	t.Run("on=goroutine", f)
	t.Run("on=fiber", func(t *testing.T) { newRuntime(t).Run(func() { f(t) }) })
}

func TestAfterIsNeverEarlyAndCountsFromPerform(t *testing.T) {
	both(t, func(t *testing.T) {
		op := fibers.After(3 * time.Millisecond)
		for range 5 {
			start := time.Now()
			at := cml.Perform(op)
			if d := time.Since(start); d < 3*time.Millisecond || at.Sub(start) < 3*time.Millisecond {
				t.Errorf("ready after %v, at %v", d, at.Sub(start))
			}
		}
	})
}

func TestAtIsReadyFromItsTimeOn(t *testing.T) {
	both(t, func(t *testing.T) {
		when := time.Now().Add(5 * time.Millisecond)
		op := fibers.At(when)
		if _, ok := cml.Poll(op); ok {
			t.Error("ready before its time")
		}
		if at := cml.Perform(op); at.Before(when) {
			t.Error("early by", when.Sub(at))
		}
		if _, ok := cml.Poll(op); !ok {
			t.Error("not ready after its time")
		}
	})
}

func TestPerformTimeout(t *testing.T) {
	both(t, func(t *testing.T) {
		if _, ok := fibers.PerformTimeout(cml.Never[int](), 2*time.Millisecond); ok {
			t.Error("never was ready")
		}
		if v, ok := fibers.PerformTimeout(cml.Always(7), -time.Second); v != 7 || !ok {
			t.Error(v, ok)
		}
		c := cml.NewChan[int]()
		fibers.Go(func() { c.Put(5) })
		if v, ok := fibers.PerformTimeout(c.GetOp(), time.Hour); v != 5 || !ok {
			t.Error(v, ok)
		}
		_ = fibers.Default().Close()
	})
}

// Guile Fibers leaves the timer of a choice that it loses.
func TestTimersThatLoseLeaveNothing(t *testing.T) {
	rt := newRuntime(t)
	rt.Run(func() {
		c := cml.NewChan[int]()
		fibers.Go(func() {
			for i := range 1000 {
				c.Put(i)
			}
		})
		hour := cml.Wrap(fibers.After(time.Hour), func(time.Time) int { return -1 })
		for i := range 1000 {
			if got := cml.Perform(cml.Choice(hour, c.GetOp(), cml.Choice(hour))); got != i {
				t.Fatal(got, i)
			}
		}
	})
	if n := fibers.TimersOf(rt); n != 0 {
		t.Errorf("%d timers are left of choices that others won", n)
	}
}

func TestAwaitOp(t *testing.T) {
	both(t, func(t *testing.T) {
		gate := cml.NewCond()
		boom := errors.New("boom")
		slow := fibers.Spawn(func() (int, error) { gate.Wait(); return 6, boom })
		if _, ok := cml.Poll(slow.AwaitOp()); ok {
			t.Error("ready before its end")
		}
		op := cml.Choice(slow.AwaitOp(), slow.AwaitOp())
		done := make(chan fibers.Result[int])
		go func() { done <- cml.Perform(op) }()
		gate.Signal()
		r := fibers.Blocking(func() fibers.Result[int] { return <-done })
		if r.Value != 6 || r.Err != boom || cml.Perform(op) != r {
			t.Error(r)
		}
		bad := fibers.Spawn(func() (int, error) { panic("bad") })
		defer func() {
			var pe *fibers.PanicError
			if err, _ := recover().(error); !errors.As(err, &pe) || pe.Value != "bad" {
				t.Error("performing AwaitOp of a task that panicked did not panic")
			}
			_ = fibers.Default().Close()
		}()
		cml.Perform(bad.AwaitOp())
	})
}

func ExampleAfter() {
	_ = fibers.Run(func() {
		c := cml.NewChan[string]()
		fmt.Println(cml.Perform(cml.Choice(
			c.GetOp(),
			cml.Wrap(fibers.After(time.Millisecond), func(time.Time) string { return "nobody came" }),
		)))
	})
	// Output: nobody came
}

func ExampleAt() {
	_ = fibers.Run(func() {
		deadline := time.Now().Add(time.Millisecond)
		at := cml.Perform(fibers.At(deadline))
		fmt.Println(at.Before(deadline))
	})
	// Output: false
}

func ExampleAtWall() {
	_ = fibers.Run(func() {
		party := time.Date(1999, time.December, 31, 23, 59, 0, 0, time.UTC)
		shown := cml.Perform(fibers.AtWall(party)) // has been
		fmt.Println(shown.Before(party))
	})
	// Output: false
}

func ExamplePerformTimeout() {
	_ = fibers.Run(func() {
		c := cml.NewChan[int]()
		fibers.Go(func() { c.Put(42) })
		fmt.Println(fibers.PerformTimeout(c.GetOp(), time.Minute))
		fmt.Println(fibers.PerformTimeout(c.GetOp(), time.Millisecond))
	})
	// Output:
	// 42 true
	// 0 false
}

func ExampleTask_AwaitOp() {
	_ = fibers.Run(func() {
		a := fibers.Spawn(func() (string, error) { return "first", nil })
		b := fibers.Spawn(func() (string, error) { fibers.Sleep(time.Hour); return "second", nil })
		fmt.Println(cml.Perform(cml.Choice(a.AwaitOp(), b.AwaitOp())).Value)
	})
	// Output: first
}

// Tasks that end while those who await them by an operation take something else: each
// gets the one or the other, and a task's result is there afterwards.
func TestAwaitOpStress(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	_ = rt.Run(func() {
		for round := range scale(20_000, 2_000) {
			c := cml.NewChan[int]()
			task := fibers.Spawn(func() (int, error) {
				for range round % 3 {
					fibers.Yield()
				}
				return round, nil
			})
			other := fibers.Spawn(func() (int, error) {
				v, _, _ := cml.PerformUntil(cml.Wrap(c.PutOp(-1), func(cml.Unit) int { return 1 }), cml.Wrap(task.AwaitOp(), func(fibers.Result[int]) int { return 2 }))
				return v, nil
			})
			v := cml.Perform(cml.Choice(
				cml.Wrap(task.AwaitOp(), func(r fibers.Result[int]) int { return r.Value }),
				c.GetOp(),
				cml.Wrap(task.AwaitOp(), func(r fibers.Result[int]) int { return r.Value })))
			if v != round && v != -1 {
				t.Fatalf("round %d: %d", round, v)
			}
			if r := cml.Perform(task.AwaitOp()); r.Value != round || r.Err != nil {
				t.Fatalf("round %d: %+v", round, r)
			}
			_, _ = other.Await()
		}
	})
}
