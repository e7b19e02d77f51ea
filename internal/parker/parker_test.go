package parker

import (
	"testing"
	"time"

	"go.uber.org/atomic"
)

// A sleeper is a Parker with the ways to wait that there are.
type sleeper struct {
	Parker
	ways []func(d time.Duration) bool
	rung chan struct{} // wakes it at a place of its own
}

// A permit is never lost, however it meets a wait in the kernel, at a channel or elsewhere,
// and however a time-out meets it.
func TestPermitsAreNotLost(t *testing.T) {
	const permits = 20000
	s := &sleeper{rung: make(chan struct{}, 1)}
	s.Init()
	s.ways = append(s.ways, s.Wait)
	s.more()
	var taken atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range permits {
			if s.Permit() == Elsewhere {
				select {
				case s.rung <- struct{}{}:
				default: // a late one is there, which does as well
				}
			}
			for start := time.Now(); taken.Load() <= int64(i); { // one at a time: it has one permit
				if time.Since(start) > 30*time.Second {
					panic("a permit was lost") // the other side waits, perhaps for ever
				}
				if i%7 == 0 {
					time.Sleep(0) // sleep: it gives way
				}
			}
		}
	}()
	for i := 0; taken.Load() < permits; i++ {
		d := time.Duration(-1)
		if i%3 != 0 {
			d = time.Duration(i%50) * time.Microsecond
		}
		if s.ways[i%4%len(s.ways)](d) {
			taken.Inc()
		}
	}
	<-done
}
