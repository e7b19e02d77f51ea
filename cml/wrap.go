package cml

// Wrap returns the op that is ready when op is and whose value is f of op's
// value. f runs once, in the performer, after op has committed, after the nacks
// of what lost have fired and their hooks have run, with no lock held: it may
// wait, perform, and panic, without any harm to the partner. Over a choice it
// applies to whatever is chosen.
//
//go:noinline
func Wrap[A, B any](op Op[A], f func(A) B) Op[B] {
	if op == nil {
		panic("cml: Wrap of a nil operation")
	}
	if f == nil {
		panic("cml: Wrap with a nil function")
	}
	return &wrap[A, B]{op: op, f: f, h: op.about()}
}

// wrap is immutable.
type wrap[A, B any] struct {
	op Op[A]
	f  func(A) B
	h  *head // op's
}

func (w *wrap[A, B]) about() *head { return w.h }

func (w *wrap[A, B]) force(p *performance, base int) Op[B] {
	if !w.h.traits.has(active) {
		return w
	}
	op := w.op.force(p, base)
	return &wrap[A, B]{op: op, f: w.f, h: op.about()}
}

func (w *wrap[A, B]) try(p *performance, base int) (v B, ok bool) {
	a, ok := w.op.try(p, base)
	if !ok {
		return v, false
	}
	return w.f(a), true
}

func (w *wrap[A, B]) publish(p *performance, base int) bool { return w.op.publish(p, base) }

func (w *wrap[A, B]) result(p *performance, index int) B { return w.f(w.op.result(p, index)) }
