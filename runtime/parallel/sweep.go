package parallel

import (
	"math"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A sweep is one call of For: what its parts share. It lies in the frame of the
// caller, to be used again when all parts have ended.
type sweep struct {
	body  func(lo, hi int)
	grain int // 0: chosen

	// left is how many parts have not ended (J3). Writers: who gives a part away
	// (up, before the part can be seen); who ends one (down). Readers: the caller.
	left atomic.Int32
	// waiter is the caller's. Written by the caller before it first gives a part
	// away. Readers: who ends a part, before counting it down (J3).
	waiter wait.Waiter

	// failedAt is where the lowest piece began of those that panicked. Writers:
	// any part, under mu. Readers: any part.
	failedAt stdatomic.Int64
	mu       struct {
		sync.Mutex
		outcome outcome // of that piece, or if none panicked, of one that exited
	}
}

// begin makes a sweep ready, new or forgotten, with the caller's part alone.
func (sw *sweep) begin(body func(lo, hi int), grain int) {
	sw.body, sw.grain = body, grain
	sw.left.Store(1)
	sw.failedAt.Store(math.MaxInt64)
}

// forget drops what a sweep refers to, when all parts have ended: the next one in
// this frame may be far away.
func (sw *sweep) forget() {
	sw.body, sw.waiter = nil, nil
	sw.mu.outcome = outcome{} // nobody else has it any more
}

// add counts one more part, which the caller of add is about to give away.
func (sw *sweep) add() {
	if sw.waiter == nil { // the first: we are in the fiber that called For
		sw.waiter = wait.Current()
	}
	sw.left.Inc()
}

// leave counts down a part that has ended; waiter is sw's. It is called in
// another fiber than the caller's.
func (sw *sweep) leave(waiter wait.Waiter) {
	if sw.left.Dec() == 0 { // J3
		waiter.Unpark()
	}
}

// end counts down the caller's own part, waits until all have ended, and returns
// the outcome of the whole.
func (sw *sweep) end() outcome {
	if sw.waiter != nil && sw.left.Dec() != 0 { // J3
		for sw.left.Load() != 0 {
			sw.waiter.Wait(wait.Join)
		}
	}
	return sw.mu.outcome
}

// fail records that the piece that began at lo did not return.
func (sw *sweep) fail(lo int, o outcome) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	switch {
	case o.panic == nil:
		sw.mu.outcome.exited = true
	case sw.mu.outcome.panic == nil || int64(lo) < sw.failedAt.Load():
		sw.mu.outcome.panic = o.panic
		sw.failedAt.Store(int64(lo))
	}
}

// failedBelow reports whether a piece below lo has panicked.
func (sw *sweep) failedBelow(lo int) bool { return int64(lo) > sw.failedAt.Load() }
