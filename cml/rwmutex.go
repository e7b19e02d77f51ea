package cml

import (
	"sync"

	"github.com/seed222ee791/fibers/internal/wait"
)

// An RWMutex can be held by one writer or by any number of readers. Who comes
// first is served first: readers that come after a waiting writer wait behind it.
// So a reader must not lock again what it holds. The zero value is not locked.
// An Unlock synchronizes before the return of every later Lock and RLock, an RUnlock
// before that of every later Lock.
//
// A reader holds one unit of the gate, a writer all.
type RWMutex struct{ gate gate }

// Lock locks rw for writing, waiting until nobody holds it.
func (rw *RWMutex) Lock() { rw.gate.acquire(whole, wait.RWLock) }

// TryLock locks rw for writing if nobody holds it or waits for it, and reports
// whether it did.
func (rw *RWMutex) TryLock() bool { return rw.gate.tryAcquire(whole) }

// LockOp is Lock as an op.
//
//go:noinline
func (rw *RWMutex) LockOp() Op[Unit] {
	return &objectOp[Unit]{obj: &rw.gate, why: wait.RWLock, n: whole}
}

// Unlock gives up what Lock has got, and panics if nobody has.
func (rw *RWMutex) Unlock() {
	if !rw.gate.release(whole, whole) {
		panic("cml: Unlock of an RWMutex that is not locked for writing")
	}
}

// RLock locks rw for reading, waiting until no writer holds it or waits.
func (rw *RWMutex) RLock() { rw.gate.acquire(1, wait.RWRLock) }

// TryRLock locks rw for reading if no writer holds it or waits, and reports
// whether it did.
func (rw *RWMutex) TryRLock() bool { return rw.gate.tryAcquire(1) }

// RLockOp is RLock as an op.
//
//go:noinline
func (rw *RWMutex) RLockOp() Op[Unit] { return &objectOp[Unit]{obj: &rw.gate, why: wait.RWRLock, n: 1} }

// RUnlock gives up what RLock has got, and panics if nobody has.
func (rw *RWMutex) RUnlock() {
	if !rw.gate.release(1, whole-1) {
		panic("cml: RUnlock of an RWMutex that is not locked for reading")
	}
}

// RLocker returns a Locker whose Lock and Unlock are RLock and RUnlock of rw.
func (rw *RWMutex) RLocker() sync.Locker { return (*rlocker)(rw) }

type rlocker RWMutex

func (r *rlocker) Lock()   { (*RWMutex)(r).RLock() }
func (r *rlocker) Unlock() { (*RWMutex)(r).RUnlock() }
