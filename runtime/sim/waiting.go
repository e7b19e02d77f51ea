package sim

import (
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// What simulated connections report, as real ones do.
var (
	errRefused error = syscall.ECONNREFUSED
	errReset   error = syscall.ECONNRESET
	errPipe    error = syscall.EPIPE
	errTimeout error = syscall.ETIMEDOUT
	errInUse   error = syscall.EADDRINUSE
	errDown    error = syscall.ENETDOWN
)

// A line is who waits for something of a connection: fibers, and operations. It needs
// no lock, as one fiber runs at a time.
type line struct {
	waiters []wait.Waiter
	calls   []*func()
}

// wait waits until the line is woken.
func (l *line) wait(why wait.Reason) {
	w := wait.Current()
	l.waiters = append(l.waiters, w)
	defer func() { l.waiters = slices.DeleteFunc(l.waiters, func(x wait.Waiter) bool { return x == w }) }()
	w.Park(why)
}

// wake wakes all.
func (l *line) wake() {
	ws, calls := l.waiters, l.calls
	l.waiters, l.calls = nil, nil
	for _, w := range ws {
		w.Unpark()
	}
	for _, f := range calls {
		(*f)()
	}
}

// subscribe has f called when the line is woken next.
func (l *line) subscribe(f func()) (cancel func()) {
	call := &f
	l.calls = append(l.calls, call)
	return func() { l.calls = slices.DeleteFunc(l.calls, func(x *func()) bool { return x == call }) }
}

// readyOp is the operation that is ready when ready says so, which can change when l
// is woken.
func readyOp[T any](l *line, ready func() (T, bool)) cml.Op[T] {
	return cml.NewOp(ready, func(w cml.Waiter[T]) (withdraw func()) {
		var cancel func()
		var look func()
		look = func() {
			if v, ok := ready(); ok {
				w.Commit(v)
				return
			}
			cancel = l.subscribe(look)
		}
		look()
		return func() {
			if cancel != nil {
				cancel()
			}
		}
	})
}

// An alarm is a deadline of a connection.
type alarm struct {
	set  bool
	at   int64
	stop func() bool
}

// to sets the deadline to t, by the clock of h; the zero time is none.
func (a *alarm) to(h *Host, t time.Time, l *line) {
	inside("a deadline")
	if a.stop != nil {
		a.stop()
	}
	*a = alarm{}
	if t.IsZero() {
		l.wake()
		return
	}
	if t != t.Round(0) {
		panic("sim: a deadline by real time (time.Now): make it of Sim.Now or Host.Now")
	}
	e := h.n.r.engine
	d := t.Sub(h.Now())
	a.set, a.at = true, e.Now()+int64(d)
	if d <= 0 {
		l.wake()
		return
	}
	a.stop = e.AfterFunc(d, l.wake)
}

// over reports whether the deadline has passed.
func (a *alarm) over(h *Host) bool { return a.set && h.n.r.engine.Now() >= a.at }

var errDeadline = os.ErrDeadlineExceeded

// point lets others run before an operation on a connection.
func point[T any](op string, obj *T) { simhook.Point(op, unsafe.Pointer(obj)) }
