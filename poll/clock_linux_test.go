package poll

import (
	"errors"
	"os"
	"testing"
	"time"
	"unsafe"
)

// stepped returns t as it is when the wall clock was moved by d before it was taken,
// and moved back since: its monotonic reading is that of t.
func stepped(t time.Time, d time.Duration) time.Time {
	const seconds = 30 // the seconds of a time with a monotonic reading begin at this bit
	*(*uint64)(unsafe.Pointer(&t)) += uint64(d/time.Second) << seconds
	return t
}

func TestSteppedIsWhatItSays(t *testing.T) {
	now := time.Now()
	s := stepped(now, time.Hour)
	if s.Sub(now) != 0 || s.Round(0).Sub(now.Round(0)) != time.Hour {
		t.Fatal(s, now)
	}
}

// A deadline by the wall clock counts also when the one before was monotonic, and
// the wall clock has been moved in between.
func TestWallDeadlineAfterAMonotonicOne(t *testing.T) {
	onEach(t, func(t *testing.T) {
		for _, step := range []time.Duration{time.Hour, -time.Hour} {
			c, _ := pairOf(t, "tcp", "127.0.0.1:0")
			c.SetReadDeadline(stepped(time.Now().Add(30*time.Minute), -step))
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond).Round(0))
			within(t, "the deadline", func() {
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
			})
		}
	})
}

// A step of the wall clock after a deadline has been set does not move it.
func TestDeadlineDoesNotFollowTheWallClock(t *testing.T) {
	if native == nil {
		t.Skip("package net does it")
	}
	c, _ := pairOf(t, "tcp", "127.0.0.1:0")
	f := c.(*Conn).s.(*fd)
	c.SetReadDeadline(time.Now().Add(time.Hour)) // so that there is something to look into
	d := f.dead.Load()
	d.mu.Lock()
	asked := 0
	d.until = func(time.Time) time.Duration {
		if asked++; asked == 1 {
			return 50 * time.Millisecond
		}
		return time.Hour // after a step back
	}
	d.mu.Unlock()
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond).Round(0))
	within(t, "the deadline", func() {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	})
}
