package cml

import (
	"context"
	"reflect"
	"runtime"
	"weak"

	"go.uber.org/atomic"
)

// Done returns the op that is ready when ctx is done, with context.Cause(ctx).
// While it waits it holds no goroutine, only a registration with ctx
// (context.AfterFunc; a context of a foreign type may use a goroutine for that).
//
// The registration is shared by all who wait for one op, and given up when the
// last of them goes on. An op that has been waited for more than once keeps it
// until ctx is done or the op is garbage: so make the op once and perform it
// often.
func Done(ctx context.Context) Op[error] {
	if ctx == nil {
		panic("cml: Done of a nil context")
	}
	if ctx.Done() == nil {
		return never[error]{}
	}
	return &doneOp{objectOp[error]{obj: &watch{ctx: ctx}}}
}

// doneOp is a type of its own so that its end can be noticed: the watch outlives
// it while registered.
type doneOp struct{ objectOp[error] }

func (op *doneOp) force(*performance, int) Op[error] { return op }

func (op *doneOp) try(p *performance, base int) (error, bool) {
	if op.obj.(*watch).ctx.Err() == nil {
		return nil, false
	}
	return op.objectOp.try(p, base)
}

func (op *doneOp) publish(p *performance, base int) bool {
	decided := op.objectOp.publish(p, base)
	if w := op.obj.(*watch); w.uses.Load() == keepAfter && w.noticed.CompareAndSwap(false, true) {
		runtime.AddCleanup(op, (*watch).close, w)
	}
	return decided
}

// doneOf is Done for PerformContext, which is most often called with the same
// context again and again: the op is kept, as long as the garbage collector has
// no use for it, so that the registration is. Not of a foreign context, which may
// use a goroutine for that.
func (l *local) doneOf(ctx context.Context) Op[error] {
	d := ctx.Done()
	if d == nil {
		return never[error]{}
	}
	if l.ctx != d {
		l.ctx, l.done = d, weak.Pointer[doneOp]{}
		return Done(ctx)
	}
	if op := l.done.Value(); op != nil {
		return op
	}
	op := &doneOp{objectOp[error]{obj: &watch{ctx: ctx}}}
	if t := reflect.TypeOf(ctx); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "context" {
		l.done = weak.Make(op)
	}
	return op
}

// keepAfter is how many registrations an op makes until it keeps one.
const keepAfter = 2

// A watch is what an op registers with its context.
//
//	  ┌─ last waiter left, unless noticed: stop ─┐
//	  ▼                                          │
//	idle ───── first waiter: AfterFunc ─────▶ registered ── ctx done ──▶ fired
//	                                             │
//	                                             └── close: stop ──▶ over
//
// Once it has been noticed that the op is used again, the watch stays registered
// while nobody waits. Who comes after fired finds ctx done in meet and does not
// wait; after over nobody comes, as the op is garbage.
//
// Lock order: mu, then the locks of the context.
type watch struct {
	ctx context.Context
	// uses counts the registrations made, up to keepAfter. Writer: line, under mu.
	// Readers: any.
	uses atomic.Uint32
	// noticed says that the registration is kept, as a cleanup will end it. Writer:
	// one publish, by CAS, once. Readers: any.
	noticed atomic.Bool
	mu      lock
	waiting queue[error] // under mu
	stop    func() bool  // under mu; nil: not registered
}

func (w *watch) mutex() *lock { return &w.mu }

func (w *watch) meet(o *offer[error], ws *wakes) outcome {
	switch {
	case w.ctx.Err() == nil:
		return none
	case !o.claim(ws):
		return over
	}
	o.v = context.Cause(w.ctx)
	return matched
}

// line is called when somebody is about to wait. If ctx is done by now, fire
// runs at once, and waits for mu.
func (w *watch) line(*offer[error]) *queue[error] {
	if w.stop == nil {
		w.stop = context.AfterFunc(w.ctx, w.fire)
		if n := w.uses.Load(); n < keepAfter {
			w.uses.Store(n + 1)
		}
	}
	return &w.waiting
}

func (w *watch) left(*wakes) {
	if w.waiting.first == nil && w.stop != nil && !w.noticed.Load() {
		w.stop()
		w.stop = nil
	}
}

// fire is called when ctx is done.
func (w *watch) fire() {
	var ws wakes
	w.mu.Lock()
	for q := w.waiting.first; q != nil; q = w.waiting.first {
		q.v = context.Cause(w.ctx)
		q.grant(&ws)
	}
	w.mu.Unlock()
	ws.flush(nil)
}

// close is called when the op is garbage.
func (w *watch) close() {
	w.mu.Lock()
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
}
