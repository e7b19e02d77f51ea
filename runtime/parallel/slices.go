package parallel

import "github.com/seed222ee791/fibers/internal/fork"

// Map returns f of each element of in, in their order. f is called once for
// each, perhaps in parallel; the work is divided as by [For] with grain 0, which
// says all else. Map panics if f is nil.
func Map[A, B any](in []A, f func(A) B) []B {
	if f == nil {
		panic("parallel: Map with a nil function: give it one")
	}
	out := make([]B, len(in))
	For(0, len(in), 0, func(lo, hi int) {
		for i, a := range in[lo:hi] {
			out[lo+i] = f(a)
		}
	})
	return out
}

// Filter returns a new slice of the elements of s that keep approves of, in their
// order. keep is called once for each element, perhaps in parallel; the work is
// divided as by [For], which says all else. Filter panics if keep is nil.
func Filter[S ~[]E, E any](s S, keep func(E) bool) S {
	if keep == nil {
		panic("parallel: Filter with a nil function: give it one")
	}
	if fork.Enter() == nil {
		var out S
		inside(func() { out = Filter(s, keep) })
		return out
	}
	blocks := blocksOf(len(s))
	kept := make([]S, blocks.count)
	For(0, blocks.count, 0, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			from, to := blocks.bounds(k)
			var part S
			for _, e := range s[from:to] {
				if keep(e) {
					part = append(part, e)
				}
			}
			kept[k] = part
		}
	})
	starts := make([]int, blocks.count+1)
	for k, part := range kept {
		starts[k+1] = starts[k] + len(part)
	}
	out := make(S, starts[blocks.count])
	For(0, blocks.count, 0, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			copy(out[starts[k]:], kept[k])
		}
	})
	return out
}

// Scan returns the folds of all beginnings of s: element i of the result is
// op(… op(s[0], s[1]) …, s[i]). op must be associative, and is called up to twice
// for each element, perhaps in parallel.
//
// How s is divided follows from its length alone, so that the result is the same
// in every run, also where op is not quite associative. If op panics: see [For].
// Scan panics if op is nil.
//
// Source of the algorithm: Blelloch, Prefix Sums and Their Applications (1990),
// in blocks: fold each, scan the folds, scan each.
func Scan[S ~[]E, E any](s S, op func(a, b E) E) S {
	if op == nil {
		panic("parallel: Scan with a nil function: give it one")
	}
	if fork.Enter() == nil {
		var out S
		inside(func() { out = Scan(s, op) })
		return out
	}
	out := make(S, len(s))
	blocks := blocksOf(len(s))
	before := make([]E, blocks.count) // the fold of all blocks before
	For(0, blocks.count-1, 0, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			from, to := blocks.bounds(k)
			acc := s[from]
			for _, e := range s[from+1 : to] {
				acc = op(acc, e)
			}
			before[k+1] = acc
		}
	})
	alone(func() { // its panics are those of a branch
		for k := 2; k < blocks.count; k++ {
			before[k] = op(before[k-1], before[k])
		}
	})
	For(0, blocks.count, 0, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			from, to := blocks.bounds(k)
			acc := s[from]
			if k > 0 {
				acc = op(before[k], acc)
			}
			out[from] = acc
			for i := from + 1; i < to; i++ {
				acc = op(acc, s[i])
				out[i] = acc
			}
		}
	})
	return out
}

// blocks is a division of n elements into count parts of nearly equal size.
type blocks struct{ n, count int }

// leastBlock is how many elements make a block worth while.
const leastBlock = 64

// blocksOf divides n elements; how follows from n alone.
func blocksOf(n int) blocks {
	return blocks{n, min((n+leastBlock-1)/leastBlock, maxParts)}
}

// bounds returns where block k begins and ends.
func (b blocks) bounds(k int) (from, to int) {
	q, r := b.n/b.count, b.n%b.count
	from = k*q + min(k, r)
	to = from + q
	if k < r {
		to++
	}
	return from, to
}
