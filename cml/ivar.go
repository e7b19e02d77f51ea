package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// An IVar is a place that is written once and can then be read any number of
// times. The zero value is ready for use.
type IVar[T any] struct {
	// full says that v is set. Writer: Fill, under mu, after v. Readers: any.
	full    flag
	mu      lock
	v       T        // under mu until full, then constant
	readers queue[T] // under mu
}

// NewIVar returns an empty IVar.
func NewIVar[T any]() *IVar[T] { return &IVar[T]{} }

// Fill writes v, unless something has been written before: then it reports
// false. A Fill that wrote synchronizes before the return of every read.
func (iv *IVar[T]) Fill(v T) bool {
	if simhook.On() {
		simhook.Point("IVar.Fill", unsafe.Pointer(iv))
	}
	iv.mu.Lock()
	if iv.full.Load() {
		iv.mu.Unlock()
		return false
	}
	iv.v = v
	iv.full.Store(true)
	var ws wakes
	for q := iv.readers.first; q != nil; q = iv.readers.first {
		q.v = v
		q.grant(&ws)
	}
	iv.mu.Unlock()
	ws.flush(nil)
	return true
}

// Read returns what was written, waiting until it is.
func (iv *IVar[T]) Read() T { return iv.read(wait.IVar) }

func (iv *IVar[T]) read(why wait.Reason) (v T) {
	if iv.full.Load() && !simhook.On() {
		return iv.v
	}
	return await[T](iv, kindGet, 0, v, why)
}

// ReadOp is Read as an op. It leaves the value where it is.
func (iv *IVar[T]) ReadOp() Op[T] { return iv.readOp(wait.IVar) }

//go:noinline
func (iv *IVar[T]) readOp(why wait.Reason) Op[T] {
	return &readOp[T]{objectOp[T]{obj: iv, why: why}, iv}
}

// readOp tries without the lock: what is full stays so.
type readOp[T any] struct {
	objectOp[T]
	iv *IVar[T]
}

func (op *readOp[T]) force(*performance, int) Op[T] { return op }

func (op *readOp[T]) try(p *performance, base int) (v T, ok bool) {
	if !op.iv.full.Load() {
		return v, false
	}
	v = op.iv.v
	p.finish(base)
	return v, true
}

func (iv *IVar[T]) simulatedName(kind) string { return "IVar.Read" }
func (iv *IVar[T]) mutex() *lock              { return &iv.mu }
func (iv *IVar[T]) line(*offer[T]) *queue[T]  { return &iv.readers }
func (iv *IVar[T]) left(*wakes)               {}
func (iv *IVar[T]) meet(o *offer[T], ws *wakes) outcome {
	switch {
	case !iv.full.Load():
		return mustWait
	case !o.claim(ws):
		return tooLate
	}
	o.v = iv.v
	return met
}
