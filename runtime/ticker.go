package runtime

import (
	"sync"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Ticker ticks at regular times: a period after it was made, two periods, and so
// on. Each tick goes to one of those who wait for it. A tick that nobody waits for
// is kept, but only one: who comes late gets it at once, with the time at which it was
// due, and then the next at its regular time. So slow receivers miss ticks, and ticks do
// not drift.
//
// A Ticker may be used by fibers and goroutines, of any runtime, at once. While
// nobody waits it costs nothing: it need not be stopped.
type Ticker struct {
	op cml.Op[time.Time]
	mu struct {
		sync.Mutex
		period time.Duration // 0: stopped
		next   time.Time     // of the tick to be delivered next
		first  *tickWait     // who waits, in no order
	}
}

// NewTicker returns a ticker with the period d. It panics if d ≤ 0.
func NewTicker(d time.Duration) *Ticker {
	checkPeriod("NewTicker", d)
	t := &Ticker{}
	t.mu.period, t.mu.next = d, tickNow().Add(d)
	t.op = cml.FromSource[time.Time]((*tickSource)(t))
	return t
}

func checkPeriod(what string, d time.Duration) {
	if d <= 0 {
		panic("fibers: " + what + " with a period that is not positive: give it a longer one")
	}
}

// Tick waits for the next tick and returns the time. On a stopped ticker it waits
// until it is Reset.
func (t *Ticker) Tick() time.Time { return cml.Perform(t.TickOp()) }

// TickOp returns the operation that becomes ready with the next tick, with the time
// of that moment, or of a tick that was kept, the time when it was due; never early. One
// that loses a choice takes no tick.
func (t *Ticker) TickOp() cml.Op[time.Time] {
	t.check("TickOp")
	return t.op
}

func (t *Ticker) check(what string) {
	if t.op == nil {
		panic("fibers: " + what + " of a Ticker that is none: make it with NewTicker")
	}
}

// Reset makes the period d, and the next tick come when d has passed from now on; a
// tick that is kept is dropped. It also starts a ticker that was stopped. It panics
// if d ≤ 0.
func (t *Ticker) Reset(d time.Duration) {
	t.check("Reset")
	checkPeriod("Reset of a Ticker", d)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.period, t.mu.next = d, tickNow().Add(d)
	for x := t.mu.first; x != nil; x = x.next {
		x.arm()
	}
}

// Stop makes it tick no more; a tick that is kept is dropped. Who waits for one
// waits on.
func (t *Ticker) Stop() {
	t.check("Stop")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.period = 0
	for x := t.mu.first; x != nil; x = x.next {
		x.disarm()
	}
}

// due reports whether there is a tick. The lock is held.
func (t *Ticker) due(now time.Time) bool { return t.mu.period > 0 && !now.Before(t.mu.next) }

// taken notes that the tick has been delivered. The lock is held.
func (t *Ticker) taken(now time.Time) {
	missed := now.Sub(t.mu.next) / t.mu.period
	t.mu.next = t.mu.next.Add((missed + 1) * t.mu.period)
}

// tickSource is a Ticker as a cml.Source.
type tickSource Ticker

// Waits tells what such a wait is for.
func (*tickSource) Waits() wait.Reason { return wait.Tick }

// Try implements cml.Source.
func (src *tickSource) Try() (due time.Time, ok bool) {
	t := (*Ticker)(src)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := tickNow()
	if !t.due(now) {
		return time.Time{}, false
	}
	due = t.mu.next
	t.taken(now)
	return due, true
}

// Block implements cml.Source.
func (src *tickSource) Block(r *timeRegistration) {
	t := (*Ticker)(src)
	x, ok := r.Place.(*tickWait)
	if !ok || x.ticker != t { // constant, as a late ring may look at it
		x = &tickWait{ticker: t, r: r}
		x.entry.Value = x
		r.Place = x
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	x.home = nil
	if c := current(); c != nil {
		c.sched.rt.checkBubble("a Ticker")
		x.home = c.sched.wheel
	}
	x.waits, x.spent = true, false
	x.prev, x.next = nil, t.mu.first
	if x.next != nil {
		x.next.prev = x
	}
	t.mu.first = x
	if t.mu.period > 0 {
		x.arm()
	}
}

// Withdraw implements cml.Source.
func (src *tickSource) Withdraw(r *timeRegistration) bool {
	x := r.Place.(*tickWait)
	t := x.ticker
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.waits {
		x.disarm()
		x.leave()
	}
	return !x.spent
}

// A tickWait is one performance that waits for a tick. It has a timer of its own,
// set for the next tick; when that has gone to another by then, it is set anew.
// So waiters of one runtime do not depend on another, which may close.
//
// All but ticker is under ticker.mu.
type tickWait struct {
	entry      timer // a fiber's, in home; or
	home       *wheel
	std        *time.Timer // a goroutine's
	ticker     *Ticker
	r          *timeRegistration
	next, prev *tickWait
	waits      bool // it is in the list
	spent      bool // r has been committed, or was decided before that
}

// tickNow is the time by which a ticker goes: in a simulation no host's.
func tickNow() time.Time {
	if simhook.On() {
		if _, sm := simCaller(); sm != nil {
			return sm.timeOf(nil)
		}
	}
	return time.Now()
}

// timeNow is tickNow for who rings.
func (x *tickWait) timeNow() time.Time {
	if x.home != nil {
		return x.home.rt.timeNow()
	}
	return time.Now()
}

// arm sets the timer for the next tick.
func (x *tickWait) arm() {
	next := x.ticker.mu.next
	switch {
	case x.home != nil:
		x.entry.home = x.home
		x.home.reset(&x.entry, int64(next.Sub(x.home.rt.base)))
		x.home.rt.timerSet()
	case x.std == nil:
		x.std = time.AfterFunc(time.Until(next), x.wake)
	default:
		x.std.Reset(time.Until(next))
	}
}

func (x *tickWait) disarm() {
	switch {
	case x.home != nil && x.entry.home != nil:
		x.entry.cancel()
	case x.home == nil && x.std != nil:
		x.std.Stop()
	}
}

// ring implements alarm.
func (x *tickWait) ring(*scheduler) { x.wake() }

// wake delivers the tick, if it is still there. It may come late, when x waits for
// nothing or for another tick, which does no harm.
func (x *tickWait) wake() {
	t := x.ticker
	t.mu.Lock()
	defer t.mu.Unlock()
	if !x.waits || t.mu.period == 0 {
		return
	}
	now := x.timeNow()
	if !t.due(now) {
		x.arm()
		return
	}
	x.disarm() // set anew, if the ring is late: it must be in no wheel when x is used again
	x.leave()
	x.spent = true
	if x.r.Commit(now) { // x and r may be used again as soon as the lock is free
		t.taken(now)
	}
}

// leave takes x out of the list.
func (x *tickWait) leave() {
	x.waits = false
	if x.next != nil {
		x.next.prev = x.prev
	}
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		x.ticker.mu.first = x.next
	}
	x.next, x.prev = nil, nil
}
