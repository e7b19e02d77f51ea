package parallel

import "iter"

// MapSeq returns the sequence of f of the elements of seq, in their order. It
// takes some elements from seq, applies f to them perhaps in parallel, as [Map]
// does, hands the results on, and takes the next. It begins with few and takes up
// to a thousand at a time. seq itself and whoever ranges over the result run in
// the caller, one after the other, and neither while f is called. If the caller
// leaves its loop, f has been called for elements whose results it did not see.
// MapSeq panics if seq or f is nil.
func MapSeq[A, B any](seq iter.Seq[A], f func(A) B) iter.Seq[B] {
	if seq == nil || f == nil {
		panic("parallel: MapSeq with a nil sequence or function: give it both")
	}
	return func(yield func(B) bool) {
		for batch := range batches(seq) {
			for _, b := range Map(batch, f) {
				if !yield(b) {
					return
				}
			}
		}
	}
}

// MapReduceSeq is [MapReduce] for a sequence: it takes some elements at a time,
// as [MapSeq] does, and folds them. How it divides the sequence follows from its
// length alone.
func MapReduceSeq[A, R any](seq iter.Seq[A], identity R, f func(A) R, join func(a, b R) R) R {
	if seq == nil || f == nil || join == nil {
		panic("parallel: MapReduceSeq with a nil sequence or function: give it all three")
	}
	first, acc := true, identity
	for batch := range batches(seq) {
		r := MapReduce(batch, identity, f, join)
		if first {
			first, acc = false, r
		} else {
			acc = join(acc, r)
		}
	}
	return acc
}

// How many elements of a sequence are taken at a time: at first, and at most.
const (
	firstBatch = 32
	lastBatch  = 1024
)

// batches returns the elements of seq in slices, all but the last full. A slice
// is not used any more when the next is asked for.
func batches[A any](seq iter.Seq[A]) iter.Seq[[]A] {
	return func(yield func([]A) bool) {
		batch := make([]A, 0, firstBatch)
		for a := range seq {
			if batch = append(batch, a); len(batch) < cap(batch) {
				continue
			}
			if !yield(batch) {
				return
			}
			if n := cap(batch); n < lastBatch {
				batch = make([]A, 0, 2*n)
			} else {
				clear(batch)
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}
