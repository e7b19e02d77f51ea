package runtime

import (
	"testing"
	"time"

	"go.uber.org/atomic"
)

// A permit is never lost, however it meets a wait in the futex or at the channel, and
// however a time-out meets it. (By the timer: TestBellStress; in epoll: TestPollerStress.)
func TestPermitsAreNotLost(t *testing.T) {
	const permits = 20000
	var p parker
	p.init()
	var taken atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range permits {
			p.permit(nil)
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
		wait := p.wait
		if i%4 < 3 {
			wait = p.park
		}
		if wait(d) {
			taken.Inc()
		}
	}
	<-done
}
