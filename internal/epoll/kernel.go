package epoll

import (
	"errors"
	"sync"
	"time"
)

// The errors of Register.
var (
	// ErrUnsupported: this system has no epoll, or refuses it.
	ErrUnsupported = errors.New("epoll: not supported")
	// ErrNotPollable: the descriptor is of a kind that is always ready, or that
	// cannot be waited for.
	ErrNotPollable = errors.New("epoll: descriptor cannot be waited for")
)

// A kernel is what the operating system does for the poller. It is chosen here:
// on Linux openKernel opens an epoll instance, elsewhere it fails with
// ErrUnsupported, and package poll takes its portable way. Tests have a third
// one, which does what it is told.
//
// The contract: add and remove may be called by anyone at any time between open
// and close, and wake too; wait by one at a time. What is added is reported by
// wait edge-triggered: at once as it is then, and again whenever it becomes ready
// anew, in any direction; never after remove has returned, but for what a wait
// had got before. A wake is not lost: it ends the wait that is going on, or the
// next one.
type kernel interface {
	// add watches fd, and reports data with each of its events.
	add(fd int, data uint64) error
	remove(fd int) error
	// wait waits for events for d, for ever if that is negative, not at all if it is
	// zero, and writes them to events. It may return early, without any.
	wait(events []event, d time.Duration) (n int, err error)
	// parks makes ready for a park of d, and reports false if that cannot be had here.
	parks(d time.Duration) bool
	// park is wait in Go's way, after parks: the goroutine is parked, and keeps no thread.
	// It holds turn when it looks for events, and when it returns.
	park(events []event, turn sync.Locker) (n int, err error)
	wake()
	// wakened reports whether the last wait has met a wake.
	wakened() bool
	close()
}

// An event says what a descriptor is ready for.
type event struct {
	data    uint64
	in, out bool
	hangup  bool // the peer has ended its side, or there is an error
	urgent  bool // there is urgent data
}
