package sim

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// Exhaustive returns the strategy that runs every schedule with at most so many
// preemptions, each once: first those with none, then those with one, and so on
// (iterative context bounding: Musuvathi and Qadeer 2007). A preemption is a switch
// away from a fiber that could go on; where a fiber waits, yields or ends, all others
// are tried for nothing. Which arm of a Choice is taken where several are ready is
// tried too. What Rand draws is the same in all runs.
//
// It is for small programs: their number grows with the steps to the power of the
// preemptions. Without Runs, all of them are run.
//
// A fiber that yields again and again while others could run, as who waits in a loop
// does, has to let them at the sixteenth time: else there were schedules without end.
func Exhaustive(preemptions int) Strategy {
	if preemptions < 0 {
		panic(fmt.Sprintf("sim: Exhaustive(%d): the number of preemptions cannot be negative", preemptions))
	}
	return exhaustive(preemptions)
}

type exhaustive int

func (n exhaustive) String() string    { return fmt.Sprintf("Exhaustive(%d)", int(n)) }
func (n exhaustive) explore() explorer { return &exhaustion{most: int(n)} }

// exhaustion is the search of an Exhaustive: depth first, without those choices that
// are preemptions more than there may be at present. They are kept for later.
type exhaustion struct {
	most  int
	path  []branch   // of the run under way: replayed, then extended
	later [][]branch // paths that begin with one preemption more
	bound int        // preemptions at present
	begun bool
	now   uint64     // the seed of the run under way
	left  [][]branch // of those with the present number
}

// A branch is a choice that was made: which of how many. The first so many cost
// nothing, the others a preemption each.
type branch struct{ chosen, free, all int32 }

// seed implements explorer: the seed of a run says what it chooses (see number).
func (e *exhaustion) seed(i int, _ uint64) (uint64, bool) {
	switch {
	case !e.begun:
		e.begun = true
	case !e.advance():
		return 0, false
	}
	e.now = number(e.path, i)
	return e.now, true
}

// advance makes path the beginning of the next run.
func (e *exhaustion) advance() bool {
	// The last choice of which there is another one for nothing.
	for n := len(e.path); n > 0; n-- {
		b := &e.path[n-1]
		if b.chosen+1 < b.free {
			b.chosen++
			e.path = e.path[:n]
			return true
		}
	}
	if len(e.left) == 0 {
		if e.bound == e.most || len(e.later) == 0 {
			return false
		}
		e.bound++
		e.left, e.later = e.later, nil
		slices.Reverse(e.left)
	}
	last := len(e.left) - 1
	e.path = e.left[last]
	e.left[last] = nil
	e.left = e.left[:last]
	// Choices before its end are fixed: they were made in another run.
	for i := range e.path {
		e.path[i].free = 0
	}
	return true
}

func (e *exhaustion) chooser(seed uint64) chooser {
	if e.begun && seed == e.now {
		return &exhaustiveChooser{e: e, path: e.path}
	}
	return &exhaustiveChooser{digits: seed, given: true}
}

// ended implements explorer.
func (e *exhaustion) ended(c chooser, _ int) {
	if x := c.(*exhaustiveChooser); !x.given {
		e.path = x.path
	}
}

type exhaustiveChooser struct {
	e      *exhaustion
	path   []branch
	at     int // choices made
	given  bool
	digits uint64 // what is left of the number, if it was given
	order  []*simhook.Fiber
}

func (x *exhaustiveChooser) spawned(*simhook.Fiber) {}

func (x *exhaustiveChooser) next(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber {
	if how == simhook.Yielded {
		cur.Data.Yields++
	}
	if len(ready) == 1 {
		ready[0].Data.Yields = 0
		return ready[0]
	}
	o := x.order[:0]
	patient := false
	for _, f := range ready {
		if f.Data.Yields < mostYields {
			o = append(o, f)
		} else {
			patient = true
		}
	}
	switch {
	case len(o) == 0:
		for _, f := range ready {
			f.Data.Yields = 0
		}
		o = append(o, ready...)
	case patient && len(o) == 1:
		return o[0]
	}
	free := len(o)
	slices.SortFunc(o, func(a, b *simhook.Fiber) int { return a.ID - b.ID })
	if i := slices.Index(o, cur); i >= 0 && (how == simhook.AtPoint || how == simhook.Past) {
		copy(o[1:i+1], o[:i])
		o[0] = cur
		free = 1
	}
	x.order = o
	return o[x.choose(free, len(o))]
}

// mostYields is how often a fiber may yield while others can run.
const mostYields = 16

func (x *exhaustiveChooser) pick(_ *simhook.Fiber, n int) int { return x.choose(n, n) }

// choose makes the next choice.
func (x *exhaustiveChooser) choose(free, all int) int {
	if all == 1 {
		return 0
	}
	if x.given {
		d := x.digits % uint64(all)
		x.digits /= uint64(all)
		return int(d)
	}
	i := x.at
	x.at++
	if i < len(x.path) {
		return int(x.path[i].chosen)
	}
	if free < all && x.e.bound < x.e.most {
		for k := free; k < all; k++ {
			p := append(slices.Clip(x.path), branch{int32(k), 0, int32(all)})
			x.e.later = append(x.e.later, slices.Clone(p))
		}
	}
	x.path = append(x.path, branch{0, int32(free), int32(all)})
	return 0
}

// ranked marks the seeds that are no numbers of paths, but of runs: of paths that are
// too long for a number.
const ranked = 1 << 63

// number returns the number of a path, that of run i: its choices are its digits, the
// first one the lowest.
func number(path []branch, i int) uint64 {
	n, unit, over := uint64(0), uint64(1), false
	for _, b := range path {
		if b.chosen > 0 {
			high, low := bits.Mul64(unit, uint64(b.chosen))
			var carry uint64
			n, carry = bits.Add64(n, low, 0)
			if over || high != 0 || carry != 0 || n >= ranked {
				return ranked | uint64(i)
			}
		}
		var high uint64
		high, unit = bits.Mul64(unit, uint64(b.all))
		over = over || high != 0
	}
	return n
}
