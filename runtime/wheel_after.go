package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The sources of the operations After and At: see cml.Source. A fiber that waits
// has a timer in the wheel of its scheduler; a plain goroutine one of Go's. Who takes
// a timer back is deep down a small stack: few and small frames matter there, so the first,
// of which there are most, is a pointer, which needs no wrapper of the compiler's.

type (
	afterSource time.Duration
	atSource    time.Time
)

type timeRegistration = cml.Registration[time.Time]

// timePlace is what a registration keeps from one wait to the next.
type timePlace struct {
	entry *timer // a fiber's: first, or if that has been dropped, another; or
	first timer
	std   *time.Timer // a goroutine's, which commits the registration
	goes  bool        // it is a goroutine's turn
}

// Waits tells what such a wait is for.
func (*afterSource) Waits() wait.Reason { return wait.Timer }

// Waits tells what such a wait is for.
func (atSource) Waits() wait.Reason { return wait.Timer }

// Later tells that Try is in vain: d begins when it is performed.
func (d *afterSource) Later() wait.Later { return *d > 0 }

// Prepare makes what Block would have to: see cml.FromSource.
func (*afterSource) Prepare(r *timeRegistration) { newPlace(r) }

// Try implements cml.Source.
func (d *afterSource) Try() (time.Time, bool) { return tryTime(time.Duration(*d)) }

// Block implements cml.Source.
func (d *afterSource) Block(r *timeRegistration) {
	if p, c := placeOf(r); c != nil {
		c.sched.setAfter(p.entryFor(r), time.Duration(*d))
	} else {
		p.arm(r, time.Duration(*d))
	}
}

// Withdraw implements cml.Source.
func (*afterSource) Withdraw(r *timeRegistration) bool {
	p, ok := r.Place.(*timePlace)
	return !ok || p.withdraw() // no place: Block panicked
}

// Try implements cml.Source.
func (t atSource) Try() (time.Time, bool) {
	if t.wall() {
		now := wall.now()
		return now, !now.Before(time.Time(t))
	}
	return tryTime(until(time.Time(t)))
}

// wall reports whether t is a time of the wall clock, and the caller not simulated.
func (t atSource) wall() bool {
	if !wallOnly(time.Time(t)) {
		return false
	}
	c := current()
	return c == nil || c.sched.rt.sim == nil
}

// Block implements cml.Source.
func (t atSource) Block(r *timeRegistration) {
	if t.wall() {
		if c := current(); c != nil {
			c.sched.rt.checkBubble("At")
		}
		blockWall(time.Time(t), r)
		return
	}
	if p, c := placeOf(r); c != nil {
		c.sched.setTimer(p.entryFor(r), c.sched.rt.reading(time.Time(t)))
	} else {
		p.arm(r, time.Until(time.Time(t)))
	}
}

// Withdraw implements cml.Source.
func (t atSource) Withdraw(r *timeRegistration) bool {
	switch p := r.Place.(type) {
	case *timePlace:
		return p.withdraw()
	case *wallWait:
		return p.withdraw()
	}
	return true // Block panicked
}

func tryTime(left time.Duration) (time.Time, bool) {
	if left > 0 {
		return time.Time{}, false
	}
	return timeNow(), true
}

// placeOf returns the place of r, and the caller's coroutine if that is a fiber.
func placeOf(r *timeRegistration) (*timePlace, *coroutine) {
	p, ok := r.Place.(*timePlace)
	if !ok {
		p = newPlace(r)
	}
	c := current()
	p.goes = c == nil
	if c != nil {
		c.sched.rt.checkBubble("After")
	}
	return p, c
}

// newPlace gives r a place.
func newPlace(r *timeRegistration) *timePlace {
	p := &timePlace{}
	p.entry, p.first.Value = &p.first, r
	r.Place = p
	return p
}

// entryFor returns the timer for the next wait of r, the registration of p.
func (p *timePlace) entryFor(r *timeRegistration) *timer {
	if p.entry == nil {
		p.entry = &timer{}
		p.entry.Value = r
	}
	return p.entry
}

// withdraw takes the timer back, and reports whether it will not go off.
func (p *timePlace) withdraw() bool {
	if p.goes {
		return p.std.Stop()
	}
	if p.entry == nil || p.entry.home == nil { // Block panicked
		return true
	}
	if p.entry.release() {
		return true
	}
	var s *scheduler
	if c := current(); c != nil {
		s = c.sched
	}
	there, kept := p.entry.drop(s)
	if !kept {
		p.entry = nil
	}
	return there
}

// arm sets the timer of a plain goroutine.
func (p *timePlace) arm(r *timeRegistration, d time.Duration) {
	if p.std == nil {
		p.std = time.AfterFunc(d, func() { r.Commit(time.Now()) })
	} else {
		p.std.Reset(d)
	}
}
