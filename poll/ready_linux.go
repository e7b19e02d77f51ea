package poll

import (
	"net"
	"sync"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll/epoll"
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
		case sysReady(f.sys, dir == epoll.Out):
			return nil, true
		}
		f.desc.Drained(dir, t)
	}
}

// watch calls attempt whenever the direction may be ready, until it reports true or
// the function that is returned is called. attempt is called by the one who calls
// watch, or by who brings the event: it must not wait.
func watch(d *epoll.Desc, dir epoll.Direction, attempt func() bool) (stop func()) {
	w := &watcher{desc: d, dir: dir, attempt: attempt}
	w.look()
	return w.stop
}

type watcher struct {
	desc    *epoll.Desc
	dir     epoll.Direction
	attempt func() bool
	mu      struct {
		sync.Mutex
		cancel func()
		over   bool
	}
}

// look subscribes, or if there is something already, attempts.
func (w *watcher) look() {
	for {
		w.mu.Lock()
		if w.mu.over {
			w.mu.Unlock()
			return
		}
		cancel, ok := w.desc.Subscribe(w.dir, w.look)
		w.mu.cancel = cancel
		w.mu.Unlock()
		if ok {
			return
		}
		if w.attempt() {
			return
		}
	}
}

func (w *watcher) stop() {
	w.mu.Lock()
	w.mu.over = true
	cancel := w.mu.cancel
	w.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
