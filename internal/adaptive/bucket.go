package adaptive

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/pad"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A bucket has the waiters of some mutexes.
type bucket struct {
	mu     outer
	native line // those who wait in Go's way, who come first: X2
	fibers line
	posted link // fibers that have come to wait, the last first: X4
	_      pad.Line
}

// A line has waiters, first come, first served.
type line struct{ head, tail *waiter }

var buckets [64]bucket

func (m *Mutex) bucket() *bucket {
	return &buckets[uint32(uintptr(unsafe.Pointer(m))>>3)*0x9e3779b1>>26]
}

// post has w, which is a fiber's, put in line by who has the lock of the bucket, or has it woken.
func (b *bucket) post(w *waiter) {
	for {
		last := b.posted.Load()
		w.next = last
		if b.posted.CompareAndSwap(last, w) {
			break
		}
	}
	b.settlePosted()
}

// settlePosted settles, unless another has the lock: X4. The look at posted before each TryLock
// is needed: one that fails orders nothing, and posted is an atomic word.
func (b *bucket) settlePosted() {
	for b.posted.Load() != nil && b.mu.TryLock() {
		free := b.settle()
		b.mu.Unlock()
		wake(free)
	}
}

// unlock gives the lock back, and sees to who was posted meanwhile.
func (b *bucket) unlock() {
	b.mu.Unlock()
	b.settlePosted()
}

// settle puts those who are posted in line, but for those whose mutex is free, which it returns: they
// are to be woken. The lock is held.
func (b *bucket) settle() (free *waiter) {
	var first *waiter
	for w := b.posted.Swap(nil); w != nil; {
		next := w.next
		w.next, first = first, w
		w = next
	}
	for w := first; w != nil; {
		next := w.next
		if w.mutex.want() {
			b.push(w)
		} else {
			w.next, free = free, w
		}
		w = next
	}
	return free
}

// wake wakes the fibers in a list of them, without the lock: those of any runtime.
func wake(w *waiter) {
	switch {
	case w == nil:
	case wait.Simulating():
		wait.Aside(func() { wakeAll(w) })
	default:
		wakeAll(w)
	}
}

func wakeAll(w *waiter) {
	for w != nil {
		next, self := w.next, w.self
		w.woken.Store(true) // the last access
		self.Unpark()
		w = next
	}
}

func (b *bucket) push(w *waiter) {
	l := &b.fibers
	if w.self == nil {
		l = &b.native
	}
	w.next = nil
	if l.head == nil {
		l.head = w
	} else {
		l.tail.next = w
	}
	l.tail = w
}

// pop takes out the first who waits for m, if there is one, beside one in Go's way also a fiber
// that has waited for long (X2), and reports whether there are more.
func (b *bucket) pop(m *Mutex) (native, fiber *waiter, more bool) {
	native = b.native.pop(m)
	if f := b.fibers.first(m); f != nil && (native == nil || late(f.since)) {
		fiber = b.fibers.pop(m)
	}
	return native, fiber, b.native.first(m) != nil || b.fibers.first(m) != nil
}

func (l *line) pop(m *Mutex) *waiter {
	var before *waiter
	for w := l.head; w != nil; before, w = w, w.next {
		if w.mutex != m {
			continue
		}
		if before == nil {
			l.head = w.next
		} else {
			before.next = w.next
		}
		if w == l.tail {
			l.tail = before
		}
		return w
	}
	return nil
}

// first returns the first who waits for m, or nil.
func (l *line) first(m *Mutex) *waiter {
	for w := l.head; w != nil; w = w.next {
		if w.mutex == m {
			return w
		}
	}
	return nil
}
