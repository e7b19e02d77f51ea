package cml

import "github.com/seed222ee791/fibers/internal/wait"

// A Swap is a place where two parties meet and exchange values. The zero value
// is ready for use. Each call synchronizes before the return of the other.
type Swap[T any] struct {
	mu      lock
	waiting queue[T] // under mu; at rest at most one performance's
}

// NewSwap returns a Swap.
func NewSwap[T any]() *Swap[T] { return &Swap[T]{} }

// Swap gives v to another party that swaps and returns what that one gave,
// waiting for it.
func (s *Swap[T]) Swap(v T) T { return await[T](s, kindSwap, 0, v, wait.Swap) }

// SwapOp is Swap as an op. As everywhere, a performance does not meet itself.
//
//go:noinline
func (s *Swap[T]) SwapOp(v T) Op[T] {
	return &objectOp[T]{obj: s, kind: kindSwap, why: wait.Swap, v: v}
}

func (s *Swap[T]) simulatedName(kind) string           { return "Swap.Swap" }
func (s *Swap[T]) mutex() *lock                        { return &s.mu }
func (s *Swap[T]) line(*offer[T]) *queue[T]            { return &s.waiting }
func (s *Swap[T]) left(*wakes)                         {}
func (s *Swap[T]) meet(o *offer[T], ws *wakes) outcome { return o.meetIn(&s.waiting, ws) }
