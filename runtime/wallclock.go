package runtime

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Times of the wall clock.
//
// A time without a monotonic reading (time.Date, a parsed one, one that came over the
// net) is one that the wall clock has to show, as it is set then. Somebody may set it
// while one waits: what is left is then another than it was. So whoever waits for such
// a time has a timer like others, set for what is left by both clocks now; when it
// rings he looks at the wall clock, and if it is too early waits on. That is never
// early. Not to be late if the clock is put forward, all who wait are in one list, and
// when the clock has been set the two clocks are compared: if they have moved against each
// other, all timers are set anew. The monotonic clock follows what slews the wall clock,
// so that only steps show.
//
// That it has been set is told by a clockTeller where there is one, at once; see
// walltell.go. It takes a descriptor and a goroutine, so that it is not asked for those
// who wait for a moment: begun by a first look after a second, it ends with the last who
// waits. Without one such a look comes each second (a call of Go's timers, which holds no
// goroutine). A second, then, is how late one may be after a step, on all systems.
//
// Rejected: the timerfd in the shared epoll of package poll. Who brings an event there
// may hold what setting timers takes.
//
// In a bubble of testing/synctest nobody sets the clock: those who wait there are in
// no list.
//
// Checked by: TestWallTimes…, TestClockTeller….

// wall is the wall clock of the process, and those who wait for it.
var wall wallClock

type wallClock struct {
	step stdatomic.Int64 // by how much it has been set; of tests alone
	mu   struct {
		sync.Mutex
		first     *wallWait     // in no order
		ahead     time.Duration // of the monotonic clock, when last compared; all timers are set by it
		scheduled bool          // a check is to come

		teller clockTeller                 // who tells that the clock is set, or nil
		open   func() (clockTeller, error) // makes one, if not openClockTeller; of tests alone
	}
}

const (
	wallLook   = time.Second
	wallJitter = time.Millisecond // two readings of the clocks may differ by less
)

// wallOnly reports whether t has no monotonic reading.
func wallOnly(t time.Time) bool { return t == t.Round(0) }

// now is time.Now.
func (w *wallClock) now() time.Time {
	now := time.Now()
	if step := w.step.Load(); step != 0 {
		now = now.Round(0).Add(time.Duration(step))
	}
	return now
}

// processStart is when the process began, by both clocks.
var processStart = time.Now()

// compare returns by how much the wall clock has gained on the monotonic one.
func (w *wallClock) compare() time.Duration {
	now := time.Now()
	gained := now.Round(0).Sub(processStart.Round(0)) - now.Sub(processStart)
	return gained + time.Duration(w.step.Load())
}

// A wallWait is one who waits until the wall clock shows a time. All but at and
// whom it is for is under wall.mu.
type wallWait struct {
	at    time.Time
	entry timer // a fiber's, in home; or
	home  *wheel
	std   *time.Timer // a goroutine's

	r *timeRegistration // to be committed; or
	f *fiber            // to be served

	next, prev *wallWait
	waits      bool // it is in the list
	listed     bool // as others, and not only because it waits: not in a bubble
	spent      bool // r has been committed, or was decided before that
}

// begin makes x wait.
func (x *wallWait) begin() {
	w := &wall
	w.mu.Lock()
	defer w.mu.Unlock()
	x.waits, x.spent = true, false
	x.listed = x.home != nil || !wait.Bubbled()
	if x.listed {
		x.prev, x.next = nil, w.mu.first
		if x.next != nil {
			x.next.prev = x
		}
		w.follow()
		w.mu.first = x
		w.scheduleCheck()
	}
	x.arm()
}

// scheduleCheck has the clocks compared a second later, if somebody waits and nobody can tell. The lock is held.
func (w *wallClock) scheduleCheck() {
	if w.mu.teller == nil && !w.mu.scheduled && w.mu.first != nil {
		w.mu.scheduled = true
		time.AfterFunc(wallLook, w.check)
	}
}

// check compares the clocks, a second after somebody began to wait, and each second as
// long as anybody waits and nobody can tell.
func (w *wallClock) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.scheduled = false
	if w.mu.first == nil {
		return
	}
	w.ask()
	w.follow()
	w.scheduleCheck()
}

// follow sets all timers anew if the clocks have moved against each other. It comes
// before any timer is set, so that it is known by what they are. The lock is held.
func (w *wallClock) follow() {
	if ahead := w.compare(); (ahead - w.mu.ahead).Abs() > wallJitter {
		w.mu.ahead = ahead
		for x := w.mu.first; x != nil; x = x.next {
			x.arm()
		}
	}
}

// arm sets the timer for what is left. The lock is held.
func (x *wallWait) arm() {
	left := x.at.Sub(wall.now())
	switch {
	case x.home != nil:
		x.entry.home = x.home
		x.home.reset(&x.entry, x.home.rt.after(left))
		x.home.rt.timerSet()
	case x.std == nil:
		x.std = time.AfterFunc(left, func() { x.ring(nil) })
	default:
		x.std.Reset(left)
	}
}

// ring implements alarm. It may come late, when x waits for nothing or for another
// time, which does no harm.
func (x *wallWait) ring(*scheduler) {
	wall.mu.Lock()
	defer wall.mu.Unlock()
	if !x.waits {
		return
	}
	now := wall.now()
	if now.Before(x.at) {
		if x.listed {
			wall.follow()
		}
		x.arm()
		return
	}
	x.leave()
	if x.f != nil {
		x.f.Serve()
		return
	}
	x.spent = true
	x.r.Commit(now) // x and r may be used again as soon as the lock is free
}

// leave ends the wait. The lock is held.
func (x *wallWait) leave() {
	x.waits = false
	if x.home != nil {
		x.entry.cancel()
	} else {
		x.std.Stop()
	}
	if !x.listed {
		return
	}
	if x.next != nil {
		x.next.prev = x.prev
	}
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		wall.mu.first = x.next
	}
	x.next, x.prev = nil, nil
	if wall.mu.first == nil {
		wall.dismiss()
	}
}

// withdraw ends the wait, and reports whether nobody has, or will, come for it.
func (x *wallWait) withdraw() bool {
	wall.mu.Lock()
	defer wall.mu.Unlock()
	if x.waits {
		x.leave()
		return true
	}
	return x.f == nil && !x.spent
}

// sleepUntilWall parks the fiber of c, the caller, until the wall clock shows t.
func (c *coroutine) sleepUntilWall(t time.Time) {
	x := &wallWait{at: t, home: c.sched.wheel, f: c.fiber}
	x.entry.Value = x
	x.begin()
	for {
		slot := x.f.Leave(wait.Sleep)
		if slot != nil {
			slot.Swap()
		}
		served, ending := x.f.Arrive(slot)
		if served {
			return
		}
		if ending && x.withdraw() {
			c.quit()
		}
	}
}

// blockWall is Block of an At whose time is one of the wall clock.
func blockWall(t time.Time, r *timeRegistration) {
	x, ok := r.Place.(*wallWait)
	if !ok {
		x = &wallWait{r: r}
		x.entry.Value = x
		r.Place = x
	}
	wall.mu.Lock() // a late ring may look
	x.at, x.home = t, nil
	if c := current(); c != nil {
		x.home = c.sched.wheel
	}
	wall.mu.Unlock()
	x.begin()
}
