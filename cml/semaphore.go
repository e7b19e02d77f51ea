package cml

import (
	"fmt"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A Semaphore is a number of units that can be held. Who comes first is served
// first, however many units he wants. A Release synchronizes
// before the return of an Acquire that it made possible. NewSemaphore makes one;
// the zero value has no units.
type Semaphore struct {
	gate gate
	size int64
}

// NewSemaphore returns a semaphore of n units, all of them free.
func NewSemaphore(n int64) *Semaphore {
	if n < 0 || n > whole {
		panic(fmt.Sprintf("cml: NewSemaphore(%d): the size is out of range", n))
	}
	return &Semaphore{size: n, gate: gate{used: whole - n, floor: whole - n, sema: true}}
}

// NewCounting returns a semaphore with free units to which any number can be added: Release
// need not follow an Acquire. It counts what is there rather than who holds it, as the
// messages in a mailbox.
func NewCounting(free int64) *Semaphore {
	if free < 0 || free > whole {
		panic(fmt.Sprintf("cml: NewCounting(%d): the number of units is out of range", free))
	}
	return &Semaphore{size: whole, gate: gate{used: whole - free, sema: true, counts: true}}
}

// Available returns how many units are free. It may have changed by the time it is known.
func (s *Semaphore) Available() int64 { return s.gate.free() }

// Acquire takes n units, waiting until they are free. More than there are in all
// is a mistake and panics, here and in AcquireOp and TryAcquire.
func (s *Semaphore) Acquire(n int64) { s.gate.acquire(s.check(n), wait.Acquire) }

// AcquireOp is Acquire as an op.
//
//go:noinline
func (s *Semaphore) AcquireOp(n int64) Op[Unit] {
	return &objectOp[Unit]{obj: &s.gate, why: wait.Acquire, n: s.check(n)}
}

// TryAcquire takes n units if they are free and nobody waits for some, and
// reports whether it did.
func (s *Semaphore) TryAcquire(n int64) bool { return s.gate.tryAcquire(s.check(n)) }

// Release gives n units back, and panics if fewer are held; to a counting semaphore it adds
// n, and panics if there are 2⁶² then. It need not be the fiber that took them.
func (s *Semaphore) Release(n int64) {
	if n < 0 || !s.gate.release(n, whole) {
		panic(fmt.Sprintf("cml: Semaphore.Release(%d): that many are not held, or would be too many", n))
	}
}

func (s *Semaphore) check(n int64) int64 {
	if n < 0 || n > s.size {
		panic(fmt.Sprintf("cml: cannot acquire %d units of a Semaphore of %d", n, s.size))
	}
	return n
}
