package cml

import (
	"context"
	"errors"
	"sync"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// ErrReady is the cause of a context of WithOp whose op was performed.
var ErrReady = errors.New("cml: the operation of the context has been performed")

// WithOp returns a context that is cancelled when op is ready: the way from operations to
// functions that take a context. Given the nack of WithNack, what a server does for a
// client that has gone on to something else ends by itself.
//
//	cml.WithNack(func(nack cml.Op[cml.Unit]) cml.Op[Reply] {
//		ctx, cancel := cml.WithOp(context.Background(), nack)
//		…
//
// WithOp performs op, once: its guards run in the caller; if it is ready at once the
// context is done when WithOp returns; later its wraps run in a goroutine, where a panic
// ends the process. The cause of the context is the value of op, if that is an error and
// not nil, otherwise ErrReady. If the parent is done first, or cancel is called, op has
// lost. Cancel must be called, as of any context: until then what op waits for is
// registered. Nothing but that, no goroutine, is held while it waits.
func WithOp[T any](parent context.Context, op Op[T]) (ctx context.Context, cancel context.CancelFunc) {
	if parent == nil {
		panic("cml: WithOp of a nil context")
	}
	if op == nil {
		panic("cml: WithOp with a nil operation")
	}
	ctx, cause := context.WithCancelCause(parent)
	b := &bridge[T]{cancel: cause}
	cancel = func() { cause(context.Canceled) }
	returned := false
	defer func() {
		if !returned { // a guard panicked
			cancel()
		}
	}()
	b.perform(ctx, op)
	returned = true
	return ctx, cancel
}

// A bridge is the performance of WithOp. Nobody waits in it: whoever decides it starts a
// goroutine, or the performer finds it decided.
//
// The performance is the caller's of WithOp until it has published all; then of whoever
// holds mu, a goroutine that was started by a wake-up, until one finds it decided (over),
// which has it from then on. What the partners do to it is the same as to any other; they
// wake it by Unpark, with no lock held.
//
// Checked by: TestWithOp….
type bridge[T any] struct {
	cancel context.CancelCauseFunc
	shared any

	mu    sync.Mutex
	p     *performance // under mu, as all that follows; nil: not begun
	op    Op[T]
	leafs int // of op
	done  Op[error]
	over  bool
}

var _ wait.Waiter = (*bridge[Unit])(nil)

// perform begins the performance of op, until ctx is done.
func (b *bridge[T]) perform(ctx context.Context, op Op[T]) {
	if simhook.On() {
		pointOf(op)
	}
	p := newPerformance()
	p.w, p.s.w, p.bridged = b, b, true
	mine := true // until others may conclude it
	defer func() {
		if mine {
			p.abandon()
		}
	}()
	op = op.force(p, 0)
	if v, ok := op.try(p, 0); ok {
		b.end(v)
		return
	}
	if mine = b.publish(p, op, Done(ctx)); mine {
		b.conclude()
	}
}

// publish reports whether p was decided meanwhile. Then it is the caller's, as after a
// wake-up that returns true.
func (b *bridge[T]) publish(p *performance, op Op[T], done Op[error]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.op, b.leafs, b.done = op, int(op.about().leaves), done
	_ = done.publish(p, b.leafs) || op.publish(p, 0)
	b.p = p
	b.over = p.over()
	return b.over
}

// wake is called when the performance may be decided.
func (b *bridge[T]) wake() {
	b.mu.Lock()
	mine := b.p != nil && !b.over && b.p.over()
	b.over = b.over || mine
	b.mu.Unlock()
	if mine {
		b.conclude()
	}
}

// conclude takes what the performance, which is the caller's, has come to.
func (b *bridge[T]) conclude() {
	p := b.p
	won := p.winner()
	if won == b.leafs {
		b.done.result(p, 0)
		return
	}
	defer b.cancel(ErrReady) // if a wrap panics or exits
	b.end(b.op.result(p, won))
}

// end cancels the context, with the value of op.
func (b *bridge[T]) end(v T) {
	if err, ok := any(v).(error); ok && err != nil {
		b.cancel(err)
	} else {
		b.cancel(ErrReady)
	}
}

// Unpark implements wait.Waiter.
func (b *bridge[T]) Unpark() {
	if simhook.On() && simhook.Current() != nil { // where there are no goroutines
		b.wake()
		return
	}
	go b.wake()
}

// UnparkBy implements wait.Waiter.
func (b *bridge[T]) UnparkBy(wait.Waiter) { b.Unpark() }

// Serve implements wait.Waiter.
func (b *bridge[T]) Serve() { b.Unpark() }

// Scratch implements wait.Waiter; nobody waits in a bridge.
func (b *bridge[T]) Scratch() *any { panic(nobodyWaits) }

// Shared implements wait.Waiter.
func (b *bridge[T]) Shared() *any { return &b.shared }

// Depots implements wait.Waiter.
func (b *bridge[T]) Depots() *sync.Map { return nil }

// Park implements wait.Waiter; nobody waits in a bridge.
func (b *bridge[T]) Park(wait.Reason) { panic(nobodyWaits) }

// Wait implements wait.Waiter.
func (b *bridge[T]) Wait(wait.Reason) bool { panic(nobodyWaits) }

// Leave implements wait.Waiter; nobody waits in a bridge.
func (b *bridge[T]) Leave(wait.Reason) *wait.Slot { panic(nobodyWaits) }

// Arrive implements wait.Waiter; nobody waits in a bridge.
func (b *bridge[T]) Arrive(*wait.Slot) (served, ending bool) { panic(nobodyWaits) }

// At implements wait.Waiter; nobody waits in a bridge.
func (b *bridge[T]) At(any, wait.Reason) {}

// Exit implements wait.Waiter.
func (b *bridge[T]) Exit() {}

const nobodyWaits = "cml: internal error: a wait in a performance that has no waiter"
