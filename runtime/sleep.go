package runtime

import (
	"container/heap"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Sleep lets at least d pass. Only the fiber waits (in a plain goroutine, the
// goroutine). With d ≤ 0 it is Yield. It never returns early.
//
// The fiber runs again some tens of microseconds after the time on an idle
// machine, later behind other fibers.
func Sleep(d time.Duration) {
	c := current()
	switch {
	case c == nil:
		time.Sleep(d)
	case d <= 0:
		Yield()
	default:
		rt := c.sched.rt
		when := rt.clock() + int64(d)
		if when < 0 { // beyond the end of time
			when = never - 1
		}
		rt.timers.wait(c.fiber, when)
	}
}

// SleepUntil sleeps until the time t, by the monotonic clock if t has a reading of
// it. With t in the past it is Yield. It never returns early. Sleepers of one
// scheduler run again in the order of their times.
func SleepUntil(t time.Time) {
	c := current()
	switch {
	case c == nil:
		time.Sleep(time.Until(t))
	case !time.Now().Before(t):
		Yield()
	default: // not by way of the time left, which is less by the time it is used
		rt := c.sched.rt
		rt.timers.wait(c.fiber, min(int64(t.Sub(rt.base)), never-1))
	}
}

// timers holds the sleeping fibers of a runtime, the earliest first.
type timers struct {
	// next is when the earliest is due, or never. Writers: under mu. Readers:
	// any, as a hint that the lock is worth taking.
	next stdatomic.Int64
	mu   struct {
		sync.Mutex
		heap timerHeap
	}
}

func (t *timers) due(now int64) bool { return t.next.Load() <= now }

// wait parks the fiber f, the caller, until the clock shows when.
func (t *timers) wait(f *fiber, when int64) {
	t.add(timer{when: when, at: &f.heapAt, fiber: f})
	defer t.cancel(&f.heapAt) // for a Goexit in Park
	for {
		f.Park(wait.Sleep)
		t.mu.Lock()
		fired := f.heapAt == 0
		t.mu.Unlock()
		if fired {
			return
		}
	}
}

func (t *timers) add(x timer) {
	t.mu.Lock()
	heap.Push(&t.mu.heap, x)
	t.publish()
	t.mu.Unlock()
}

// cancel takes out the timer whose place is *at, if it has not been fired.
func (t *timers) cancel(at *int32) {
	t.mu.Lock()
	if *at != 0 {
		heap.Remove(&t.mu.heap, int(*at)-1)
		t.publish()
	}
	t.mu.Unlock()
}

// publish brings next up to date; mu is held.
func (t *timers) publish() {
	next := int64(never)
	if len(t.mu.heap) > 0 {
		next = t.mu.heap[0].when
	}
	t.next.Store(next)
}

// fireBatch bounds how long fire keeps the lock and its scheduler.
const fireBatch = 256

// fire wakes the fibers that are due, enqueue gets those that were parked, and
// makes the calls that are due.
func (t *timers) fire(now int64, enqueue func(*fiber)) {
	var due [fireBatch]timer
	n := 0
	t.mu.Lock()
	for n < fireBatch && len(t.mu.heap) > 0 && t.mu.heap[0].when <= now {
		due[n] = heap.Pop(&t.mu.heap).(timer)
		n++
	}
	t.publish()
	t.mu.Unlock()
	for i := range due[:n] {
		if f := due[i].fiber; f == nil {
			due[i].call()
		} else if f.wake() {
			enqueue(f)
		}
	}
}

// A timer wakes a fiber or makes a call, which must be short and not wait.
type timer struct {
	when  int64
	at    *int32 // where its place in the heap is noted, from 1; 0: not in it
	fiber *fiber // or
	call  func()
}

// timerHeap implements heap.Interface.
type timerHeap []timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].when < h[j].when }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	*h[i].at = int32(i) + 1
	*h[j].at = int32(j) + 1
}
func (h *timerHeap) Push(x any) {
	t := x.(timer)
	*h = append(*h, t)
	*t.at = int32(len(*h))
}
func (h *timerHeap) Pop() any {
	old := *h
	n := len(old) - 1
	t := old[n]
	old[n] = timer{}
	*h = old[:n]
	*t.at = 0
	return t
}
