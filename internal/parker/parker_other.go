//go:build !linux

package parker

import "time"

// A Parker has one permit.
type Parker struct {
	c chan struct{}
}

// Init makes p ready for use.
func (p *Parker) Init() { p.c = make(chan struct{}, 1) }

// Wait consumes the permit, waiting for it for d, or for ever if d is negative.
// It reports false on time-out. Owner only.
func (p *Parker) Wait(d time.Duration) bool {
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

// Permit gives the permit. Here nobody waits elsewhere.
func (p *Parker) Permit() (elsewhere Place) {
	select {
	case p.c <- struct{}{}:
	default:
	}
	return Nowhere
}
