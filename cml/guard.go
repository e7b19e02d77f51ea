package cml

// Guards: ops that are made when they are performed.
//
// All guards of an op are run, from left to right, before any leaf of it is
// tried or published. So a guard may do whatever it likes, also wait and
// perform; nothing is held meanwhile, and no partner waits for it. What it costs
// is that a guard runs also where another leaf is ready at once.
//
// Forcing enters regions (regions.go): ranges of leaves with a nack, a hook
// or a flag. A region is entered before the user's function is called and its
// upper end set after, so that if the function panics or exits, the region
// covers nothing, and lost.

// Guard returns the op that calls f each time it is performed, once, before
// anything is tried, and stands for the op that f returns. While f waits, the whole
// op that is performed does, time-outs in it included. If f panics, Perform
// panics, and the rest of the op is abandoned: it has lost.
//
//go:noinline
func Guard[T any](f func() Op[T]) Op[T] {
	if f == nil {
		panic("cml: Guard(nil): give it a function")
	}
	return guard[T]{force1: func(p *performance, base int) Op[T] {
		return forced(f(), p, base, "Guard")
	}}
}

// WithNack is Guard with a negative acknowledgement: f gets an op that becomes
// ready if f was called and then no leaf of the op that it returned committed:
// because another was chosen, a guard panicked, the context was cancelled, a
// Poll failed. It is ready before the performer goes on, and may be performed
// anywhere, any number of times.
//
//go:noinline
func WithNack[T any](f func(nack Op[Unit]) Op[T]) Op[T] {
	if f == nil {
		panic("cml: WithNack(nil): give it a function")
	}
	return guard[T]{force1: func(p *performance, base int) Op[T] {
		nack := NewCond()
		return inRegion(p, base, region{nack: nack}, func() Op[T] {
			return forced(f(nack.WaitOp()), p, base, "WithNack")
		})
	}}
}

// OnAbort returns op with a hook: f runs once whenever op took part in a
// performance and lost, in the performer, before that goes on. A panic in f comes
// out of Perform in the place of the value that was chosen.
//
//go:noinline
func OnAbort[T any](op Op[T], f func()) Op[T] {
	if op == nil {
		panic("cml: OnAbort of a nil operation")
	}
	if f == nil {
		panic("cml: OnAbort with a nil function")
	}
	return guard[T]{force1: func(p *performance, base int) Op[T] {
		return inRegion(p, base, region{abort: f}, func() Op[T] { return op.force(p, base) })
	}}
}

// Bracket returns an op with a resource: each time it is performed it calls
// acquire, and stands for the op that use returns. Whatever comes of it, release
// is called once: with aborted false after a leaf of the op committed and its
// wraps have run, also if they panic; with aborted true if none committed, or
// use panicked. While acquire waits, so does the whole op that is performed, time-outs in
// it included, as with Guard.
//
//go:noinline
func Bracket[R, T any](acquire func() R, release func(r R, aborted bool), use func(R) Op[T]) Op[T] {
	if acquire == nil || release == nil || use == nil {
		panic("cml: Bracket with a nil function")
	}
	return guard[T]{force1: func(p *performance, base int) Op[T] {
		r := acquire()
		won := new(bool)
		leave := func() { release(r, false) }
		reg := region{won: won, leave: leave, abort: func() { release(r, true) }}
		op := inRegion(p, base, reg, func() Op[T] { return forced(use(r), p, base, "Bracket") })
		return &bracketed[T]{op: op, h: op.about(), won: won, release: leave}
	}}
}

// OrElse returns op with a fallback: if op is not ready at once, it is ready all
// the same, with the value f(). So it never waits. In a choice it counts as ready,
// so the fallback may be chosen beside another op that is ready: what is meant is
// most often OrElse of the choice. The nacks in op fire if the fallback is chosen.
//
//go:noinline
func OrElse[T any](op Op[T], f func() T) Op[T] {
	if op == nil {
		panic("cml: OrElse of a nil operation")
	}
	if f == nil {
		panic("cml: OrElse with a nil function")
	}
	return newChoice("OrElse", []Op[T]{op, Wrap(Always(Unit{}), func(Unit) T { return f() })}, biased)
}

// guard is the op that force1 makes of it. Immutable.
type guard[T any] struct {
	force1 func(p *performance, base int) Op[T]
}

func (guard[T]) about() *head                             { return headActive }
func (g guard[T]) force(p *performance, base int) Op[T]   { return g.force1(p, base) }
func (guard[T]) try(*performance, int) (v T, ok bool)     { panic(unforced) }
func (guard[T]) publish(*performance, int) (decided bool) { panic(unforced) }
func (guard[T]) result(*performance, int) (v T)           { panic(unforced) }

const unforced = "cml: a guard was not forced"

// forced forces what a user's function returned.
func forced[T any](op Op[T], p *performance, base int, name string) Op[T] {
	if op == nil {
		panic("cml: the function of " + name + " returned nil: return Never if there is nothing to wait for")
	}
	return op.force(p, base)
}

// inRegion enters r and sets its range when f has returned the op it covers.
func inRegion[T any](p *performance, base int, r region, f func() Op[T]) Op[T] {
	r.lo, r.hi = base, -1
	rare := p.uncommon()
	at := len(rare.regions)
	rare.regions = append(rare.regions, r)
	op := f()
	rare.regions[at].hi = base + int(op.about().leaves)
	return op
}

// bracketed is the op of one performance of a Bracket.
type bracketed[T any] struct {
	op      Op[T]
	h       *head // op's
	won     *bool // a leaf of it committed
	release func()
}

func (b *bracketed[T]) about() *head                          { return b.h }
func (b *bracketed[T]) force(*performance, int) Op[T]         { return b }
func (b *bracketed[T]) publish(p *performance, base int) bool { return b.op.publish(p, base) }

func (b *bracketed[T]) try(p *performance, base int) (T, bool) {
	defer b.leave()
	return b.op.try(p, base)
}

func (b *bracketed[T]) result(p *performance, index int) T {
	defer b.leave()
	return b.op.result(p, index)
}

// leave runs when the wraps inside have, also if they panicked.
func (b *bracketed[T]) leave() {
	if *b.won {
		b.release()
	}
}
