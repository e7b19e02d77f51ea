package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A gate is what Semaphore and RWMutex share: so many units, of which each party
// takes a number, in the order in which they come. A party that wants many is
// not overtaken by those that want few.
type gate struct {
	mu     lock
	used   int64       // under mu; at most whole
	floor  int64       // the least that used can be; constant
	sema   bool        // it is a Semaphore's; constant
	counts bool        // of a counting one, whose units nobody holds; constant
	line0  queue[Unit] // under mu
	roll   roll        // under mu: who has some, as far as it is known: see places.go
}

// whole is the number of units of the zero gate.
const whole = 1 << 62

// acquire takes n units, waiting for them.
func (g *gate) acquire(n int64, why wait.Reason) {
	if simhook.On() || !g.tryAcquire(n) {
		await[Unit](g, kindGet, n, Unit{}, why)
		if wait.Watched() {
			g.gained(n)
		}
	}
}

func (g *gate) tryAcquire(n int64) bool {
	if simhook.On() {
		simhook.Point("Lock.Try", unsafe.Pointer(g))
	}
	g.mu.Lock()
	var ws wakes
	ok := g.ready(n, nil, &ws)
	if ok {
		g.used += n
		if wait.Watched() && !g.counts {
			g.roll.enter(n)
		}
	}
	g.mu.Unlock()
	ws.flush(nil)
	return ok
}

// free returns how many units are free.
func (g *gate) free() int64 {
	if simhook.On() {
		simhook.Point("Lock.Free", unsafe.Pointer(g))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return whole - g.used
}

// release gives n units back. It reports false, and does nothing, if fewer are
// in use, or more than most.
func (g *gate) release(n, most int64) bool {
	if simhook.On() {
		simhook.Point("Lock.Release", unsafe.Pointer(g))
	}
	var ws wakes
	g.mu.Lock()
	ok := g.used <= most && g.used-n >= g.floor
	if ok {
		g.used -= n
		if len(g.roll) > 0 {
			g.roll.leave(n)
		}
		g.left(&ws)
	}
	g.mu.Unlock()
	ws.flush(nil)
	return ok
}

// ready reports whether n units can be taken now by s, or by one who has
// published nothing: nil. Under mu.
func (g *gate) ready(n int64, s *state, ws *wakes) bool {
	if n > whole-g.used {
		return false
	}
	var next *offer[Unit]
	for q := g.line0.first; q != nil && n > 0; q = next {
		next = q.next
		switch {
		case q.s == nil:
			return false
		case q.s == s: // nobody is in his own way
		case q.s.lost(ws):
			g.line0.remove(q)
		default:
			return false
		}
	}
	return true
}

func (g *gate) simulatedName(kind) string      { return "Lock.Acquire" }
func (g *gate) mutex() *lock                   { return &g.mu }
func (g *gate) line(*offer[Unit]) *queue[Unit] { return &g.line0 }

// left serves those who can be, after units were given back or somebody left the
// line: in order, but of one performance the first that can be served.
func (g *gate) left(ws *wakes) {
	var passed *state // who could not be served so far, and waits
	var next *offer[Unit]
	for q := g.line0.first; q != nil; q = next {
		next = q.next
		n := q.n
		switch mine := passed == nil || q.s == passed; {
		case mine && n <= whole-g.used:
			if q.grant(ws) {
				g.used += n
			}
			passed = nil // served now, or decided before
		case q.s == nil:
			return
		case q.s.lost(ws):
			g.line0.remove(q)
		case !mine:
			return
		default:
			passed = q.s
		}
	}
}

func (g *gate) meet(o *offer[Unit], ws *wakes) outcome {
	switch {
	case !g.ready(o.n, o.s, ws):
		return mustWait
	case !o.claim(ws):
		return tooLate
	}
	g.used += o.n
	return met
}
