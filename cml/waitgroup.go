package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A WaitGroup counts what has still to be done, and lets others wait until
// nothing has. The zero value is ready for use. It may be used again.
type WaitGroup struct {
	mu      lock
	n       int         // under mu
	waiting queue[Unit] // under mu
}

// Add adds n, which may be negative, to the count. Waiters go on when it comes
// to zero; below zero, Add panics.
func (g *WaitGroup) Add(n int) {
	if simhook.On() {
		simhook.Point("WaitGroup.Add", unsafe.Pointer(g))
	}
	var ws wakes
	g.mu.Lock()
	if g.n+n < 0 {
		g.mu.Unlock()
		panic("cml: WaitGroup with a negative count: more is done than was added")
	}
	g.n += n
	if g.n == 0 {
		for q := g.waiting.first; q != nil; q = g.waiting.first {
			q.grant(&ws)
		}
	}
	g.mu.Unlock()
	ws.flush(nil)
}

// Go counts one more and starts fn, which is done when it returns, or ends otherwise: as a
// fiber of the caller's runtime, or in a plain goroutine, as another. It is also done if the
// runtime ends before fn has begun.
func (g *WaitGroup) Go(fn func()) {
	if fn == nil {
		panic("cml: WaitGroup.Go(nil): give it a function")
	}
	g.Add(1)
	wait.Go(func() {
		defer g.Done()
		fn()
	}, g.Done)
}

// Done is Add(-1).
func (g *WaitGroup) Done() { g.Add(-1) }

// Wait waits until the count is zero. Each Done that counted
// synchronizes before the return of Wait.
func (g *WaitGroup) Wait() { await[Unit](g, kindGet, 0, Unit{}, wait.WaitGroup) }

// WaitOp is Wait as an op.
//
//go:noinline
func (g *WaitGroup) WaitOp() Op[Unit] { return &objectOp[Unit]{obj: g, why: wait.WaitGroup} }

func (g *WaitGroup) simulatedName(kind) string      { return "WaitGroup.Wait" }
func (g *WaitGroup) mutex() *lock                   { return &g.mu }
func (g *WaitGroup) line(*offer[Unit]) *queue[Unit] { return &g.waiting }
func (g *WaitGroup) left(*wakes)                    {}
func (g *WaitGroup) meet(o *offer[Unit], ws *wakes) outcome {
	switch {
	case g.n > 0:
		return mustWait
	case !o.claim(ws):
		return tooLate
	}
	return met
}
