package poll

import (
	"sync"

	"github.com/seed222ee791/fibers/poll/epoll"
)

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
