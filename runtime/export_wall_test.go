package runtime

import (
	"errors"
	"time"

	"go.uber.org/atomic"
)

// A fakeTeller tells what it is told.
type fakeTeller struct {
	steps   chan bool // false: it can tell no more
	stopped chan struct{}
	open    *atomic.Int32
}

func (t *fakeTeller) wait() bool {
	select {
	case ok := <-t.steps:
		return ok
	case <-t.stopped:
		return false
	}
}
func (t *fakeTeller) stop()  { close(t.stopped) }
func (t *fakeTeller) close() { t.open.Dec() }

// FakeWallClockTeller has whoever waits for steps of the clock wait for what is sent to the
// channel; false ends that. open counts those who wait, made those who have; back takes it back.
func FakeWallClockTeller() (steps chan<- bool, open, made *atomic.Int32, back func()) {
	told := make(chan bool)
	open, made = new(atomic.Int32), new(atomic.Int32)
	return told, open, made, setTeller(func() (clockTeller, error) {
		open.Inc()
		made.Inc()
		return &fakeTeller{told, make(chan struct{}), open}, nil
	})
}

// NoWallClockTeller has nobody tell of steps of the clock.
func NoWallClockTeller() (back func()) {
	return setTeller(func() (clockTeller, error) { return nil, errors.ErrUnsupported })
}

func setTeller(open func() (clockTeller, error)) (back func()) {
	set := func(f func() (clockTeller, error)) {
		wall.mu.Lock()
		defer wall.mu.Unlock()
		wall.mu.open = f
	}
	set(open)
	return func() { set(nil) }
}

// WallNow is what the wall clock shows.
func WallNow() time.Time { return wall.now().Round(0) }

// WallClockLooks reports whether the clock is going to be looked at, and whether somebody tells
// of its steps.
func WallClockLooks() (looks, told bool) {
	wall.mu.Lock()
	defer wall.mu.Unlock()
	return wall.mu.scheduled, wall.mu.teller != nil
}
