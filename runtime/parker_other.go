//go:build !linux

package runtime

import "time"

// A parker is where a root sleeps. It has one permit. One goroutine waits, any
// may give the permit.
type parker struct {
	c chan struct{}
}

func (p *parker) init() { p.c = make(chan struct{}, 1) }

// wait consumes the permit, waiting for it for d, or for ever if d is negative.
// It reports false on time-out.
func (p *parker) wait(d time.Duration) bool {
	if d < 0 {
		<-p.c
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.c:
		return true
	case <-t.C:
		return false
	}
}

// permit gives the permit.
func (p *parker) permit(*bell) {
	select {
	case p.c <- struct{}{}:
	default:
	}
}
