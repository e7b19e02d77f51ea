package main

import (
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A latch is the fibers' sync.WaitGroup: one party waits until a count is zero.
//
// waiter is published before left is read by wait; done lowers left before it
// reads waiter. Either the last done comes first, and wait sees zero, or the
// waiter does, and done sees it.
type latch struct {
	left   stdatomic.Int64             // Writers: any
	waiter atomic.Pointer[wait.Waiter] // Writer: the one that waits
}

func newLatch(n int) *latch {
	l := &latch{}
	l.left.Store(int64(n))
	return l
}

// add raises the count, by one that counts itself.
func (l *latch) add(n int) { l.left.Add(int64(n)) }

func (l *latch) done() {
	if l.left.Add(-1) == 0 {
		if w := l.waiter.Load(); w != nil {
			(*w).Unpark()
		}
	}
}

// wait returns when the count is zero.
func (l *latch) wait() {
	w := wait.Current()
	l.waiter.Store(&w)
	for l.left.Load() != 0 {
		w.Park(wait.Signal)
	}
	wait.Release(w)
}
