package cml

import (
	"math/bits"
	"sort"

	"go.uber.org/atomic"
)

// Choice returns the op that is ready when one of ops is, and commits exactly
// one of them. Among several that are ready at once each may be chosen: any two
// are equally likely to be looked at first. A choice directly in a choice counts
// as if its ops stood there themselves; with a Wrap, Guard or Prefer around it, it
// counts as one. Choice() is Never.
//
// The same op, or several ops on one object, may stand in a choice. A
// performance does not meet itself: of Choice(c.PutOp(v), c.GetOp()) the two
// halves wait for others.
func Choice[T any](ops ...Op[T]) Op[T] { return newChoice("Choice", ops, 0) }

// Prefer is Choice that takes the leftmost of those that are ready at once.
// While none is ready it waits for all alike: the first to come wins.
func Prefer[T any](ops ...Op[T]) Op[T] { return newChoice("Prefer", ops, biased) }

// choice is an n-ary node. Immutable but for plan.
type choice[T any] struct {
	head
	arms []arm[T] // as given
	// plan is made when first needed. Writers, readers: any; whoever makes it makes
	// the same.
	plan atomic.Pointer[plan[T]]
}

// An arm is an op of a choice, and what there is to say about it.
type arm[T any] struct {
	op Op[T]
	h  *head
}

// A plan is the arms with nested choices spread out.
type plan[T any] struct {
	arms []arm[T]
	// from[i] is the number of leaves before arms[i]; nil if it is i.
	from []int
}

// A choice of few arms is one piece of memory. It is not embedded: each of them would have all its
// methods for each T that a program uses, which it would wait for at compilation.
type (
	choice2[T any] struct {
		choice choice[T]
		room   [2]arm[T]
	}
	choice4[T any] struct {
		choice choice[T]
		room   [4]arm[T]
	}
	choice8[T any] struct {
		choice choice[T]
		room   [8]arm[T]
	}
)

// choiceOf returns a choice with room for n arms.
func choiceOf[T any](n int) *choice[T] {
	switch {
	case n <= 2:
		c := &choice2[T]{}
		c.choice.arms = c.room[:n]
		return &c.choice
	case n <= 4:
		c := &choice4[T]{}
		c.choice.arms = c.room[:n]
		return &c.choice
	case n <= 8:
		c := &choice8[T]{}
		c.choice.arms = c.room[:n]
		return &c.choice
	}
	return &choice[T]{arms: make([]arm[T], n)}
}

// newChoice returns a choice with that bias.
//
//go:noinline
func newChoice[T any](name string, ops []Op[T], bias traits) Op[T] {
	switch len(ops) {
	case 0:
		return never[T]{}
	case 1:
		if ops[0] != nil {
			return ops[0]
		}
	}
	c := choiceOf[T](len(ops))
	c.leaves, c.traits = gather(name, c.arms, ops, bias)
	return c
}

// gather fills in the arms of a choice. It returns how many leaves they have, and the traits of
// the choice.
func gather[T any](name string, arms []arm[T], ops []Op[T], bias traits) (leaves int32, all traits) {
	all = bias
	for i, op := range ops {
		if op == nil {
			panic("cml: " + name + " of a nil operation")
		}
		var h *head
		if g, ok := op.(*chanGet[T]); ok { // most often
			h = &g.head
		} else {
			h = op.about()
		}
		arms[i] = arm[T]{op, h}
		leaves += h.leaves
		all |= h.traits & (active | impure | awaits)
		if h.leaves != 1 || h.traits.has(active) {
			all |= uneven
			if k, ok := op.(*choice[T]); ok && k.traits&biased == bias {
				all |= nested
			}
		}
	}
	return leaves, all
}

// offerArms begins a choice of arms of one leaf each, without guards. If one is ready it
// returns its value, and no performance; otherwise all are published, and the caller waits.
// The arms are not kept: they may lie on the caller's stack.
func offerArms[T any](arms []arm[T], all traits) (v T, p *performance) {
	if all.has(impure) {
		p = begin()
	}
	if v, ok := tryArms(arms, nil, all, p, 0); ok {
		return v, nil
	}
	if p == nil {
		p = beginWaiting()
	}
	publishArms(arms, nil, all, p, 0)
	return v, p
}

func (c *choice[T]) about() *head { return &c.head }

// spread returns the arms to be performed, and how many leaves are before each;
// nil if that is its index.
func (c *choice[T]) spread() ([]arm[T], []int) {
	if !c.traits.has(uneven) {
		return c.arms, nil
	}
	pl := c.plan.Load()
	if pl == nil {
		pl = &plan[T]{arms: c.arms}
		if c.traits.has(nested) {
			pl.arms = make([]arm[T], 0, max(len(c.arms), int(c.leaves)))
			pl.add(c)
		}
		if !c.traits.has(active) {
			pl.count()
		}
		c.plan.Store(pl)
	}
	return pl.arms, pl.from
}

// add appends the arms of c, and of choices in it.
func (pl *plan[T]) add(c *choice[T]) {
	for _, a := range c.arms {
		if k, ok := a.op.(*choice[T]); ok && (k.traits^c.traits)&biased == 0 {
			pl.add(k)
		} else {
			pl.arms = append(pl.arms, a)
		}
	}
}

// count fills from, if it is needed.
func (pl *plan[T]) count() {
	for _, a := range pl.arms {
		if a.h.leaves == 1 {
			continue
		}
		pl.from = make([]int, len(pl.arms))
		n := 0
		for i, a := range pl.arms {
			pl.from[i] = n
			n += int(a.h.leaves)
		}
		return
	}
}

// before returns the number of leaves before arm i.
func before(from []int, i int) int {
	if from == nil {
		return i
	}
	return from[i]
}

func (c *choice[T]) force(p *performance, base int) Op[T] {
	if !c.traits.has(active) {
		return c
	}
	arms := c.arms
	if c.traits.has(nested) {
		arms, _ = c.spread()
	}
	// Not newChoice: a choice that came out of a guard counts as one.
	f := choiceOf[T](len(arms))
	f.traits = c.traits & (biased | impure)
	for i, a := range arms {
		if a.h.traits.has(active) {
			a.op = a.op.force(p, base)
			a.h = a.op.about()
		}
		f.arms[i] = a
		f.leaves += a.h.leaves
		f.traits |= a.h.traits & awaits
		if a.h.leaves != 1 {
			f.traits |= uneven
		}
		base += int(a.h.leaves)
	}
	if f.traits.has(uneven) {
		pl := &plan[T]{arms: f.arms}
		pl.count()
		f.plan.Store(pl)
	}
	return f
}

// try looks at all arms first, which is cheap, and then tries those with whom it
// might succeed: most often one or none, and where there is nothing to choose no
// random number is needed.
func (c *choice[T]) try(p *performance, base int) (v T, ok bool) {
	arms, from := c.arms, []int(nil)
	if c.traits.has(uneven) {
		arms, from = c.spread()
	}
	return tryArms(arms, from, c.traits, p, base)
}

func tryArms[T any](arms []arm[T], from []int, all traits, p *performance, base int) (v T, ok bool) {
	if all.has(biased) || len(arms) > 64 {
		return tryMany(arms, from, all.has(biased), p, base)
	}
	var hopeful uint64
	for i := range arms {
		h := arms[i].h
		if w := h.word; w == nil { // as head.cannotMatch
			if h.traits.has(later) {
				continue
			}
		} else if !h.traits.has(asks) {
			if s := w.entry.Load(); s == nil || s.side == h.side {
				continue
			}
		}
		hopeful |= 1 << (i & 63)
	}
	for hopeful != 0 {
		i := bits.TrailingZeros64(hopeful)
		if hopeful&(hopeful-1) != 0 {
			i = oneOf(hopeful, p)
		}
		hopeful &^= 1 << (i & 63)
		if v, ok = arms[i].op.try(p, base+before(from, i)); ok {
			return v, true
		}
	}
	return v, false
}

// tryMany tries one arm after the other.
func tryMany[T any](arms []arm[T], from []int, inOrder bool, p *performance, base int) (v T, ok bool) {
	n := len(arms)
	i, step := 0, 1
	if !inOrder {
		i, step = order(n, seed())
	}
	for range n {
		if a := &arms[i]; !a.h.cannotMatch() {
			if v, ok = a.op.try(p, base+before(from, i)); ok {
				return v, true
			}
		}
		if i += step; i >= n {
			i -= n
		}
	}
	return v, false
}

func (c *choice[T]) publish(p *performance, base int) bool {
	arms, from := c.arms, []int(nil)
	if c.traits.has(uneven) {
		arms, from = c.spread()
	}
	return publishArms(arms, from, c.traits, p, base)
}

func publishArms[T any](arms []arm[T], from []int, all traits, p *performance, base int) bool {
	first := all & awaits
	if first != 0 && publishContexts(p, arms, from, base) {
		return true
	}
	i, step := 0, 1
	if !all.has(biased) { // what becomes ready now is found in this order
		i, step = order(len(arms), p.random())
	}
	for range arms {
		a := &arms[i]
		k := base + before(from, i)
		if !a.h.traits.has(first) && (a.h.word == nil || !p.post(a.h, k)) && a.op.publish(p, k) {
			return true
		}
		i += step - len(arms) // modulo their number, without a branch, which nobody could predict
		i += len(arms) & (i >> (bits.UintSize - 1))
	}
	return false
}

// publishContexts publishes the arms with contexts, first those that are nothing else: W8.
func publishContexts[T any](p *performance, arms []arm[T], from []int, base int) bool {
	for _, alone := range [...]bool{true, false} {
		for i := range arms {
			h := arms[i].h
			if h.traits.has(awaits) && (h.leaves == 1) == alone && arms[i].op.publish(p, base+before(from, i)) {
				return true
			}
		}
	}
	return false
}

func (c *choice[T]) result(p *performance, index int) T {
	if !c.traits.has(uneven) {
		return c.arms[index].op.result(p, 0)
	}
	arms, from := c.spread()
	if from == nil {
		return arms[index].op.result(p, 0)
	}
	// The last one that begins at or before index: arms without leaves do not count.
	i := sort.Search(len(from), func(i int) bool { return from[i] > index }) - 1
	return arms[i].op.result(p, index-from[i])
}
