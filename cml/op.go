package cml

import (
	"context"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// Unit is the type of values that say nothing.
type Unit = struct{}

// An Op is a first-class operation: something that can be waited for, and whose
// result is a T. Making one does nothing; it is performed by Perform,
// PerformContext, PerformUntil, Poll and Select. An Op holds nothing of one
// performance: it can be performed any number of times, also by many at once, and
// be part of any number of choices.
//
// Ops are made by the functions of this package, of the objects in it, and of
// NewOp. The interface cannot be implemented elsewhere.
type Op[T any] interface {
	// about returns what can be said of it beforehand.
	about() *head
	// force runs the guards in it and enters its regions in p. Leaves count from
	// base. It returns an op that is not active.
	force(p *performance, base int) Op[T]
	// try commits a leaf that is ready, and returns its value; by then the
	// performance is finished. If the op is pure, p may be nil.
	try(p *performance, base int) (T, bool)
	// publish makes offers of all leaves. True: p is decided, it went no further.
	publish(p *performance, base int) bool
	// result returns the value of its leaf index, counted from its first, which
	// won after it was published, and finishes the performance.
	result(p *performance, index int) T
}

// Perform waits until one leaf of op can commit, commits it and returns its
// value. If several can, it is chosen as Choice and Prefer say.
//
// The fiber parks, or if the caller is a plain goroutine, the goroutine. When
// the runtime of a waiting fiber closes, the performance is aborted and the
// fiber ended: see package runtime.
func Perform[T any](op Op[T]) T {
	if op == nil {
		panic("cml: Perform(nil): give it an operation")
	}
	if simhook.On() {
		pointOf(op)
	}
	if c, ok := op.(*choice[T]); ok && !c.traits.has(active|uneven) { // with nothing to be looked up
		v, p := offerArms(c.arms, c.traits)
		if p == nil {
			return v
		}
		for !p.over() {
			slot := p.w.Leave(p.why())
			if slot != nil {
				slot.Swap()
			}
			if _, ending := p.w.Arrive(slot); ending {
				p.end()
			}
		}
		return c.arms[p.winner()].op.result(p, 0)
	}
	h := op.about()
	if h.traits.has(active) {
		return performGuarded(op)
	}
	var p *performance
	if !h.traits.has(impure) {
		if v, ok := op.try(nil, 0); ok {
			return v
		}
		p = beginWaiting()
	} else {
		p = begin()
		if v, ok := op.try(p, 0); ok {
			return v
		}
	}
	op.publish(p, 0)
	for !p.over() {
		slot := p.w.Leave(p.why())
		if slot != nil {
			slot.Swap()
		}
		if _, ending := p.w.Arrive(slot); ending {
			p.end()
		}
	}
	return op.result(p, p.winner())
}

// performGuarded is Perform of an op with guards or hooks: user code runs, and
// may panic, before it is decided.
func performGuarded[T any](op Op[T]) T {
	p := beginGuarded()
	defer p.leave()
	op = op.force(p, 0)
	if v, ok := op.try(p, 0); ok {
		return v
	}
	op.publish(p, 0)
	for !p.over() {
		slot := p.w.Leave(p.why())
		if slot != nil {
			slot.Swap()
		}
		if _, ending := p.w.Arrive(slot); ending {
			p.end()
		}
	}
	return op.result(p, p.winner())
}

// Poll performs op if a leaf of it can commit at once; otherwise it leaves no
// trace and reports false. It never waits itself, nor offers anything to others:
// on a rendezvous channel two that only poll never meet. The guards of op run in
// any case, and its nacks fire if it fails.
func Poll[T any](op Op[T]) (T, bool) {
	if op == nil {
		panic("cml: Poll(nil): give it an operation")
	}
	if simhook.On() {
		pointOf(op)
	}
	var p *performance
	switch h := op.about(); {
	case h.traits.has(active):
		p = beginGuarded()
		defer p.leave()
		op = op.force(p, 0)
	case !h.traits.has(impure):
		return op.try(nil, 0)
	default:
		p = begin()
	}
	v, ok := op.try(p, 0)
	if !ok {
		p.finish(-1)
	}
	return v, ok
}

// PerformContext is Perform that gives up when ctx is done, with the error
// context.Cause(ctx). Either it commits or it fails, never both: what was
// committed is returned, without an error, even if ctx is done by then. So an
// operation that is ready at once is performed even if ctx is done before the
// call; if it is not, the call does not wait. Who comes after ctx is done finds
// nobody who waits here: once cancel has returned, nothing is taken any more.
func PerformContext[T any](ctx context.Context, op Op[T]) (T, error) {
	if ctx == nil {
		panic("cml: PerformContext with a nil context")
	}
	if op == nil {
		panic("cml: PerformContext with a nil operation")
	}
	if simhook.On() {
		pointOf(op)
	}
	var p *performance
	h := op.about()
	switch {
	case h.traits.has(active):
		p = beginGuarded()
		defer p.leave()
		op = op.force(p, 0)
		h = op.about()
	case h.traits.has(impure):
		p = begin()
	}
	if v, ok := op.try(p, 0); ok {
		return v, nil
	}
	var zero T
	if ctx.Err() != nil {
		if p != nil {
			p.finish(-1)
		}
		return zero, context.Cause(ctx)
	}
	if p == nil {
		p = beginWaiting()
	}
	done := p.doneOf(ctx)
	n := int(h.leaves)
	_ = done.publish(p, n) || op.publish(p, 0) // W8
	for !p.over() {
		slot := p.w.Leave(p.why())
		if slot != nil {
			slot.Swap()
		}
		if _, ending := p.w.Arrive(slot); ending {
			p.end()
		}
	}
	if won := p.winner(); won != n {
		return op.result(p, won), nil
	}
	return zero, done.result(p, 0)
}

// PerformContextErr is PerformContext of an op whose value is an error, as a put into a
// Queue is: it returns that value, or if ctx was done first, context.Cause(ctx).
func PerformContextErr(ctx context.Context, op Op[error]) error {
	err, gaveUp := PerformContext(ctx, op)
	if gaveUp != nil {
		return gaveUp
	}
	return err
}

// PerformUntil performs op, but gives up when stop is ready: then it returns its
// value, and false, and op has left no trace. If both are ready at once, op is
// performed. It is Perform of Prefer(op, stop), where the types need not agree,
// and allocates nothing of its own.
func PerformUntil[T, S any](op Op[T], stop Op[S]) (v T, s S, ok bool) {
	if op == nil || stop == nil {
		panic("cml: PerformUntil with a nil operation")
	}
	if simhook.On() {
		pointOf(op)
	}
	var p *performance
	h, hs := op.about(), stop.about()
	switch {
	case (h.traits | hs.traits).has(active):
		p = beginGuarded()
		defer p.leave()
		op = op.force(p, 0)
		h = op.about()
		stop = stop.force(p, int(h.leaves))
		hs = stop.about()
	case (h.traits | hs.traits).has(impure):
		p = begin()
	}
	if v, ok = op.try(p, 0); ok {
		return v, s, true
	}
	n := int(h.leaves)
	if s, stopped := stop.try(p, n); stopped {
		return v, s, false
	}
	if p == nil {
		p = beginWaiting()
	}
	if hs.traits.has(awaits) {
		_ = stop.publish(p, n) || op.publish(p, 0) // W8
	} else {
		_ = op.publish(p, 0) || stop.publish(p, n)
	}
	for !p.over() {
		slot := p.w.Leave(p.why())
		if slot != nil {
			slot.Swap()
		}
		if _, ending := p.w.Arrive(slot); ending {
			p.end()
		}
	}
	won := p.winner()
	if won < n {
		return op.result(p, won), s, true
	}
	return v, stop.result(p, won-n), false
}
