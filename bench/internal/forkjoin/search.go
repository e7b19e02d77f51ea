package forkjoin

import (
	"context"
	"sync"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// Searches: trees of calls, of which the upper part forks.

// A board has the queens placed so far: the columns taken, and the diagonals as
// they hit the next row.
type board struct {
	all, columns, left, right uint32
	row                       int
}

const queensForks = 4 // rows in which each place is a branch

var (
	queensSizes   = [3]int{12, 10, 6}
	queensAnswers = [3]int{14200, 724, 4}
)

// free returns the places that are free in the row.
func (b board) free() uint32 { return b.all &^ (b.columns | b.left | b.right) }

// with returns the board with a queen at place, in the next row.
func (b board) with(place uint32) board {
	return board{b.all, b.columns | place, (b.left | place) << 1, (b.right | place) >> 1, b.row + 1}
}

func (b board) count() (n int) {
	if b.columns == b.all {
		return 1
	}
	for free := b.free(); free != 0; free &= free - 1 {
		n += b.with(free & -free).count()
	}
	return n
}

// A choice is a board and the places in its row that are still to be tried.
type choice struct {
	board board
	free  uint32
}

func countBoth(c choice) int {
	switch rest := c.free & (c.free - 1); {
	case c.free == 0:
		return 0
	case rest == 0:
		next := c.board.with(c.free)
		if next.row >= queensForks {
			return next.count()
		}
		return countBoth(choice{next, next.free()})
	default:
		a, b := parallel.Both(countBoth, choice{c.board, c.free &^ rest}, choice{c.board, rest})
		return a + b
	}
}

func countGoroutines(b board) int {
	if b.row >= queensForks {
		return b.count()
	}
	var counts [32]int
	var end sync.WaitGroup
	i := 0
	for free := b.free(); free != 0; free &= free - 1 {
		next, n := b.with(free&-free), &counts[i]
		i++
		end.Go(func() { *n = countGoroutines(next) })
	}
	end.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

func emptyBoard(p harness.Params) board { return board{all: 1<<queensSizes[p.Scale] - 1} }

func queensFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	b, got := emptyBoard(p), 0
	s, err := timedInFibers(p, func() { got = countBoth(choice{b, b.free()}) })
	if err != nil {
		return s, err
	}
	return s, harness.Verify("the number of ways", got, queensAnswers[p.Scale])
}

func queensGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	b, got := emptyBoard(p), 0
	s := timed(func() { got = countGoroutines(b) })
	return s, harness.Verify("the number of ways", got, queensAnswers[p.Scale])
}

// A packing is what is decided so far: about the things before next.
type packing struct {
	next, room, worth int
}

const knapsackForks = 12 // things about which two branches decide

var (
	knapsackThings = [3]int{24, 20, 14}
	knapsackBest   = [3]int{647, 517, 387}
)

// thing returns weight and worth of thing i.
func thing(i int) (weight, worth int) {
	h := harness.Mix(uint64(i))
	return 10 + int(h%40), 10 + int(h>>32%60)
}

// best searches all packings of n things, without a bound: the work is the same
// in whatever order.
func (p packing) best(n int) int {
	if p.next == n {
		return p.worth
	}
	without := packing{p.next + 1, p.room, p.worth}.best(n)
	weight, worth := thing(p.next)
	if weight > p.room {
		return without
	}
	return max(without, packing{p.next + 1, p.room - weight, p.worth + worth}.best(n))
}

func knapsackRoom(n int) int { return 15 * n }

// A packer packs n things with fibers.
type packer struct {
	n    int
	both func(packing) int // pack
}

func (k *packer) pack(p packing) int {
	weight, worth := thing(p.next)
	if p.next == knapsackForks || weight > p.room {
		return p.best(k.n)
	}
	return max(parallel.Both(k.both, packing{p.next + 1, p.room, p.worth}, packing{p.next + 1, p.room - weight, p.worth + worth}))
}

func packGoroutines(p packing, n int) int {
	weight, worth := thing(p.next)
	if p.next == knapsackForks || weight > p.room {
		return p.best(n)
	}
	var without int
	var end sync.WaitGroup
	end.Go(func() { without = packGoroutines(packing{p.next + 1, p.room, p.worth}, n) })
	with := packGoroutines(packing{p.next + 1, p.room - weight, p.worth + worth}, n)
	end.Wait()
	return max(without, with)
}

func knapsackFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	k, got := &packer{n: knapsackThings[p.Scale]}, 0
	k.both = k.pack
	s, err := timedInFibers(p, func() { got = k.pack(packing{room: knapsackRoom(k.n)}) })
	if err != nil {
		return s, err
	}
	return s, harness.Verify("the worth", got, knapsackBest[p.Scale])
}

func knapsackGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	n, got := knapsackThings[p.Scale], 0
	s := timed(func() { got = packGoroutines(packing{room: knapsackRoom(n)}, n) })
	return s, harness.Verify("the worth", got, knapsackBest[p.Scale])
}

// A skewed tree: of its nodes, one twentieth is on the left, and so on down. Who
// divides it at its root gets nothing for it.
type skewed struct {
	seed uint64
	size int
}

const (
	skewedPart  = 20
	skewedGrain = 200 // a goroutine for each subtree above
	skewedSeed  = 20061102
)

// skewedSizes and skewedSums belong together: nodes, and the sum of their hashes.
var (
	skewedSizes = [3]int{400_000, 60_000, 2000}
	skewedSums  = [3]uint64{0xd8607c8fe4792e7a, 0xb3c3a5eee5247c17, 0x2cceb9c7014355f1}
)

// branches returns the parts below a node.
func (t skewed) branches(h uint64) (left, right skewed) {
	n := t.size - 1
	return skewed{harness.Mix(h), n / skewedPart}, skewed{harness.Mix(^h), n - n/skewedPart}
}

func (t skewed) sum() uint64 {
	sum := uint64(0)
	for t.size > 0 {
		h := harness.Labour(t.seed)
		left, right := t.branches(h)
		sum += h + left.sum()
		t = right
	}
	return sum
}

func skewedBoth(t skewed) uint64 {
	if t.size == 0 {
		return 0
	}
	h := harness.Labour(t.seed)
	left, right := t.branches(h)
	a, b := parallel.Both(skewedBoth, left, right)
	return h + a + b
}

func skewedGo(t skewed) uint64 {
	if t.size <= skewedGrain {
		return t.sum()
	}
	h := harness.Labour(t.seed)
	left, right := t.branches(h)
	var a uint64
	var end sync.WaitGroup
	end.Go(func() { a = skewedGo(left) })
	b := skewedGo(right)
	end.Wait()
	return h + a + b
}

func skewedFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	got := uint64(0)
	s, err := timedInFibers(p, func() { got = skewedBoth(skewed{skewedSeed, skewedSizes[p.Scale]}) })
	if err != nil {
		return s, err
	}
	return s, harness.Verify("the sum of the tree", got, skewedSums[p.Scale])
}

func skewedGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	got := uint64(0)
	s := timed(func() { got = skewedGo(skewed{skewedSeed, skewedSizes[p.Scale]}) })
	return s, harness.Verify("the sum of the tree", got, skewedSums[p.Scale])
}
