package cml

import (
	"context"
	"reflect"
	"runtime"
	"weak"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// Done returns the op that is ready when ctx is done, with context.Cause(ctx). Where it is
// an arm of what is performed, nobody who comes after the end of ctx finds the others
// waiting.
// While it waits it holds no goroutine, only a registration with ctx
// (context.AfterFunc; a context of a foreign type may use a goroutine for that).
//
// The registration is shared by all who wait for one op, and given up when the
// last of them goes on. An op that has been waited for more than once keeps it
// until ctx is done or the op is garbage: so make the op once and perform it
// often.
//
//go:noinline
func Done(ctx context.Context) Op[error] {
	if ctx == nil {
		panic("cml: Done of a nil context")
	}
	if ctx.Done() == nil {
		return never[error]{}
	}
	return newDoneOp(ctx)
}

// keepsNone reports whether the caller is simulated: when the garbage collector comes would show
// in the order of what happens.
func keepsNone() bool { return simhook.On() && simhook.Current() != nil }

// doneOp is not part of its registration, so that its end can be noticed: the registration
// outlives it while registered.
type doneOp struct {
	head
	w *contextRegistration
}

func newDoneOp(ctx context.Context) *doneOp {
	w := &contextRegistration{ctx: ctx, watchedContext: watchedContext{done: ctx.Done()}}
	w.entry.Store(busy)
	return &doneOp{head{leaves: 1, traits: asks | awaits, word: &w.word, side: getting, typ: typeOf[contextRegistration]()}, w}
}

func (op *doneOp) about() *head                      { return &op.head }
func (op *doneOp) force(*performance, int) Op[error] { return op }

func (op *doneOp) try(p *performance, i int) (error, bool) {
	if op.w.ctx.Err() == nil {
		return nil, false
	}
	if p != nil {
		p.finish(i)
	}
	return context.Cause(op.w.ctx), true
}

func (op *doneOp) publish(p *performance, i int) bool {
	p.addContext(&op.w.watchedContext)
	if p.post(&op.head, i) {
		return false
	}
	decided := publishAt[error](p, &op.head, i, op.w)
	if w := op.w; w.uses.Load() == keepAfter && !keepsNone() && w.noticed.CompareAndSwap(false, true) {
		runtime.AddCleanup(op, (*contextRegistration).close, w)
	}
	return decided
}

func (op *doneOp) result(p *performance, _ int) error {
	err := settleAt[error](p)
	p.finish(p.index)
	return err
}

// doneOf is Done for PerformContext, which is most often called with the same
// context again and again: the op is kept, as long as the garbage collector has
// no use for it, so that the registration is. Not of a foreign context, which may
// use a goroutine for that.
//
//go:noinline
func (p *performance) doneOf(ctx context.Context) Op[error] {
	d := ctx.Done() // a foreign context's may do anything: L1
	if d == nil {
		return never[error]{}
	}
	if keepsNone() {
		return Done(ctx)
	}
	k := p.local().known(d)
	if k.ctx != d {
		k.ctx, k.done = d, weak.Pointer[doneOp]{}
		return Done(ctx)
	}
	if op := k.done.Value(); op != nil {
		return op
	}
	op := newDoneOp(ctx)
	k = p.local().known(d) // L1
	if t := reflect.TypeOf(ctx); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "context" {
		k.ctx, k.done = d, weak.Make(op)
	}
	return op
}

// known returns where the op for a context is noted, by its Done channel.
func (l *local) known(d <-chan struct{}) *knownContext {
	if l.contexts == nil {
		l.contexts = new([knownContexts]knownContext)
	}
	return &l.contexts[uintptr(reflect.ValueOf(d).UnsafePointer())>>7%knownContexts]
}

// keepAfter is how many registrations an op makes until it keeps one.
const keepAfter = 2

// A contextRegistration is what an op registers with its context.
//
//	  ┌─ last waiter left, unless noticed: stop ─┐
//	  ▼                                          │
//	idle ───── first waiter: AfterFunc ─────▶ registered ── ctx done ──▶ fired
//	                                             │
//	                                             └── close: stop ──▶ over
//
// Once it has been noticed that the op is used again, it stays
// while nobody waits. Who comes after fired finds ctx done in meet and does not
// wait; after over nobody comes, as the op is garbage.
//
// While the registration is registered for good, one performance at a time may wait in
// the word, as in that of a channel (entry.go), from which fire takes it. Before
// and after, and while there are others in the queue, the word is busy.
//
// Lock order: mu, then the locks of the context.
type contextRegistration struct {
	word
	watchedContext // what performances note of it
	ctx            context.Context
	// uses counts the registrations made, up to keepAfter. Writer: wait, under mu.
	// Readers: any.
	uses atomic.Uint32
	// noticed says that the registration is kept, as a cleanup will end it. Writer:
	// one publish, by CAS, once. Readers: any.
	noticed atomic.Bool
	waiting queue[error] // under mu
	stop    func() bool  // under mu; nil: not registered
	fired   bool         // under mu
}

func (w *contextRegistration) simulatedName(kind) string { return "Done" }
func (w *contextRegistration) mutex() *lock              { return &w.mu }

// occupy is S3. Under mu.
func (w *contextRegistration) occupy() {
	if s := w.seize(); s != nil {
		moveIn[error](s, w)
	}
}

func (w *contextRegistration) meet(o *offer[error], ws *wakes) outcome {
	w.occupy()
	switch {
	case w.ctx.Err() == nil:
		return mustWait
	case !o.claim(ws):
		return tooLate
	}
	o.v = context.Cause(w.ctx)
	return met
}

// wait lets o wait. If ctx is done by now, fire runs at once, and waits for mu.
func (w *contextRegistration) wait(o *offer[error]) {
	if w.stop == nil {
		w.stop = afterFunc(w.ctx, w.fire)
		if n := w.uses.Load(); n < keepAfter {
			w.uses.Store(n + 1)
		}
	}
	if !w.seat(&o.getting, w.hint()) {
		o.enqueue(w, &w.waiting)
	}
}

// hint allows for one in the word only where fire will take it out. Under mu.
func (w *contextRegistration) hint() *entry {
	if w.waiting.first == nil && w.stop != nil && w.noticed.Load() && !w.fired {
		return nil
	}
	return busy
}

func (w *contextRegistration) line(*offer[error]) *queue[error] { return &w.waiting }

func (w *contextRegistration) left(*wakes) {
	if w.waiting.first == nil && w.stop != nil && !w.noticed.Load() {
		w.stop()
		w.stop = nil
	}
	w.show(w.hint())
}

// fire is called when ctx is done.
func (w *contextRegistration) fire() {
	var ws wakes
	w.mu.Lock()
	w.occupy()
	w.fired = true
	for q := w.waiting.first; q != nil; q = w.waiting.first {
		q.v = context.Cause(w.ctx)
		w.waiting.remove(q)
		if performer := q.s.w; q.s.conclude(&q.cell, &ws) {
			ws.add(performer)
		}
	}
	w.mu.Unlock()
	ws.flush(nil)
}

// close is called when the op is garbage.
func (w *contextRegistration) close() {
	w.mu.Lock()
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
}
