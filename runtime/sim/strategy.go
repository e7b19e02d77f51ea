package sim

import (
	"fmt"
	"slices"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// A Strategy says how the schedules of a simulation are chosen: Random, PCT,
// Exhaustive or RoundRobin. It may be used by many simulations.
type Strategy interface {
	fmt.Stringer
	// explore begins an exploration.
	explore() explorer
}

// An explorer makes the choosers of one exploration, one run after the other.
type explorer interface {
	// seed returns the seed of run i, made from r; ok is false if there are no more
	// schedules.
	seed(i int, r uint64) (seed uint64, ok bool)
	// chooser returns what chooses in the run of a seed that seed returned, or the
	// user gave.
	chooser(seed uint64) chooser
	// ended is told how a run of its went, which may have failed.
	ended(c chooser, steps int)
}

// A chooser makes the choices of one run.
type chooser interface {
	// next returns one of ready, of which there may be only one: see simhook.Driver.
	next(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber
	// pick returns a number below n, for f.
	pick(f *simhook.Fiber, n int) int
	spawned(f *simhook.Fiber)
}

// mix is the finisher of splitmix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// A generator is splitmix64.
type generator uint64

func (g *generator) next() uint64 {
	*g += 0x9e3779b97f4a7c15
	return mix(uint64(*g))
}

// below returns a number below n.
func (g *generator) below(n int) int { return int(g.next() >> 32 * uint64(n) >> 32) }

// pickOf returns a number below n from the generator of f.
func pickOf(f *simhook.Fiber, n int) int { return (*generator)(&f.Data.Rand).below(n) }

// Random returns the strategy that lets each of those who can run go on with the
// same probability, at every step. It is the default.
func Random() Strategy { return random{} }

type random struct{}

func (random) String() string                      { return "Random()" }
func (random) explore() explorer                   { return random{} }
func (random) seed(_ int, r uint64) (uint64, bool) { return r, true }
func (random) ended(chooser, int)                  {}

func (random) chooser(seed uint64) chooser { return &walk{generator(mix(seed))} }

type walk struct{ g generator }

func (w *walk) next(ready []*simhook.Fiber, _ *simhook.Fiber, _ simhook.How) *simhook.Fiber {
	if len(ready) == 1 {
		return ready[0]
	}
	return ready[w.g.below(len(ready))]
}
func (w *walk) pick(f *simhook.Fiber, n int) int { return pickOf(f, n) }
func (w *walk) spawned(*simhook.Fiber)           {}

// RoundRobin returns the strategy that passes on to the next fiber, in the order of
// spawning, at every step: always the same schedule, unless the program draws random
// numbers.
func RoundRobin() Strategy { return roundRobin{} }

type roundRobin struct{}

func (roundRobin) String() string                      { return "RoundRobin()" }
func (roundRobin) explore() explorer                   { return roundRobin{} }
func (roundRobin) seed(_ int, r uint64) (uint64, bool) { return r, true }
func (roundRobin) ended(chooser, int)                  {}
func (roundRobin) chooser(uint64) chooser              { return roundRobin{} }
func (roundRobin) pick(f *simhook.Fiber, n int) int    { return pickOf(f, n) }
func (roundRobin) spawned(*simhook.Fiber)              {}

func (roundRobin) next(ready []*simhook.Fiber, cur *simhook.Fiber, _ simhook.How) *simhook.Fiber {
	return after(ready, cur)
}

// after returns the one of ready that comes next after cur in the order of
// spawning.
func after(ready []*simhook.Fiber, cur *simhook.Fiber) *simhook.Fiber {
	id := 0
	if cur != nil {
		id = cur.ID
	}
	var first, next *simhook.Fiber
	for _, f := range ready {
		if first == nil || f.ID < first.ID {
			first = f
		}
		if f.ID > id && (next == nil || f.ID < next.ID) {
			next = f
		}
	}
	if next == nil {
		return first
	}
	return next
}

// PCT returns the strategy of Burckhardt, Kothari, Musuvathi and Nagarakatte (A
// randomized scheduler with probabilistic guarantees of finding bugs, 2010): fibers
// have random priorities, the highest always runs, and at depth-1 random steps the
// one that runs becomes the lowest. A bug of that depth (so many orderings have to
// come together) in a program of n fibers and k steps is found by a run with a
// probability of at least 1/(n·k^(depth-1)). Who yields becomes the lowest, too.
//
// k is what earlier runs took, at most; it is part of the seed, as its low 20 bits.
func PCT(depth int) Strategy {
	if depth < 1 {
		panic(fmt.Sprintf("sim: PCT(%d): the depth of a bug is 1 at least", depth))
	}
	return pct(depth)
}

type pct int

func (d pct) String() string    { return fmt.Sprintf("PCT(%d)", int(d)) }
func (d pct) explore() explorer { return &pctExplorer{depth: int(d), longest: firstLength} }

const (
	lengthBits  = 20
	firstLength = 100 // of the first run, of which nothing is known
)

type pctExplorer struct {
	depth   int
	longest int
}

func (e *pctExplorer) seed(i int, r uint64) (uint64, bool) {
	return r<<lengthBits | uint64(min(e.longest, 1<<lengthBits-1)), true
}

func (e *pctExplorer) ended(_ chooser, steps int) {
	if e.longest == firstLength {
		e.longest = 1
	}
	e.longest = max(e.longest, steps)
}

func (e *pctExplorer) chooser(seed uint64) chooser {
	p := &pctChooser{g: generator(mix(seed)), depth: int64(e.depth)}
	k := int(seed & (1<<lengthBits - 1))
	if k == 0 {
		k = firstLength
	}
	for i := range e.depth - 1 {
		p.changes = append(p.changes, change{at: 1 + p.g.below(k), to: int64(i + 1)})
	}
	slices.SortStableFunc(p.changes, func(a, b change) int { return a.at - b.at })
	return p
}

type pctChooser struct {
	g       generator
	depth   int64
	changes []change // to come
	step    int
	lowest  int64 // the lowest priority given to one who yielded
}

// A change gives the fiber that runs at a step another priority, below all that
// fibers begin with. Which of two changes gives the lower one is independent of
// which comes first.
type change struct {
	at int
	to int64
}

func (p *pctChooser) spawned(f *simhook.Fiber) {
	f.Data.Priority = p.depth + int64(p.g.next()>>16)
}

func (p *pctChooser) next(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber {
	if how == simhook.Yielded {
		p.lowest--
		cur.Data.Priority = p.lowest
	}
	p.step++
	best := highest(ready)
	for len(p.changes) > 0 && p.changes[0].at == p.step {
		best.Data.Priority = p.changes[0].to
		p.changes = p.changes[1:]
		best = highest(ready)
	}
	return best
}

func highest(ready []*simhook.Fiber) *simhook.Fiber {
	best := ready[0]
	for _, f := range ready[1:] {
		if f.Data.Priority > best.Data.Priority {
			best = f
		}
	}
	return best
}

func (p *pctChooser) pick(f *simhook.Fiber, n int) int { return pickOf(f, n) }
