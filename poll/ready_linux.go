package poll

import (
	"net"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// ready implements endpoint.
func (f *fd) ready(dir epoll.Direction) cml.Op[error] {
	return cml.NewOp(func() (error, bool) { return f.isReady(dir, true) }, func(w cml.Waiter[error]) func() {
		return watch(&f.desc, dir, func() bool {
			err, ok := f.isReady(dir, false)
			if ok {
				w.Commit(err)
			}
			return ok
		})
	})
}

// isReady reports whether an attempt would not wait. The cell alone does not know: it
// says ready until an attempt finds the opposite, and idle until somebody has looked
// for events. With ask the latter is checked too: who tries an operation may not wait
// for that. An attempt that an event brings need not ask.
func (f *fd) isReady(dir epoll.Direction, ask bool) (error, bool) {
	if !f.enter() {
		return net.ErrClosed, true
	}
	defer f.leave()
	for {
		t, s := f.desc.Begin(dir)
		switch {
		case s == epoll.Idle && !(ask && sysReady(f.sys, dir == epoll.Out)):
			return nil, false
		case s == epoll.Idle:
			f.desc.Found(dir)
			return nil, true
		case s != epoll.Ready:
			return over(s), true
		case dir == epoll.In && f.hasAbandoned():
			return nil, true
		case sysReady(f.sys, dir == epoll.Out):
			return nil, true
		}
		f.desc.Drained(dir, t)
	}
}
