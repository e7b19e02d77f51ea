package cml

import (
	"slices"
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
func Choice[T any](ops ...Op[T]) Op[T] { return newChoice("Choice", slices.Clone(ops), false) }

// Prefer is Choice that takes the leftmost of those that are ready at once.
// While none is ready it waits for all alike: the first to come wins.
func Prefer[T any](ops ...Op[T]) Op[T] { return newChoice("Prefer", slices.Clone(ops), true) }

// choice is an n-ary node. Immutable but for plan.
type choice[T any] struct {
	kids   []Op[T]
	biased bool
	act    bool // some kid is active
	nested bool // some kid is a choice of the same bias
	n      int  // leaves, unless act
	// own is the plan if no kid has to be spread out: kids as they are.
	own plan[T]
	// plan is kids with nested choices spread out, made when first needed.
	// Writers, readers: any; whoever makes it makes the same.
	plan atomic.Pointer[plan[T]]
}

type plan[T any] struct {
	kids []Op[T]
	// from[i] is the number of leaves before kids[i]; nil if it is i.
	from []int
}

func newChoice[T any](name string, ops []Op[T], biased bool) Op[T] {
	switch len(ops) {
	case 0:
		return never[T]{}
	case 1:
		if ops[0] != nil {
			return ops[0]
		}
	}
	c := &choice[T]{kids: ops, biased: biased}
	for _, op := range ops {
		if op == nil {
			panic("cml: " + name + " of a nil operation")
		}
		if k, ok := op.(*choice[T]); ok && k.biased == biased {
			c.nested = true
		}
		c.act = c.act || op.active()
	}
	if !c.act {
		for _, op := range ops {
			c.n += op.leaves()
		}
		if !c.nested && c.n == len(ops) {
			c.own.kids = ops
			c.own.count()
		}
	}
	return c
}

func (c *choice[T]) leaves() int  { return c.n }
func (c *choice[T]) active() bool { return c.act }

// spread returns the plan.
func (c *choice[T]) spread() *plan[T] {
	if c.own.kids != nil {
		return &c.own
	}
	if pl := c.plan.Load(); pl != nil {
		return pl
	}
	pl := &plan[T]{kids: c.kids}
	if c.nested {
		pl.kids = make([]Op[T], 0, max(len(c.kids), c.n))
		pl.add(c)
	}
	if !c.act {
		pl.count()
	}
	c.plan.Store(pl)
	return pl
}

// add appends the kids of c, and of choices in it.
func (pl *plan[T]) add(c *choice[T]) {
	for _, op := range c.kids {
		if k, ok := op.(*choice[T]); ok && k.biased == c.biased {
			pl.add(k)
		} else {
			pl.kids = append(pl.kids, op)
		}
	}
}

// count fills from, if it is needed.
func (pl *plan[T]) count() {
	for _, op := range pl.kids {
		if op.leaves() == 1 {
			continue
		}
		pl.from = make([]int, len(pl.kids))
		n := 0
		for i, op := range pl.kids {
			pl.from[i] = n
			n += op.leaves()
		}
		return
	}
}

// base returns the number of leaves before kid i.
func (pl *plan[T]) base(i int) int {
	if pl.from == nil {
		return i
	}
	return pl.from[i]
}

// kid returns the kid in which leaf index is.
func (pl *plan[T]) kid(index int) int {
	if pl.from == nil {
		return index
	}
	// The last one that begins at or before index: kids without leaves do not count.
	return sort.Search(len(pl.from), func(i int) bool { return pl.from[i] > index }) - 1
}

func (c *choice[T]) force(p *performance, base int) Op[T] {
	if !c.act {
		return c
	}
	pl := c.spread()
	forced, first := make([]Op[T], len(pl.kids)), base
	for i, op := range pl.kids {
		if op.active() {
			op = op.force(p, base)
		}
		forced[i] = op
		base += op.leaves()
	}
	// Not newChoice: a choice that came out of a guard counts as one.
	f := &choice[T]{kids: forced, biased: c.biased, n: base - first}
	f.own.kids = forced
	f.own.count()
	return f
}

func (c *choice[T]) try(p *performance, base int) (v T, ok bool) {
	pl := c.spread()
	n := len(pl.kids)
	i, step := 0, 1
	if !c.biased {
		i, step = p.order(n)
	}
	for range n {
		if v, ok = pl.kids[i].try(p, base+pl.base(i)); ok {
			return v, true
		}
		if i += step; i >= n {
			i -= n
		}
	}
	return v, false
}

func (c *choice[T]) publish(p *performance, base int) bool {
	pl := c.spread()
	n := len(pl.kids)
	i, step := 0, 1
	if !c.biased {
		i, step = p.order(n)
	}
	for range n {
		if pl.kids[i].publish(p, base+pl.base(i)) {
			return true
		}
		if i += step; i >= n {
			i -= n
		}
	}
	return false
}

func (c *choice[T]) result(p *performance, index int) T {
	pl := c.spread()
	i := pl.kid(index)
	return pl.kids[i].result(p, index-pl.base(i))
}
