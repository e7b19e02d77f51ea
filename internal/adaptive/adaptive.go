// Package adaptive has a mutex for critical sections that are shorter than a switch. Who finds
// it held looks again for about as long as it would cost to wait, and only then waits: at most
// twice of what the better of the two would have cost is paid (Karlin, Manasse, McGeoch and
// Owicki, Competitive Randomized Algorithms for Non-Uniform Problems, 1990).
//
// A fiber waits as fibers do, and its scheduler goes on. In a sync.Mutex it would wait in Go's
// way, and another scheduler would have to take the seat of its own (runtime/stalled.go), only
// to run the next fiber into the same mutex: while a holder had lost its processor for a time
// slice, thousands did.
//
// Those who wait do so in a table by the address of the mutex (as in WebKit's ParkingLot:
// Pizlo, Locking in WebKit, 2016), so that a mutex is one word.
package adaptive

import (
	"sync"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A Mutex is a lock. The zero Mutex is free. It must not be copied. Unlock synchronizes
// before the return of any later Lock. Its methods may be called by anybody: who is no fiber,
// or one that is locked to its thread, or simulated, waits in Go's way.
//
// # States
//
//	free ── Lock: CAS ──▶ held ── Unlock: CAS ──▶ free
//	                       │
//	                       └─ park: CAS ──▶ held|waiting ── Unlock, with the lock of the bucket:
//	                                        store ──▶ waiting, if more wait, or free;
//	                                        or held, or held|waiting, as the first one's
//
// # Shared
//
//	word    writers: any, by CAS; while it is held and waiting the holder of it, in Unlock,
//	        with the lock of its bucket.
//	buckets under the lock of each; but for posted. Writers: fibers that come, by CAS; who
//	        has that lock, by Swap.
//
// # The argument
//
// X1: who parks and who unlocks.
//
//	waiting is set under the lock of the bucket, in a CAS from held, and whoever it is set
//	for is in the list before that lock is free. Unlock's CAS from held alone to free fails if
//	waiting is set; then it takes the lock of the bucket, and finds somebody. It clears
//	waiting only if nobody is left there.
//
// X2: who is woken and who comes.
//
//	One that was woken looks again like one that comes: it may find the mutex held, and
//	park once more. If it waits in Go's way, and has for fairAfter, Unlock keeps the mutex
//	held for it. Never for a fiber, which has yet to be run: the root of the scheduler in
//	whose queue it is could want the mutex first, and wait for ever. (Roots want some when
//	what they deliver ends in objects, and wait in Go's way.) For the same reason nobody in
//	Go's way stands behind a fiber, but the first fiber that has waited for fairAfter is woken
//	beside him, at worst in vain. One that was woken in vain fairTries times, and has waited for
//	fairAfter, waits in Go's way from then on: so nobody waits for ever.
//
// X3: a fiber that waits here in the middle of another wait.
//
//	The permit that ended its wait may have been meant for the other, which has been
//	decided by then. So it gives one back: that a permit may be there with no reason is part of
//	what Wait says.
//
// X4: a fiber that comes to wait while another has the lock of the bucket.
//
//	That one may have lost its processor; were fibers to wait for it in Go's way, each would
//	take its scheduler with it, and that is what this mutex is for. So a fiber posts itself, looks
//	whether it is still posted, tries the lock, and waits; who gives the lock back looks whether
//	somebody is posted, and tries it again. One of them sees the other. (TryLock also fails where
//	the lock is about to be handed to one who waits for it: he looks, too.) So nobody stays
//	posted for longer than others have the lock or have yet to look, and who has it puts him in the
//	list (X1), or wakes him if his mutex is free. Who settles does so for all mutexes of
//	the bucket, and as long as others post themselves meanwhile, each once before it waits. Those
//	whom he wakes may be of any runtime; so who is simulated does it aside, and fibers of a
//	bubble, whom only a party of it may wake, wait in Go's way. Unlock, and whoever waits in Go's
//	way, wait for the lock itself.
//
// Checked by: TestMutexStress, TestFibersThatWaitForAMutexKeepNoScheduler, and this source, run in every
// order of the accesses of two, and of more with a bound on interruptions, by TestMutexModel,
// TestMutexLongerModel and TestMutexesOfOneBucketModel (-tags model; TestMutantsOfMutexModel).
type Mutex struct {
	_    noCopy
	word number
}

// noCopy has vet find copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

const (
	held    = 1
	waiting = 2
)

// Lock takes the mutex, waiting until it is free, and reports whether the caller may have waited: a
// fiber may be on another scheduler then.
func (m *Mutex) Lock() (waited bool) {
	return !m.word.CompareAndSwap(0, held) && m.lockSlowly()
}

// TryLock takes the mutex if that is free, and reports whether it was.
func (m *Mutex) TryLock() bool {
	w := m.word.Load()
	return w&held == 0 && m.word.CompareAndSwap(w, w|held)
}

// Unlock gives the mutex back. Anybody may call it, not only who has taken it; if it is free
// it panics.
func (m *Mutex) Unlock() {
	if !m.word.CompareAndSwap(held, 0) {
		m.unlockSlowly()
	}
}

//go:noinline
func (m *Mutex) lockSlowly() (waited bool) {
	if m.spin() {
		return false
	}
	w := waiters.Get().(*waiter)
	fiber := brief()
	w.mutex, w.since, w.self = m, time.Now(), fiber
	for tries := 1; ; tries++ {
		if m.park(w) || m.spin() {
			break
		}
		if tries >= fairTries && late(w.since) {
			w.self = nil // X2
		}
	}
	if fiber != nil {
		fiber.Unpark() // X3
	}
	w.mutex, w.self = nil, nil
	waiters.Put(w)
	return true
}

// spin takes the mutex if that becomes free soon.
func (m *Mutex) spin() bool {
	for range looks {
		for range pause {
		}
		if m.TryLock() {
			return true
		}
	}
	return false
}

// A waiter is one who waits. mutex, self and since are its own; others read them from when it is
// posted or in a list until it is woken. owns is written under the lock of the bucket, by it
// and by who takes it out. next is of whoever has it: its own until it is posted, then of who
// has the lock of the bucket, and of who wakes it once it is in no list.
type waiter struct {
	mutex *Mutex
	self  wait.Waiter // nil: one who waits in Go's way, at the gate
	gate  gate
	since time.Time
	next  *waiter
	owns  bool // the mutex has been handed to it
	woken flag // of a fiber: it is in no list any more. Writers: who wakes it; it, before it posts itself
}

var waiters = sync.Pool{New: func() any { return new(waiter) }}

// park waits until w is woken, and reports whether the mutex was handed to it. If the mutex
// is free it returns, a fiber as soon as whoever has the lock of the bucket goes on.
func (m *Mutex) park(w *waiter) (owns bool) {
	b := m.bucket()
	w.owns = false
	if w.self != nil {
		w.woken.Store(false)
		b.post(w)
		for !w.woken.Load() {
			w.self.Wait(wait.Entry) // also while its runtime ends
		}
		return w.owns
	}
	b.mu.Lock()
	if !m.want() {
		b.unlock()
		return false
	}
	w.gate.close()
	b.push(w)
	b.unlock()
	w.gate.pass()
	return w.owns
}

// want notes in a mutex that is held that somebody waits for it, and reports whether it is held.
// The lock of the bucket is held.
func (m *Mutex) want() bool {
	for {
		old := m.word.Load()
		if old&held == 0 {
			return false
		}
		if old&waiting != 0 || m.word.CompareAndSwap(old, old|waiting) { // X1
			return true
		}
	}
}

//go:noinline
func (m *Mutex) unlockSlowly() {
	b := m.bucket()
	b.mu.Lock()
	if m.word.Load()&held == 0 {
		b.unlock()
		panic("adaptive: Unlock of a mutex that is free: call Lock before")
	}
	free := b.settle()
	native, fiber, more := b.pop(m)
	var now uint32
	if more {
		now = waiting // X1
	}
	if native != nil && late(native.since) { // X2
		native.owns = true
		now |= held
	}
	m.word.Store(now)
	if fiber != nil {
		fiber.next, free = free, fiber
	}
	b.mu.Unlock()
	if native != nil {
		native.gate.open() // the last access; first of all, as m is held for him
	}
	wake(free)
	b.settlePosted()
}
