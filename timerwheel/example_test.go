package timerwheel_test

import (
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/timerwheel"
)

// A session of some server. Its timer is part of it.
type session struct {
	name    string
	timeout timerwheel.Timer
}

// The usual loop, with the caller's clock: ticks of a millisecond.
func Example() {
	begin := time.Now()
	now := func() timerwheel.Tick { return timerwheel.Tick(time.Since(begin) / time.Millisecond) }
	w := timerwheel.New(0)

	for i, name := range []string{"short", "long", "cancelled"} {
		s := &session{name: name}
		s.timeout.Value = s
		w.Schedule(&s.timeout, now()+timerwheel.Tick(1+10*i))
		if name == "cancelled" {
			w.Cancel(&s.timeout)
		}
	}
	for {
		for w.Advance(now(), 100, func(t *timerwheel.Timer) {
			fmt.Println("time is up:", t.Value.(*session).name)
		}) {
		}
		next, ok := w.Next()
		if !ok {
			break
		}
		time.Sleep(time.Until(begin.Add(time.Duration(next) * time.Millisecond))) // sleep: the example's point
	}
	// Output:
	// time is up: short
	// time is up: long
}

func ExampleNew() {
	w := timerwheel.New(1_000_000) // what the clock shows now
	w.Schedule(&timerwheel.Timer{Value: "a second later"}, 1_001_000)
	w.Advance(1_001_000, 0, func(t *timerwheel.Timer) { fmt.Println(t.Value) })
	// Output: a second later
}

func ExampleWheel_Schedule() {
	w := timerwheel.New(0)
	var t timerwheel.Timer // the zero Timer is ready
	w.Schedule(&t, 10)
	w.Schedule(&t, 20) // moves it
	fmt.Println(w.Len(), t.When())
	// Output: 1 20
}

func ExampleWheel_Cancel() {
	w := timerwheel.New(0)
	var t timerwheel.Timer
	w.Schedule(&t, 10)
	fmt.Println(w.Cancel(&t), w.Cancel(&t))
	// Output: true false
}

// A timer that schedules itself again is periodic; after a long pause it catches
// up.
func ExampleWheel_Advance() {
	w := timerwheel.New(0)
	var every timerwheel.Timer
	w.Schedule(&every, 100)
	w.Advance(350, 0, func(t *timerwheel.Timer) {
		fmt.Println("fired for", t.When())
		w.Schedule(t, t.When()+100)
	})
	// Output:
	// fired for 100
	// fired for 200
	// fired for 300
}

// With a limit, other work can be done between the calls.
func ExampleWheel_Advance_bounded() {
	w := timerwheel.New(0)
	for i := range 5 {
		w.Schedule(&timerwheel.Timer{Value: i}, 10)
	}
	for more := true; more; {
		more = w.Advance(10, 2, func(t *timerwheel.Timer) { fmt.Print(t.Value, " ") })
		fmt.Println("more:", more)
	}
	// Output:
	// 0 1 more: true
	// 2 3 more: true
	// 4 more: false
}

func ExampleWheel_Next() {
	w := timerwheel.New(0)
	var near, far timerwheel.Timer
	w.Schedule(&far, 1_000_000)
	w.Schedule(&near, 1_000)
	fmt.Println(w.Next())
	w.Cancel(&near)
	fmt.Println(w.Next())
	w.Cancel(&far)
	fmt.Println(w.Next())
	// Output:
	// 1000 true
	// 1000000 true
	// 0 false
}

func ExampleWheel_Len() {
	w := timerwheel.New(0)
	w.Schedule(new(timerwheel.Timer), 7)
	w.Schedule(new(timerwheel.Timer), 7)
	fmt.Println(w.Len())
	// Output: 2
}

func ExampleWheel_Now() {
	w := timerwheel.New(5)
	w.Advance(9, 0, func(*timerwheel.Timer) {})
	fmt.Println(w.Now())
	// Output: 9
}

func ExampleTimer_Scheduled() {
	w := timerwheel.New(0)
	var t timerwheel.Timer
	w.Schedule(&t, 3)
	fmt.Println(t.Scheduled())
	w.Advance(3, 0, func(t *timerwheel.Timer) { fmt.Println(t.Scheduled()) })
	// Output:
	// true
	// false
}

func ExampleTimer_When() {
	w := timerwheel.New(0)
	var t timerwheel.Timer
	w.Schedule(&t, 42)
	fmt.Println(t.When())
	// Output: 42
}
