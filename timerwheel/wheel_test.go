package timerwheel_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/timerwheel"
)

// fired advances w and returns the values of what fires, in order.
func fired(w *timerwheel.Wheel, now Tick, max int) (values []any, more bool) {
	more = w.Advance(now, max, func(t *timerwheel.Timer) { values = append(values, t.Value) })
	return values, more
}

func mustBe(t *testing.T, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("got %v, want %v", g, w)
	}
}

func mustPanic(t *testing.T, begins string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if s, ok := recover().(string); !ok || !strings.HasPrefix(s, begins) {
			t.Errorf("panic %q, must begin with %q", s, begins)
		}
	}()
	f()
}

func TestNothingIsEarlyOnAnyLevel(t *testing.T) {
	for _, start := range starts {
		for shift := range 64 {
			d := Tick(1) << shift
			at := add(start, d)
			w := timerwheel.New(start)
			var timer timerwheel.Timer
			w.Schedule(&timer, at)
			if at > start {
				if got, more := fired(w, at-1, 0); got != nil || more {
					t.Errorf("start %d: the timer for %d fired a tick early", start, at)
				}
			}
			if !timer.Scheduled() {
				t.Errorf("start %d: the timer for %d is not scheduled any more", start, at)
			}
			if got, more := fired(w, at, 0); len(got) != 1 || more {
				t.Errorf("start %d: %d timers fired at %d, more %v", start, len(got), at, more)
			}
		}
	}
}

func TestOrderWithinATickIsThatOfScheduling(t *testing.T) {
	// 300 timers for one tick, scheduled as the clock comes nearer, so that they
	// begin on all levels; some are moved to the end by scheduling them again.
	const at = Tick(1) << 60
	w := timerwheel.New(0)
	var want []int
	timers := make([]timerwheel.Timer, 300)
	for i := range timers {
		timers[i].Value = i
		w.Advance(at-at>>(i/5), 1, func(*timerwheel.Timer) { t.Error("early") })
		w.Schedule(&timers[i], at)
		if i%10 == 3 {
			w.Next() // opens slots
		}
		if i%7 == 0 && i > 0 {
			w.Schedule(&timers[i-1], at)
			want = append(want[:len(want)-1], i, i-1)
		} else {
			want = append(want, i)
		}
	}
	got, _ := fired(w, at, 0)
	mustBe(t, got, want)
}

func TestAMillionTicksAreOneStep(t *testing.T) {
	w := timerwheel.New(0)
	for i := range 20 {
		w.Schedule(&timerwheel.Timer{Value: i}, Tick(1)<<(3*i))
	}
	// Linear in ticks, this would take centuries.
	got, more := fired(w, math.MaxUint64, 0)
	if len(got) != 20 || more {
		t.Error(got, more)
	}
}

func TestNextIsExactAfterCancels(t *testing.T) {
	for _, n := range []int{1, 2, 10, timerwheel.Few, timerwheel.Few + 1, 1000, 100_000} {
		for shift := 0; shift < 45; shift += 6 { // no further: n of them have to fit before the end of time
			w := timerwheel.New(12345)
			timers := make([]timerwheel.Timer, n)
			at := func(i int) Tick { return 12345 + Tick(i)<<shift/3 + 1<<shift }
			for i := range timers {
				w.Schedule(&timers[i], at(i))
			}
			for i := range timers {
				if next, ok := w.Next(); next != at(i) || !ok {
					t.Fatalf("n %d, shift %d: Next is %d, %v after %d cancels, must be %d", n, shift, next, ok, i, at(i))
				}
				if !w.Cancel(&timers[i]) || w.Cancel(&timers[i]) {
					t.Fatal("cancelled not once")
				}
			}
			if _, ok := w.Next(); ok || w.Len() != 0 {
				t.Fatal("there is a next timer in an empty wheel")
			}
		}
	}
}

func TestMaxBoundsWhatFires(t *testing.T) {
	w := timerwheel.New(0)
	for i := range 10 {
		w.Schedule(&timerwheel.Timer{Value: i}, 7)
	}
	for _, want := range []string{"[0 1 2] true", "[3 4 5] true", "[6 7 8] true", "[9] false", "[] false"} {
		got, more := fired(w, 100, 3)
		mustBe(t, fmt.Sprint(got, more), want)
	}
	for i := range 3 {
		w.Schedule(&timerwheel.Timer{Value: i}, 200)
	}
	if got, more := fired(w, 200, 3); len(got) != 3 || more {
		t.Error("exactly max are due: no more", got, more)
	}
	for _, max := range []int{math.MaxInt, 0, -1, math.MinInt} {
		w.Schedule(&timerwheel.Timer{}, 300)
		if got, more := fired(w, 300, max); len(got) != 1 || more {
			t.Error(max, got, more)
		}
	}
}

// A slot of very many is opened over several calls, none of which does much.
func TestMaxBoundsTheWork(t *testing.T) {
	const n = 50_000
	w := timerwheel.New(0)
	timers := make([]timerwheel.Timer, n)
	for i := range timers {
		timers[i].Value = i
		w.Schedule(&timers[i], 1<<20+Tick(i*7919%n))
	}
	const limit = 10
	calls, last, count := 0, Tick(0), 0
	for more := true; more; calls++ {
		now := 0
		more = w.Advance(1<<21, limit, func(timer *timerwheel.Timer) {
			if timer.When() < last {
				t.Fatal("out of order")
			}
			last = timer.When()
			now++
		})
		if count += now; now > limit {
			t.Fatalf("%d fired in one call", now)
		}
		if calls == 2 { // those that come while a slot is half open keep to their place
			w.Schedule(&timers[5], timers[5].When())
			w.Cancel(&timers[7])
			w.Schedule(&timers[7], timers[7].When())
			if err := w.Check(); err != nil {
				t.Fatal(err)
			}
		}
		if calls == 5 {
			if next, _ := w.Next(); next != 1<<20 {
				t.Fatalf("Next is %d in a slot that is half open", next)
			}
		}
	}
	if count != n || w.Len() != 0 {
		t.Errorf("%d of %d fired", count, n)
	}
	if least := n / (timerwheel.MovesPerCall + limit*timerwheel.MovesPerFire); calls < least {
		t.Errorf("%d calls, there must be some %d", calls, least)
	}
}

// Who comes for a tick while its slot is half open fires behind those that are
// still to be moved.
func TestOrderInASlotThatIsHalfOpen(t *testing.T) {
	const n, at = 3 * timerwheel.MovesPerCall, 1 << 20
	w := timerwheel.New(0)
	for i := range n {
		w.Schedule(&timerwheel.Timer{Value: i}, at)
	}
	got, more := fired(w, at, 1)
	if !more || len(got) > 1 {
		t.Fatalf("%d fired, more %v: the slot is not half open", len(got), more)
	}
	for i := range 10 {
		w.Schedule(&timerwheel.Timer{Value: n + i}, at)
	}
	for more {
		var next []any
		next, more = fired(w, at, 100)
		got = append(got, next...)
	}
	for i, v := range got {
		if v != i {
			t.Fatalf("timer %v fired as number %d", v, i)
		}
	}
	mustBe(t, len(got), n+10)
}

func TestCancelOfASlotThatIsHalfOpen(t *testing.T) {
	const n = 20_000
	w := timerwheel.New(0)
	timers := make([]timerwheel.Timer, n)
	for i := range timers {
		w.Schedule(&timers[i], 1<<30+Tick(i)<<10)
	}
	if !w.Advance(1<<30-1, 1, func(*timerwheel.Timer) { t.Error("early") }) && w.Check() != nil {
		t.Error("an open slot")
	}
	for i := range timers {
		if !w.Cancel(&timers[i]) {
			t.Fatal("not there", i)
		}
		if i%1000 == 0 {
			if err := w.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Check(); err != nil || w.Len() != 0 {
		t.Error(err, w.Len())
	}
}

func TestReschedulingMoves(t *testing.T) {
	w := timerwheel.New(0)
	var a timerwheel.Timer
	a.Value = "a"
	w.Schedule(&a, 10)
	w.Schedule(&a, 1000)
	mustBe(t, w.Len(), 1)
	mustBe(t, a.When(), 1000)
	if got, _ := fired(w, 999, 0); got != nil {
		t.Error("fired at its old place")
	}
	w.Schedule(&a, 1)
	got, _ := fired(w, 0, 0)
	mustBe(t, got, []string{"a"})
}

func TestSchedulingFromTheCallback(t *testing.T) {
	w := timerwheel.New(0)
	var a, b, c timerwheel.Timer
	var got []string
	w.Schedule(&a, 5)
	w.Schedule(&b, 5)
	w.Schedule(&c, 6)
	more := w.Advance(100, 0, func(t *timerwheel.Timer) {
		switch t {
		case &a:
			got = append(got, fmt.Sprint("a", t.When()))
			if t.When() < 95 {
				w.Schedule(t, t.When()+40) // periodic
			}
			if t.When() == 5 {
				t.Value = "seen"
			}
			w.Cancel(&c)
		case &b:
			got = append(got, fmt.Sprint("b", t.When()))
			if t.When() == 5 {
				w.Schedule(t, 3) // passed: at once, before all others
			} else if t.When() == 3 {
				w.Schedule(t, 100)
			}
		case &c:
			got = append(got, "c")
		}
	})
	mustBe(t, got, "[a5 b5 b3 a45 a85 b100]")
	mustBe(t, more, false)
	next, ok := w.Next()
	mustBe(t, fmt.Sprint(next, ok), "125 true")
}

func TestAPanicInFireLeavesTheOthers(t *testing.T) {
	w := timerwheel.New(0)
	for i := range 3 {
		w.Schedule(&timerwheel.Timer{Value: i}, Tick(i))
	}
	mustPanic(t, "boom", func() {
		w.Advance(5, 0, func(t *timerwheel.Timer) {
			if t.Value == 1 {
				panic("boom")
			}
		})
	})
	got, _ := fired(w, 5, 0)
	mustBe(t, got, "[2]")
}

// The last tick is the end of time: nothing wraps around.
func TestTheEndOfTime(t *testing.T) {
	const end = Tick(math.MaxUint64)
	w := timerwheel.New(end - 3)
	var last, first timerwheel.Timer
	last.Value, first.Value = "last", "first"
	w.Schedule(&last, end)
	w.Schedule(&first, 2) // not 5 ticks ahead, but long ago
	next, _ := w.Next()
	mustBe(t, next, 2)
	got, _ := fired(w, end-1, 0)
	mustBe(t, got, "[first]")
	for range 3 {
		got, _ = fired(w, end, 0)
		mustBe(t, got, "[last]")
		w.Schedule(&last, end)
		if err := w.Check(); err != nil {
			t.Error(err)
		}
	}
	got, _ = fired(w, 0, 0) // a clock that is set back stays
	mustBe(t, got, "[last]")
	mustBe(t, w.Now(), end)
}

func TestMisusePanics(t *testing.T) {
	a, b := timerwheel.New(0), timerwheel.New(0)
	var timer timerwheel.Timer
	a.Schedule(&timer, 3)
	mustPanic(t, "timerwheel: ", func() { b.Schedule(&timer, 3) })
	if b.Cancel(&timer) || !timer.Scheduled() {
		t.Error("cancelled by another wheel")
	}
	mustPanic(t, "timerwheel: ", func() { a.Schedule(nil, 3) })
	mustPanic(t, "timerwheel: ", func() { a.Cancel(nil) })
	mustPanic(t, "timerwheel: ", func() { a.Advance(3, 0, nil) })
	mustPanic(t, "timerwheel: ", func() {
		a.Advance(3, 0, func(*timerwheel.Timer) { a.Advance(4, 0, func(*timerwheel.Timer) {}) })
	})
	if a.Cancel(&timer) {
		t.Error("cancelled after it fired")
	}
	b.Schedule(&timer, 3) // a free timer may go to another wheel
	if !b.Cancel(&timer) {
		t.Error("not there")
	}
}

func TestTimersAreSmallAndSchedulingAllocatesNothing(t *testing.T) {
	if size := unsafe.Sizeof(timerwheel.Timer{}); size > 48 {
		t.Errorf("a timer takes %d bytes", size)
	}
	w := timerwheel.New(0)
	timers := make([]timerwheel.Timer, 1000)
	now := Tick(0)
	round := func() {
		for i := range timers {
			w.Schedule(&timers[i], now+Tick(i*i))
		}
		for i := 0; i < len(timers); i += 2 {
			w.Cancel(&timers[i])
		}
		w.Next()
		now += 1_000_000
		w.Advance(now, 0, func(*timerwheel.Timer) {})
	}
	for range 300 {
		round()
	}
	if n := allocs.Least(100, round); n > 0 {
		t.Errorf("%v allocations for %d timers", n, len(timers))
	}
}

// The wheel does not keep what has left it, and gives up the nodes that it does
// not need.
func TestMemoryIsBounded(t *testing.T) {
	w := timerwheel.New(0)
	const n = 100 * (timerwheel.Few + 1)
	timers := make([]timerwheel.Timer, n)
	for i := range timers { // each hundred in a region of its own, the nearest last
		w.Schedule(&timers[i], Tick(n-i)/(timerwheel.Few+1)<<40+Tick(i))
		w.Next()
	}
	// Every region was the first once, and was opened all the way down.
	if nodes := w.Nodes(); nodes > 8+100*8 {
		t.Errorf("%d nodes for %d timers", nodes, n)
	}
	for i := range timers {
		w.Cancel(&timers[i])
	}
	if nodes := w.Nodes(); nodes > 8+16 {
		t.Errorf("%d nodes for no timers", nodes)
	}
}
