package poll

import (
	"sync"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// watch calls attempt whenever the direction may be ready, until it reports true or
// the function that is returned is called. attempt is called by the one who calls
// watch, or by who brings the event: it must not wait.
func watch(d *epoll.Desc, dir epoll.Direction, attempt func() bool) (stop func()) {
	return watchBy(func(call func()) (func(), bool) { return d.Subscribe(dir, call) }, attempt)
}

// watchBy is watch by whatever tells when there may be something: see prompt.notice.
func watchBy(notice func(call func()) (cancel func(), ok bool), attempt func() bool) (stop func()) {
	w := &watcher{notice: notice, attempt: attempt}
	w.look()
	return w.stop
}

type watcher struct {
	notice  func(call func()) (cancel func(), ok bool)
	attempt func() bool
	mu      struct {
		sync.Mutex
		cancel func()
		over   bool
	}
}

// look subscribes, or if there is something already, attempts.
func (w *watcher) look() {
	for lockAtOnce(&w.mu.Mutex) {
		if w.lookOnce() {
			return
		}
	}
	go func() { // L2
		w.mu.Lock()
		if !w.lookOnce() {
			w.look()
		}
	}()
}

// lookOnce reports false if there was something, and then nothing. The lock is held, and given
// back.
func (w *watcher) lookOnce() (done bool) {
	if w.mu.over {
		w.mu.Unlock()
		return true
	}
	cancel, ok := w.notice(w.look)
	w.mu.cancel = cancel
	w.mu.Unlock()
	return ok || w.attempt()
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
