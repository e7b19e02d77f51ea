package fork_test

import (
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/fork"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// in runs f in a fiber of a runtime of n schedulers.
func in(t *testing.T, n int, f func()) {
	t.Helper()
	if err := fibers.Run(f, fibers.WithSchedulers(n)); err != nil {
		t.Error(err)
	}
}

func TestNoPlaceForGoroutines(t *testing.T) {
	if fork.Current() != nil || fork.Enter() != nil {
		t.Error("a plain goroutine has a place")
	}
}

// A fiber has one place, and keeps it while it waits and moves; with the runtime
// the places go.
func TestPlace(t *testing.T) {
	before := fork.Len()
	in(t, 2, func() {
		if fork.Current() != nil {
			t.Error("a place before Enter")
		}
		p := fork.Enter()
		if p == nil || p != fork.Current() || p != fork.Enter() {
			t.Error("not one place")
		}
		for range 100 {
			fibers.Yield()
			if fork.Current() != p {
				t.Error("another place after a wait")
			}
		}
		if p.Others != 1 || p.Host.Ending() {
			t.Error("of two schedulers one is another, and they are not at their end")
		}
	})
	in(t, 1, func() {
		if fork.Enter().Others != 0 {
			t.Error("one scheduler is not alone")
		}
	})
	if n := fork.Len() - before; n != 0 {
		t.Errorf("%d places left over", n)
	}
}

// What is spawned runs, or is retracted while it is the newest, never both.
func TestRetract(t *testing.T) {
	in(t, 1, func() {
		h := fork.Enter().Host
		var ran atomic.Int32
		tickets := make([]fork.Ticket, 3)
		for i := range tickets {
			tickets[i] = fork.Ticket{Run: func() { ran.Inc() }, Dropped: func() { t.Error("dropped") }}
			h.Spawn(&tickets[i], true)
		}
		if h.Retract(&tickets[1]) {
			t.Error("retracted, though it is not the newest")
		}
		if !h.Retract(&tickets[2]) || !h.Retract(&tickets[1]) {
			t.Error("the newest is not retracted")
		}
		if h.Retract(&tickets[1]) {
			t.Error("retracted twice")
		}
		h.Spawn(&tickets[1], false) // again
		fibers.Yield()
		for ran.Load() < 2 {
			fibers.Yield()
		}
		if h.Retract(&tickets[0]) || h.Retract(&tickets[1]) {
			t.Error("retracted what has run")
		}
		// The record of a fiber that has ended serves another, which is not to
		// be taken for it.
		fibers.Go(func() { ran.Inc() })
		if h.Retract(&tickets[0]) || h.Retract(&tickets[1]) {
			t.Error("retracted another fiber")
		}
		for ran.Load() < 3 {
			fibers.Yield()
		}
	})
}

// What has not begun when the runtime closes is dropped.
func TestDropped(t *testing.T) {
	var ran, dropped atomic.Int32
	in(t, 1, func() {
		ticket := &fork.Ticket{Run: func() { ran.Inc() }, Dropped: func() { dropped.Inc() }}
		fork.Enter().Host.Spawn(ticket, true)
	})
	if ran.Load()+dropped.Load() != 1 {
		t.Errorf("ran %d times, dropped %d times", ran.Load(), dropped.Load())
	}
}

// sharer counts how often the engine calls Share.
type sharer struct{ calls int }

func (s *sharer) Share() { s.calls++ }

// The engine calls Share before each wait and yield, and not else.
func TestShare(t *testing.T) {
	in(t, 1, func() {
		p := fork.Enter()
		s := &sharer{}
		p.Branches = s
		fibers.Yield()
		if s.calls != 1 {
			t.Errorf("%d calls for a yield", s.calls)
		}
		fibers.Sleep(time.Millisecond)
		if s.calls < 2 {
			t.Error("no call for a wait")
		}
		p.Branches = nil // as nobody else knows sharers
	})
}
