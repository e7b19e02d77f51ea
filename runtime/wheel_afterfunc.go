package runtime

import "time"

// A Timer is a call to come: see AfterFunc.
type Timer struct {
	// entry is in a wheel, with a call; or, if a plain goroutine made the Timer, in
	// none, with a *time.Timer.
	entry timer
}

// A call is an alarm that runs the function in a fiber.
type call func()

func (fn call) ring(s *scheduler) {
	if !s.rt.ending.Load() { // nobody counts on it: see AfterFunc
		s.spawn(&job{fn: fn})
	}
}

// AfterFunc has fn run in a new fiber, of the same runtime, when d has passed; never
// early. In a plain goroutine that is a fiber of the Default runtime. It needs no
// fiber while it waits, and takes 64 bytes. AfterFunc and Reset
// synchronize before fn begins.
//
// A Timer keeps nobody waiting: neither WithDrain nor Shutdown wait for it, and when
// its runtime closes, fn is not run any more, in a Default runtime that is started
// afterwards neither.
func AfterFunc(d time.Duration, fn func()) *Timer {
	if fn == nil {
		panic("fibers: AfterFunc(nil): give it a function")
	}
	t := &Timer{}
	c := current()
	if c == nil {
		rt := Default()
		t.entry.Value = time.AfterFunc(d, func() { rt.trySpawn(job{fn: fn}) })
		return t
	}
	c.sched.rt.checkBubble("AfterFunc")
	t.entry.Value = call(fn)
	c.sched.setAfter(&t.entry, d)
	return t
}

// Stop keeps fn from being run and reports whether it did: false means that fn's
// fiber was made already, or the Timer stopped before. It does not wait for fn. It
// may be called from anywhere.
func (t *Timer) Stop() bool {
	if std := t.check("Stop"); std != nil {
		return std.Stop()
	}
	return t.entry.cancel()
}

// Reset has fn run when d has passed from now on, be it once more, and reports
// whether it was still to come before. It may be called from anywhere.
func (t *Timer) Reset(d time.Duration) bool {
	if std := t.check("Reset"); std != nil {
		return std.Reset(d)
	}
	w := t.entry.home
	was := w.reset(&t.entry, w.rt.after(d))
	w.rt.timerSet()
	return was
}

// check returns the timer of Go's that t stands for, or nil.
func (t *Timer) check(what string) *time.Timer {
	if t.entry.home != nil {
		return nil
	}
	std, _ := t.entry.Value.(*time.Timer)
	if std == nil {
		panic("fibers: " + what + " of a Timer that is none: make it with AfterFunc")
	}
	return std
}

// reset is set for a timer that others may see. It reports whether it was there.
func (w *wheel) reset(t *timer, when int64) (was bool) {
	if sm := w.sim; sm != nil {
		return sm.set(t, when)
	}
	at := tickOf(when)
	w.mu.Lock()
	if w.posted.Load() != nil {
		w.settle() // it may be there
	}
	fresh := t.release()
	was = t.Scheduled()
	if was && start(t.When()) == w.next.Load() {
		w.stale.Store(true)
	}
	t.arm()
	w.schedule(t, at)
	w.unlock()
	return was || fresh
}

// timerSet is called after a timer has been set by one who may not run on a
// scheduler of rt (W3).
func (rt *Runtime) timerSet() {
	if c := current(); c == nil || c.sched.rt != rt || c.sched.unseated.Load() { // U4
		rt.wakeForWork()
	}
}
