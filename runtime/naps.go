package runtime

import (
	"sync"
	"time"
)

// naps are the waits for time of the engine's own services, which the judge can hold.
var naps = &napping{}

type napping struct {
	sync.Mutex
	paused chan struct{} // nil: not paused; closed at the end
}

func (n *napping) pause() {
	n.Lock()
	if n.paused == nil {
		n.paused = make(chan struct{})
	}
	n.Unlock()
}

func (n *napping) resume() {
	n.Lock()
	if n.paused != nil {
		close(n.paused)
		n.paused = nil
	}
	n.Unlock()
}

// nap waits for d, at most a second, and reports whether stop was not closed.
func nap(d time.Duration, stop <-chan struct{}) bool {
	naps.Lock()
	paused := naps.paused
	naps.Unlock()
	if paused != nil {
		select {
		case <-stop:
			return false
		case <-paused:
		}
	}
	t := time.NewTimer(min(d, time.Second))
	select {
	case <-stop:
		t.Stop()
		return false
	case <-t.C:
		return true
	}
}
