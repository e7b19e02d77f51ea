package parallel

// Reduce folds the range [lo, hi): leaf folds a part of it into acc, which is
// identity at the beginning of each part, and join folds the results of two
// neighbouring parts, the left one first. It returns identity if lo ≥ hi. All
// parts get the same identity: if it refers to memory (a slice, a map), leaf and
// join must not write there.
//
// How the range is divided, and in which order the parts are joined, follows
// from lo, hi and grain alone, never from who ran what: the result is the same in
// every run, on every machine, also where join is not quite associative, as the
// addition of floats. Where join is associative, and identity neutral, it is
// that of a sequential fold. join need not be commutative.
//
// With grain > 0 a part is grain indices, the last one perhaps fewer, however many
// parts that makes. With grain ≤ 0 there are at most 512 parts, all of one size but
// the last. A part costs some 20 ns beside its leaf and join: give a grain where 512
// indices take less than some ten microseconds.
//
// leaf and join are called perhaps in parallel. If one panics, so does Reduce when
// all under way have ended: see the package about this, Goexit and calls in plain
// goroutines. Reduce panics if leaf or join is nil. Reduce
// synchronizes before each call begins, and the ends of these before its return.
func Reduce[T any](lo, hi, grain int, identity T, leaf func(lo, hi int, acc T) T, join func(a, b T) T) T {
	if leaf == nil || join == nil {
		panic("parallel: Reduce with a nil leaf or join: give it both")
	}
	if lo >= hi {
		return identity
	}
	size := uint(hi) - uint(lo)
	step := uint(max(grain, 0))
	if step == 0 {
		step = (size-1)/maxParts + 1
	}
	r := &reduction[T]{lo: lo, hi: hi, step: step, identity: identity, leaf: leaf, join: join}
	r.fold = r.parts
	whole := stretch{0, (size-1)/step + 1}
	if whole.to == 1 {
		var result T
		Do(func() { result = r.parts(whole) })
		return result
	}
	return r.parts(whole)
}

// maxParts is how many parts there are if the grain is chosen: enough to share
// out uneven work, few enough to cost little.
const maxParts = 512

// A reduction is one call of Reduce.
type reduction[T any] struct {
	lo, hi   int
	step     uint // indices a part
	identity T
	leaf     func(lo, hi int, acc T) T
	join     func(a, b T) T
	fold     func(stretch) T // parts, made a function value once
}

// A stretch is parts from up to but not including to.
type stretch struct{ from, to uint }

// parts folds a stretch of one part at least.
func (r *reduction[T]) parts(s stretch) T {
	if s.to-s.from == 1 {
		lo := uint(r.lo) + s.from*r.step // wraps as it must where lo is negative
		n := min(r.step, uint(r.hi)-lo)
		return r.leaf(int(lo), int(lo+n), r.identity)
	}
	mid := s.from + (s.to-s.from+1)/2
	return r.join(Both(r.fold, stretch{s.from, mid}, stretch{mid, s.to}))
}

// MapReduce returns the fold by join of f of the elements of in, from left to
// right, or identity if there are none: join(… join(f(in[0]), f(in[1])) …). It is
// divided as by [Reduce] with grain 0, which says what that means for the result,
// and all else.
func MapReduce[A, R any](in []A, identity R, f func(A) R, join func(a, b R) R) R {
	if f == nil || join == nil {
		panic("parallel: MapReduce with a nil function: give it both")
	}
	return Reduce(0, len(in), 0, identity, func(lo, hi int, acc R) R {
		for _, a := range in[lo:hi] {
			acc = join(acc, f(a))
		}
		return acc
	}, join)
}
