package cml

import (
	"sync"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A gate is what Semaphore and RWMutex share: so many units, of which each party
// takes a number, in the order in which they come. A party that wants many is
// not overtaken by those that want few.
type gate struct {
	mu    sync.Mutex
	used  int64       // under mu; at most whole
	floor int64       // the least that used can be; constant
	line0 queue[Unit] // under mu
}

// whole is the number of units of the zero gate.
const whole = 1 << 62

// acquire takes n units, waiting for them.
func (g *gate) acquire(n int64, why wait.Reason) {
	if !g.tryAcquire(n) {
		await[Unit](g, kindGet, n, Unit{}, why)
	}
}

func (g *gate) tryAcquire(n int64) bool {
	g.mu.Lock()
	var ws wakes
	ok := g.ready(n, &ws)
	if ok {
		g.used += n
	}
	g.mu.Unlock()
	ws.flush(nil)
	return ok
}

// release gives n units back. It reports false, and does nothing, if fewer are
// in use, or more than most.
func (g *gate) release(n, most int64) bool {
	var ws wakes
	g.mu.Lock()
	ok := g.used <= most && g.used-n >= g.floor
	if ok {
		g.used -= n
		g.left(&ws)
	}
	g.mu.Unlock()
	ws.flush(nil)
	return ok
}

// ready reports whether n units can be taken now. Under mu.
func (g *gate) ready(n int64, ws *wakes) bool {
	if n > whole-g.used {
		return false
	}
	// Who has been decided otherwise does not count.
	for q := g.line0.first; q != nil && q.s != nil && q.s.decided(ws) != nil; q = g.line0.first {
		g.line0.remove(q)
	}
	return g.line0.first == nil || n == 0
}

func (g *gate) mutex() *sync.Mutex             { return &g.mu }
func (g *gate) line(*offer[Unit]) *queue[Unit] { return &g.line0 }

// left serves those who can be, after units were given back or somebody left the
// line.
func (g *gate) left(ws *wakes) {
	for q := g.line0.first; q != nil && q.n <= whole-g.used; q = g.line0.first {
		n := q.n
		if q.grant(ws) {
			g.used += n
		}
	}
}

func (g *gate) meet(o *offer[Unit], ws *wakes) outcome {
	switch {
	case !g.ready(o.n, ws):
		return none
	case !o.claim(ws):
		return over
	}
	g.used += o.n
	return matched
}
