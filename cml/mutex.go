package cml

import (
	"sync/atomic" // for what has to be inlined
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The word of a Mutex.
//
// # States
//
//	free ── M1: CAS ──▶ locked ── M2: CAS ──▶ free
//	free+line, locked+line: the same, and somebody may be in the line
//
// The bit line is set by a party, under mu, while locked, before it enters the
// line; it is cleared under mu when the line is empty. While locked only the
// holder clears locked.
//
// M1: a Lock by CAS against an Unlock by CAS.
//
//	One word: one is first. If the Lock fails it goes on under mu.
//
// M2: an Unlock by CAS against a party that enters the line.
//
//	Both change the word. The Unlock first: the party finds the Mutex free, under
//	mu, and takes it. The party first: the CAS locked→free fails, and the Unlock
//	goes on under mu, where it finds the party in the line.
//
// M3: a plain waiter was woken, not handed the lock, and others are in the line.
//
//	It always tries again, also if its fiber has to end, and either gets the lock
//	or finds somebody else holding it. Whoever holds it finds the bit line.
//
// Checked by: TestMutexStress, TestMutexLinear, TestMutexModel (-tags model).

// A Mutex is a sync.Locker that parks the fiber, never the scheduler. The zero
// value is not locked. Who comes while it is free gets it, also past those who
// wait; but who was woken and came too late is handed it by the next Unlock.
// An Unlock synchronizes before the return of the next Lock.
type Mutex struct {
	word  number
	mu    lock
	line0 queue[Unit] // under mu
	book  books       // who has it, as far as it is known: see places.go
}

const (
	mutexLocked uint32 = 1 << iota
	mutexLine
)

// What the n of a waiting plain offer says.
const (
	waitsFirst int64 = iota // wake it
	waitsAgain              // hand the lock to it
	handedOver              // it has the lock
)

// Lock locks m, waiting until it is free.
func (m *Mutex) Lock() {
	if !m.word.CompareAndSwap(wait.Eyes.Load(), mutexLocked) { // M1; watched, it fails
		m.lockSlow()
	}
}

// TryLock locks m if it is free, and reports whether it did.
func (m *Mutex) TryLock() bool {
	if atomic.LoadInt32(&simhook.Word) != 0 {
		m.point("Mutex.TryLock")
	}
	return m.tryLock()
}

// point tells a simulation.
func (m *Mutex) point(op string) { simhook.Point(op, unsafe.Pointer(m)) }

// tryLock is TryLock.
func (m *Mutex) tryLock() bool {
	w := m.word.Load()
	return w&mutexLocked == 0 && m.word.CompareAndSwap(w, w|mutexLocked) && (!wait.Watched() || m.book.note())
}

// LockOp is Lock as an op.
//
//go:noinline
func (m *Mutex) LockOp() Op[Unit] { return &objectOp[Unit]{obj: m, why: wait.Lock, n: waitsAgain} }

// Unlock unlocks m, and panics if it is not locked. It need not be the fiber that
// locked it.
func (m *Mutex) Unlock() {
	if !m.word.CompareAndSwap(wait.Eyes.Load()|mutexLocked, 0) { // M2; watched, it fails
		m.unlockSlow()
	}
}

func (m *Mutex) unlockSlow() {
	if simhook.On() {
		simhook.Point("Mutex.Unlock", unsafe.Pointer(m))
	}
	if m.book.Load() != nil && m.word.Load()&mutexLocked != 0 {
		m.book.erase()
	}
	var ws wakes
	m.mu.Lock()
	if m.word.Load()&mutexLocked == 0 {
		m.mu.Unlock()
		panic("cml: Unlock of a Mutex that is not locked")
	}
	m.pass(&ws)
	m.mu.Unlock()
	ws.flush(nil)
}

// pass is Unlock with mu held.
func (m *Mutex) pass(ws *wakes) {
	for q := m.line0.first; q != nil; q = m.line0.first {
		if q.n == waitsFirst {
			q.grant(ws) // a plain one
			m.word.Store(m.lineBit())
			return
		}
		q.n = handedOver
		if q.grant(ws) {
			m.word.Store(mutexLocked | m.lineBit())
			return
		}
	}
	m.word.Store(0)
}

func (m *Mutex) lineBit() uint32 {
	if m.line0.first == nil {
		return 0
	}
	return mutexLine
}

func (m *Mutex) lockSlow() {
	if simhook.On() {
		simhook.Point("Mutex.Lock", unsafe.Pointer(m))
	}
	m.lockWaiting()
	if wait.Watched() {
		m.book.note()
	}
}

func (m *Mutex) lockWaiting() {
	if m.word.CompareAndSwap(0, mutexLocked) {
		return // it came here because somebody watches
	}
	for range spins {
		if w := m.word.Load(); w&mutexLocked == 0 && m.word.CompareAndSwap(w, w|mutexLocked) {
			return
		}
	}
	w, l := caller()
	o := loan[Unit](l)
	o.obj, o.w, o.n = m, w, waitsFirst
	for {
		if m.mu.Lock() {
			l = localOf(w) // L1
		}
		if m.acquire() {
			m.mu.Unlock()
			break
		}
		if o.n == waitsFirst {
			m.line0.push(o)
		} else {
			m.line0.pushFront(o)
		}
		m.mu.Unlock()
		o.park(wait.Lock)
		l = localOf(w) // L1
		if o.n == handedOver {
			break
		}
		o.n = waitsAgain
		o.done = flag{} // nobody looks
	}
	repay(l, o)
	wait.Release(w)
}

// acquire takes the lock, or sets the bit line: a party is about to enter. Under
// mu.
func (m *Mutex) acquire() bool {
	for {
		w := m.word.Load()
		if w&mutexLocked == 0 {
			if m.word.CompareAndSwap(w, w|mutexLocked) {
				return true
			}
		} else if m.word.CompareAndSwap(w, w|mutexLine) { // M2
			return false
		}
	}
}

func (m *Mutex) simulatedName(kind) string      { return "Mutex.Lock" }
func (m *Mutex) mutex() *lock                   { return &m.mu }
func (m *Mutex) line(*offer[Unit]) *queue[Unit] { return &m.line0 }
func (m *Mutex) left(*wakes)                    {}

// meet may leave the bit line behind although nobody enters: the next Unlock
// clears it.
func (m *Mutex) meet(o *offer[Unit], ws *wakes) outcome {
	if !m.acquire() {
		return mustWait
	}
	if !o.claim(ws) {
		m.pass(ws)
		return tooLate
	}
	return met
}
