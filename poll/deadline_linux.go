package poll

import (
	"sync"
	"time"

	"github.com/seed222ee791/fibers/poll/epoll"
)

// deadlines are those of one descriptor. Setting one again and again to a later
// time, as servers do before each read, must cost little: the timer stays where it
// is, and when it fires early, it is set to what the deadline is by then.
type deadlines struct {
	desc *epoll.Desc
	mu   sync.Mutex
	at   [2]time.Time // zero: none, or over
	next time.Time    // when the timer fires; zero: not at all
	t    *time.Timer
	off  bool
}

// set sets the deadlines of the directions that are said.
func (d *deadlines) set(t time.Time, in, out bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return
	}
	past := !t.IsZero() && time.Until(t) <= 0
	for dir, chosen := range [2]bool{epoll.In: in, epoll.Out: out} {
		if !chosen {
			continue
		}
		dir := epoll.Direction(dir)
		if past {
			d.at[dir] = time.Time{}
			d.desc.Expire(dir)
			continue
		}
		d.at[dir] = t
		d.desc.Renew(dir)
	}
	if !past && !t.IsZero() {
		d.arm(t)
	}
}

// arm has the timer fire at t or before. mu is held.
func (d *deadlines) arm(t time.Time) {
	if !d.next.IsZero() && !t.Before(d.next) {
		return
	}
	d.next = t
	if d.t == nil {
		d.t = time.AfterFunc(time.Until(t), d.fire)
	} else {
		d.t.Reset(time.Until(t))
	}
}

// fire expires what is due, and sets the timer for what is not.
func (d *deadlines) fire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return
	}
	d.next = time.Time{}
	for dir := range d.at {
		t := d.at[dir]
		switch {
		case t.IsZero():
		case time.Until(t) <= 0:
			d.at[dir] = time.Time{}
			d.desc.Expire(epoll.Direction(dir))
		default:
			d.arm(t)
		}
	}
}

// stop is for good.
func (d *deadlines) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	if d.t != nil {
		d.t.Stop()
	}
}
