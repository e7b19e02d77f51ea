package runtime_test

import (
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A fiber that puts where nobody gets is in the report; but not while others are queued for as long, or
// nearly: one of them may be the getter.
func TestWhoPutsIsNotInTheReportWhileTheGetterIsQueued(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	rt.Watch()
	c := cml.NewChan[int]()
	got := make(chan int, 1)
	var over, puts, gets atomic.Bool
	// Queued behind that one, so that the putter begins to wait at once.
	rt.Go(func() { puts.Store(true); c.Put(1) })
	const crowd = 20_000
	for range crowd {
		rt.Go(func() {
			if !over.Load() {
				spin(500 * time.Microsecond)
			}
		})
	}
	rt.Go(func() { gets.Store(true); got <- c.Get() })
	begin := time.Now()
	for time.Since(begin) < 1500*time.Millisecond {
		time.Sleep(10 * time.Millisecond) // sleep: until who puts has waited for a second
		r := fibers.Examine(rt)
		if len(r.Puts) > 0 && !gets.Load() && puts.Load() {
			t.Fatalf("%v", r)
		}
	}
	if gets.Load() {
		t.Skip("the crowd is over already")
	}
	over.Store(true)
	if n := <-got; n != 1 {
		t.Error(n)
	}
	lost := cml.NewChan[int]()
	rt.Go(func() { lost.Put(1) })
	within(t, time.Minute, "who puts in vain is in the report", func() {
		for len(fibers.Examine(rt).Puts) == 0 {
			time.Sleep(10 * time.Millisecond) // sleep: until who puts has waited for a second
		}
	})
}
