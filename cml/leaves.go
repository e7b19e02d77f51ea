package cml

import "github.com/seed222ee791/fibers/internal/wait"

// A static is an op of one leaf, without guards or hooks: those embed it.
type static struct{}

func (static) about() *head { return headOne }

// A pure one can be tried without a performance.
type pure struct{}

func (pure) about() *head { return headPure }

// objectOp is an operation on an object, the leaf that all objects of this
// package share.
type objectOp[T any] struct {
	static
	obj  object[T]
	kind kind
	why  wait.Reason
	n    int64
	v    T
}

func (op *objectOp[T]) force(*performance, int) Op[T] { return op }

func (op *objectOp[T]) offer(l *local, index int) *offer[T] {
	o := loan[T](l)
	o.obj, o.kind, o.why, o.n, o.v, o.index = op.obj, op.kind, op.why, op.n, op.v, index
	return o
}

func (op *objectOp[T]) try(p *performance, base int) (v T, ok bool) {
	l := p.local()
	o := op.offer(l, base)
	mu := op.obj.mutex()
	mu.Lock()
	ok = op.obj.meet(o, &p.wakes) == met
	mu.Unlock()
	if ok {
		v = o.v
		if wait.Watched() {
			op.gained()
		}
	}
	repay(p.local(), o) // L1: gained may have waited
	if ok {
		p.finish(base)
	} else if p.wakes.one != nil {
		p.wakes.flush(p.w) // what is tried next may be somebody's function
	}
	return v, ok
}

func (op *objectOp[T]) publish(p *performance, base int) bool {
	o := op.offer(p.local(), base)
	p.touched = true
	mu := op.obj.mutex()
	mu.Lock()
	if p.open {
		o.s = p.s
	}
	out := op.obj.meet(o, &p.wakes)
	if out == mustWait {
		o.s = p.s
		op.obj.line(o).push(o)
	}
	mu.Unlock()
	return o.published(p, out)
}

func (op *objectOp[T]) result(p *performance, _ int) T {
	o := p.won.(*offer[T])
	v, index := o.v, o.index
	if wait.Watched() {
		op.gained()
	}
	repay(p.local(), o)
	p.finish(index)
	return v
}

// unitOp presents an operation on an object whose value is of no interest as
// an Op[Unit].
type unitOp[T any] struct{ objectOp[T] }

func (op *unitOp[T]) force(*performance, int) Op[Unit] { return op }

func (op *unitOp[T]) try(p *performance, base int) (Unit, bool) {
	_, ok := op.objectOp.try(p, base)
	return Unit{}, ok
}

func (op *unitOp[T]) result(p *performance, index int) Unit {
	op.objectOp.result(p, index)
	return Unit{}
}

// Always returns an op that is always ready, with the value v.
//
//go:noinline
func Always[T any](v T) Op[T] { return &always[T]{v: v} }

type always[T any] struct {
	pure
	v T
}

func (op *always[T]) force(*performance, int) Op[T] { return op }

func (op *always[T]) try(p *performance, base int) (T, bool) {
	if p != nil {
		p.finish(base)
	}
	return op.v, true
}

// publish and result are not reached: try has committed.
func (op *always[T]) publish(*performance, int) bool { panic("cml: Always was not ready") }
func (op *always[T]) result(*performance, int) T     { panic("cml: Always was not ready") }

// Never returns an op that is never ready. Performing it waits until the
// runtime of the fiber closes.
//
//go:noinline
func Never[T any]() Op[T] { return never[T]{} }

type never[T any] struct{}

func (op never[T]) about() *head                        { return headNone }
func (op never[T]) force(*performance, int) Op[T]       { return op }
func (op never[T]) try(*performance, int) (v T, _ bool) { return v, false }
func (op never[T]) publish(*performance, int) bool      { return false }
func (op never[T]) result(*performance, int) T          { panic("cml: Never was chosen") }
