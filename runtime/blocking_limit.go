package runtime

import (
	"container/list"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// offloads counts the calls of Blocking that run, and bounds them if there is a limit.
//
// Whoever has a thread, a place among the calls that run, gives it to the first in line, or
// back if there is none. So while somebody is in line all places are taken, and nobody who
// comes later is faster.
//
// B1: a place given to a fiber that the end of its runtime takes out of the line.
//
//	Both are done under mu: either the giver finds the fiber in line, and the fiber, which
//	then sees that it has been given the place, goes on with it and gives it on; or it does
//	not find it any more.
//
// Checked by: TestBlockingLimit….
type offloads struct {
	limit   int             // 0: none; constant
	running stdatomic.Int64 // with a limit written under mu
	mu      struct {
		sync.Mutex
		line list.List // of *queuer; only if as many run as may
	}
}

// A queuer is a fiber that waits for a thread.
type queuer struct {
	f     *fiber
	given atomic.Bool // written under mu
}

// enter takes a place, waiting in line for one. If f has to end meanwhile it leaves the
// line, and does.
func (t *offloads) enter(f *fiber) {
	if t.limit == 0 {
		t.running.Add(1)
		return
	}
	t.mu.Lock()
	if t.running.Load() < int64(t.limit) {
		t.running.Add(1)
		t.mu.Unlock()
		return
	}
	q := &queuer{f: f}
	place := t.mu.line.PushBack(q)
	t.mu.Unlock()
	watched := wait.Watched()
	if watched {
		f.At(t, wait.Thread)
	}
	for !q.given.Load() {
		if !f.Wait(wait.Thread) || q.given.Load() {
			continue
		}
		t.mu.Lock()
		if q.given.Load() { // B1
			t.mu.Unlock()
			break
		}
		t.mu.line.Remove(place)
		t.mu.Unlock()
		f.Exit()
	}
	if watched {
		f.At(nil, wait.None)
	}
}

// leave gives a place on, or back.
func (t *offloads) leave() {
	if t.limit == 0 {
		t.running.Add(-1)
		return
	}
	t.mu.Lock()
	first := t.mu.line.Front()
	if first == nil {
		t.running.Add(-1)
		t.mu.Unlock()
		return
	}
	q := t.mu.line.Remove(first).(*queuer)
	f := q.f            // q is its own again when it has been given the place
	q.given.Store(true) // B1
	t.mu.Unlock()
	f.Unpark()
}

// BlockingStats are the calls of Blocking of the fibers of a runtime.
type BlockingStats struct {
	Limit   int // of WithBlockingLimit; 0: none
	Running int // calls that run, each on a goroutine with a thread
	Waiting int // fibers that wait for one of these to return
}

func (t *offloads) stats() BlockingStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return BlockingStats{Limit: t.limit, Running: int(t.running.Load()), Waiting: t.mu.line.Len()}
}
