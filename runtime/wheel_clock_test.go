package runtime

import (
	"math"
	"testing"
	"time"
)

// These use the wheels without a clock.

func TestTicksAreRoundedUp(t *testing.T) {
	const unit = int64(1) << tickBits
	for _, when := range []int64{0, 1, unit - 1, unit, unit + 1, 12345678901, never - 1, never} {
		begins := start(tickOf(when))
		if begins < when && when <= never-unit || begins-when >= unit || begins >= never {
			t.Errorf("a timer for %d is due at %d", when, begins)
		}
	}
	if tickOf(math.MinInt64) != 0 {
		t.Error("the past is before the first tick")
	}
}

// The clock jumps by an hour, or by a century.
func TestTimersAfterAJumpOfTheClock(t *testing.T) {
	const hour = int64(time.Hour)
	for _, jump := range []int64{hour, 24 * hour, 100 * 365 * 24 * hour} {
		w := newWheel(nil)
		timers := make([]timer, 1000)
		for i := range timers {
			timers[i].Value = i
			w.set(&timers[i], jump/int64(len(timers))*int64(i)+1)
		}
		var batch [fireBatch]any
		want := 0
		for n := w.takeNow(jump/2, fireBatch, &batch); n > 0; n = w.takeNow(jump/2, fireBatch, &batch) {
			for _, got := range batch[:n] {
				if got != want {
					t.Fatalf("timer %v fired in place of %d", got, want)
				}
				want++
			}
		}
		if want < 499 || want > 501 {
			t.Errorf("%d of %d fired after half the time", want, len(timers))
		}
		next := w.next.Load()
		if due := jump/int64(len(timers))*int64(want) + 1; next < due || next-due >= 1<<tickBits {
			t.Errorf("the next is due at %d, not at %d", due, next)
		}
	}
}

// What the sleeper sleeps to is exact, also after the next timer has been
// cancelled.
func TestTheNearestDeadlineIsExactAfterCancels(t *testing.T) {
	rt, err := New(WithSchedulers(3))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	timers := make([]timer, 300)
	hour := rt.after(time.Hour)
	at := func(i int) int64 { return start(tickOf(hour + int64(i)*int64(time.Millisecond))) }
	for i := range timers {
		rt.wheels[i%len(rt.wheels)].set(&timers[i], at(i))
	}
	for i := range timers {
		if next := rt.nextTimer(); next != at(i) {
			t.Fatalf("after %d cancels the next is due at %d, not %d", i, next, at(i))
		}
		if !timers[i].cancel() || timers[i].cancel() {
			t.Fatal("cancelled not once")
		}
	}
	if next := rt.nextTimer(); next != never {
		t.Errorf("no timer is left, and one is due at %d", next)
	}
}

// Cancelled timers in the past wake nobody for long: Guile spins there.
func TestACancelledTimerInThePastIsForgotten(t *testing.T) {
	w := newWheel(nil)
	var x timer
	w.set(&x, 5000)
	x.cancel()
	var batch [fireBatch]any
	if n := w.takeNow(1_000_000, fireBatch, &batch); n != 0 {
		t.Error("a cancelled timer fired")
	}
	if w.next.Load() != never || w.stale.Load() {
		t.Error("it is still waited for")
	}
}
