package cml

import (
	"sync"

	"go.uber.org/atomic"
)

// A Notifier is a condition variable: those who wait at the moment of a Broadcast go on,
// and nobody else does. What they wait for is kept elsewhere, under a lock, as with
// sync.Cond; the waits park fibers alone, and can be part of a choice. The zero value
// is ready for use; it must not be copied.
//
// Those who wait share a Cond, the epoch. Broadcast takes it away and signals it: who
// had it by then goes on, who comes later gets another.
//
// Checked by: TestNotifier….
type Notifier struct {
	epoch atomic.Pointer[Cond] // nil: nobody waits. Writers: any
}

func (n *Notifier) current() *Cond {
	for {
		if c := n.epoch.Load(); c != nil {
			return c
		}
		n.epoch.CompareAndSwap(nil, NewCond())
	}
}

// Broadcast lets all go on who wait now. It synchronizes before the return of
// their Wait. Whoever changes what is waited for should hold the lock that
// guards it meanwhile, or afterwards call Broadcast: then nobody misses the change.
func (n *Notifier) Broadcast() {
	if c := n.epoch.Swap(nil); c != nil {
		c.Signal()
	}
}

// Wait unlocks l, waits for a Broadcast and locks l again, also if the fiber is ended
// meanwhile. The caller counts as waiting from before the unlocking, so that a change made
// under l, and a Broadcast after it, are not missed. As it says nothing of what
// has changed, Wait stands in a loop.
func (n *Notifier) Wait(l sync.Locker) {
	c := n.current()
	l.Unlock()
	defer l.Lock()
	c.Wait()
}

// WaitOp returns the operation that is ready at the first Broadcast after it began to be performed.
// There is no lock in it: a change between the look at what is waited for and the
// performance is not seen. Who must not miss one makes the operation by Armed,
// under the lock.
func (n *Notifier) WaitOp() Op[Unit] { return Guard(n.Armed) }

// Armed returns the operation that is ready when there has been a Broadcast since this call:
//
//	mu.Lock()
//	for !ready() {
//		changed := n.Armed()
//		mu.Unlock()
//		cml.Select(cml.On(changed, …), …)
//		mu.Lock()
//	}
//
// It stays ready then.
func (n *Notifier) Armed() Op[Unit] { return n.current().WaitOp() }
