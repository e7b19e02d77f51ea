package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Who has what is waited for, where that may be known.

// holdersOf says who has a place, as wait.Holders does; of the engine's places too.
func holdersOf(place any, why wait.Reason, to []wait.Holder) (_ []wait.Holder, each bool) {
	switch p := place.(type) {
	case *future:
		if by := p.by.Load(); by != 0 {
			to = append(to, wait.Holder{Fiber: by})
		}
		return to, true
	case *Group:
		p.mu.Lock()
		defer p.mu.Unlock()
		for id := range p.mu.members {
			to = append(to, wait.Holder{Fiber: id})
		}
		if len(p.mu.members) < p.mu.active && why == wait.Room {
			to = append(to, wait.Holder{})
		}
		return to, why != wait.Room
	case *groupSource:
		return holdersOf((*Group)(p), why, to)
	case interface {
		holders(to []wait.Holder) []wait.Holder
	}: // any of them may end the wait
		return p.holders(to), false
	}
	return wait.Holders(place, to)
}

// lockLike reports whether it may be known who has what is waited for.
func lockLike(why wait.Reason) bool {
	switch why {
	case wait.Lock, wait.RWLock, wait.RWRLock, wait.Acquire, wait.Await, wait.Group, wait.Room:
		return true
	}
	return false
}

// puts reports whether somebody offers something.
func puts(why wait.Reason) bool {
	return why == wait.ChanPut || why == wait.QueuePut || why == wait.MVarPut
}

// heldBy returns the fibers among the holders, and the longest time.
func heldBy(held []wait.Holder) (ids []uint64, longest time.Duration) {
	now := wait.Now()
	for _, h := range held {
		if h.Fiber != 0 {
			ids = append(ids, h.Fiber)
		}
		if h.Since != 0 {
			longest = max(longest, time.Duration(now-h.Since))
		}
	}
	return ids, longest
}
