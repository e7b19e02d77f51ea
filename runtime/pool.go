package runtime

import (
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/internal/coro"
)

// pool keeps the idle coroutines that no scheduler holds, and gives their
// memory back after a burst.
//
// # Ending a coroutine
//
// A coroutine that ends wakes whoever sleeps in its slot, and that may be
// anyone: after many switches, goroutines and slots are thoroughly shuffled.
// package coro can end one if both it and the sleeper in its slot belong to the
// caller. So the trimmer takes a batch out of the pool and ends those whose
// sleeper is in the batch too; what remains goes back. After a burst nearly all
// are idle, and nearly all can be ended. At the end of a runtime all coroutines
// are idle, the set is closed, and all can.
type pool struct {
	rt *Runtime
	mu struct {
		sync.Mutex
		idle    []*coroutine
		tainted []*coroutine // to be ended, not to be used
		low     int          // the fewest idle since the trimmer last looked
		trims   bool         // a trimmer is at work
		closed  bool         // no more trimmers
	}
	trimmers sync.WaitGroup
	stop     chan struct{} // closed with mu.closed
}

const (
	poolKeep     = 512                    // idle coroutines that are no burden
	poolBatch    = 64                     // how many a scheduler takes at a time
	taintedKeep  = 16                     // tainted ones that are no burden
	trimInterval = 250 * time.Millisecond // idle that long, a coroutine is surplus
	freeAfter    = 8 << 10                // ending so many is worth a garbage collection
)

// put adds coroutines that have left their stacks.
func (p *pool) put(cs []*coroutine) {
	p.mu.Lock()
	p.mu.idle = append(p.mu.idle, cs...)
	p.startTrimmer()
	p.mu.Unlock()
}

// putTainted adds one that must not be used again.
func (p *pool) putTainted(c *coroutine) {
	p.mu.Lock()
	p.mu.tainted = append(p.mu.tainted, c)
	p.startTrimmer()
	p.mu.Unlock()
}

func (p *pool) startTrimmer() {
	if p.mu.trims || p.mu.closed || len(p.mu.idle) <= poolKeep && len(p.mu.tainted) < taintedKeep {
		return
	}
	p.mu.trims = true
	p.mu.low = len(p.mu.idle)
	p.trimmers.Add(1)
	go p.trim()
}

// take appends up to batch idle coroutines to to, if there are any.
func (p *pool) take(to []*coroutine, batch int) []*coroutine {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.mu.idle) - min(batch, len(p.mu.idle))
	to = append(to, p.mu.idle[n:]...)
	clear(p.mu.idle[n:])
	p.mu.idle = p.mu.idle[:n]
	p.mu.low = min(p.mu.low, n)
	return to
}

// trim ends what was surplus for an interval, until nothing is.
func (p *pool) trim() {
	defer p.trimmers.Done()
	t := time.NewTicker(trimInterval)
	defer t.Stop()
	ended, idleRounds := 0, 0
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
		}
		p.mu.Lock()
		surplus := max(p.mu.low-poolKeep/2, 0)
		p.mu.Unlock()
		n := p.endSome(surplus)
		ended += n
		if n > 0 {
			idleRounds = 0
		} else {
			idleRounds++
		}
		p.mu.Lock()
		p.mu.low = len(p.mu.idle)
		done := idleRounds >= 4
		if done {
			p.mu.trims = false
			if cap(p.mu.idle) > 4*len(p.mu.idle)+poolKeep {
				p.mu.idle = append([]*coroutine(nil), p.mu.idle...)
			}
		}
		p.mu.Unlock()
		if done {
			if ended >= freeAfter {
				// The Go runtime keeps the stacks of ended goroutines until the
				// next collection, which an idle process puts off for minutes.
				debug.FreeOSMemory()
			}
			return
		}
	}
}

// endSome ends up to n idle coroutines, and the tainted ones. It returns how
// many it ended.
func (p *pool) endSome(n int) int {
	p.mu.Lock()
	n = min(n, len(p.mu.idle))
	// The oldest ones: those at the end are warm.
	batch := append(p.mu.tainted, p.mu.idle[:n]...)
	p.mu.tainted = nil
	p.mu.idle = p.mu.idle[:copy(p.mu.idle, p.mu.idle[n:])]
	clear(p.mu.idle[len(p.mu.idle):cap(p.mu.idle)])
	p.mu.Unlock()

	kept, ended := endBatch(batch)
	p.mu.Lock()
	for _, c := range kept {
		if c.Tainted() {
			p.mu.tainted = append(p.mu.tainted, c)
		} else {
			p.mu.idle = append(p.mu.idle, c)
		}
	}
	p.mu.Unlock()
	return ended
}

// endBatch ends those of a batch of idle coroutines, which belong to the
// caller, whose sleepers are in the batch. It returns the others.
func endBatch(batch []*coroutine) (kept []*coroutine, ended int) {
	for _, c := range batch {
		c.Flags[doomed] = true
	}
	var self coro.Coro
	for _, c := range batch {
		// Ending the one in whose slot c sleeps moves c on, to where that one
		// slept; until c ends itself or sleeps in the slot of a stranger.
		for c.Flags[doomed] {
			victim := coroutineOf(c.At())
			if !victim.Flags[doomed] {
				break
			}
			victim.Flags[doomed] = false
			self.End(&victim.Coro, &c.Coro)
			ended++
		}
	}
	kept = batch[:0]
	for _, c := range batch {
		if c.Flags[doomed] {
			c.Flags[doomed] = false
			kept = append(kept, c)
		}
	}
	clear(batch[len(kept):])
	return kept, ended
}

// close ends all coroutines; every one must be idle. It returns those that it
// could not end because somebody sleeps in their slot who is not idle.
func (p *pool) close() (left int) {
	p.mu.Lock()
	if !p.mu.closed {
		p.mu.closed = true
		close(p.stop)
	}
	p.mu.Unlock()
	p.trimmers.Wait()
	// The caller may hold LockOSThread, with which it must not switch.
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.endSome(math.MaxInt)
	}()
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.mu.idle) + len(p.mu.tainted)
}

// size returns how many coroutines are in the pool.
func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.mu.idle) + len(p.mu.tainted)
}
