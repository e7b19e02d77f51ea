package poll

import (
	"math"
	"net"
	"os"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// deadlines are those of one descriptor. Setting one again and again to a later
// time, as servers do before each read, must cost little: the timer stays where it
// is, and when it fires early, it is set to what the deadline is by then.
//
// A time is turned into a moment of the monotonic clock when it is set. From then on
// neither that it has a monotonic reading or not, nor a step of the wall clock,
// makes a difference.
type deadlines struct {
	desc  *epoll.Desc
	until func(time.Time) time.Duration // time.Until
	start time.Time                     // when moments began
	mu    sync.Mutex
	at    [2]moment // zero: none, or over
	next  moment    // when the timer fires; zero: not at all
	t     *time.Timer
	off   bool
}

// A moment is a time since start; 1 is the first.
type moment time.Duration

func newDeadlines(desc *epoll.Desc) *deadlines {
	return &deadlines{desc: desc, until: time.Until, start: time.Now()}
}

func (d *deadlines) now() moment { return moment(time.Since(d.start)) + 1 }

// set sets the deadlines of the directions that are said.
func (d *deadlines) set(t time.Time, in, out bool) { d.note(t, in, out).wake() }

// late are those who are past the deadline of a direction. They are woken when the lock is free, as
// one of them may be a call that takes others: L1.
type late [2]epoll.Sleepers

func (l late) wake() {
	l[epoll.In].Wake()
	l[epoll.Out].Wake()
}

func (d *deadlines) note(t time.Time, in, out bool) (l late) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return l
	}
	var at moment
	past := false
	if !t.IsZero() {
		left := d.until(t)
		past = left <= 0
		if at = d.now() + moment(left); at <= 0 { // centuries from now
			at = math.MaxInt64
		}
	}
	for dir, chosen := range [2]bool{epoll.In: in, epoll.Out: out} {
		if !chosen {
			continue
		}
		dir := epoll.Direction(dir)
		if past {
			d.at[dir] = 0
			l[dir] = d.desc.Expire(dir)
			continue
		}
		d.at[dir] = at
		d.desc.Renew(dir)
	}
	if at != 0 && !past {
		d.arm(at)
	}
	return l
}

// arm has the timer fire at the moment or before. mu is held.
func (d *deadlines) arm(at moment) {
	if d.next != 0 && at >= d.next {
		return
	}
	d.next = at
	left := time.Duration(at - d.now())
	if d.t == nil {
		d.t = time.AfterFunc(left, d.fire)
	} else {
		d.t.Reset(left)
	}
}

// fire expires what is due, and sets the timer for what is not.
func (d *deadlines) fire() { d.expire().wake() }

func (d *deadlines) expire() (l late) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return l
	}
	d.next = 0
	now := d.now()
	for dir, at := range d.at {
		switch {
		case at == 0:
		case at <= now:
			d.at[dir] = 0
			l[dir] = d.desc.Expire(epoll.Direction(dir))
		default:
			d.arm(at)
		}
	}
	return l
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

// over returns the error of a state in which nobody waits.
func over(s epoll.State) error {
	switch s {
	case epoll.Closed:
		return net.ErrClosed
	case epoll.Expired:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// longStreak is after how many calls in a row that did not wait the others have
// their turn.
const longStreak = 256
