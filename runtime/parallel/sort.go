package parallel

import (
	"cmp"
	"reflect"
	"slices"
)

// Sort sorts s in ascending order, as slices.Sort does, perhaps in parallel. NaNs
// come first. It needs memory for as many elements again.
//
// Sort synchronizes before all it does begins, and the ends of that before its return. It may be called in a fiber or, then it runs in the Default runtime, in
// a plain goroutine.
//
// Source of the algorithm: a merge sort whose merges are divided too, at the
// median of the longer run (Cormen et al., Introduction to Algorithms, 3rd
// edition, section 27.3). Where s looks as if it were sorted in part or had few
// different values, it is cut into a few runs only, which slices.Sort sorts.
// Floats are sorted as integers.
func Sort[S ~[]E, E cmp.Ordered](s S) {
	if len(s) < leastSort {
		slices.Sort(s)
		return
	}
	switch reflect.TypeFor[E]().Kind() {
	case reflect.Float64:
		sortFloats64(s)
		return
	case reflect.Float32:
		sortFloats32(s)
		return
	}
	o := &order[E]{
		compare: cmp.Compare[E],
		merge:   mergeOrdered[E],
		few:     sortFewOrdered[E],
		whole:   slices.Sort[[]E],
	}
	o.sort(s)
}

// SortFunc sorts s in ascending order as defined by cmp, as slices.SortFunc does,
// perhaps in parallel: see [Sort]. The order of equal elements may change. cmp
// must be a strict weak ordering, and is called perhaps in parallel.
//
// If cmp panics, so does SortFunc (see the package), and s has elements that were
// in s, but perhaps some twice and others not at all. SortFunc panics if cmp is
// nil.
func SortFunc[S ~[]E, E any](s S, cmp func(a, b E) int) {
	if cmp == nil {
		panic("parallel: SortFunc with a nil function: give it one")
	}
	sortFunc(s, cmp, slices.SortFunc[[]E], false)
}

// SortStableFunc is [SortFunc] that keeps equal elements in their order.
func SortStableFunc[S ~[]E, E any](s S, cmp func(a, b E) int) {
	if cmp == nil {
		panic("parallel: SortStableFunc with a nil function: give it one")
	}
	sortFunc(s, cmp, slices.SortStableFunc[[]E], true)
}

func sortFunc[E any](s []E, cmp func(a, b E) int, sequential func([]E, func(a, b E) int), stable bool) {
	if len(s) < leastSort {
		Do(func() { sequential(s, cmp) })
		return
	}
	o := &order[E]{
		compare: cmp,
		merge:   func(out, a, b []E) { mergeFunc(out, a, b, cmp) },
		few:     func(s []E) { sortFewFunc(s, cmp) },
	}
	if !stable {
		// Calls of cmp cost so much that a merge without jumps gains nothing.
		o.whole = func(s []E) { sequential(s, cmp) }
		o.patterned = true
	}
	o.sort(s)
}

const (
	leastSort  = 2048  // elements that are worth more than a sequential sort
	fewSort    = 20    // sorted by insertion
	leastFork  = 1024  // sorted without forking
	leastMerge = 16384 // merged without forking
	fewRuns    = 32    // into which a slice with a pattern is cut
)

// order is how to sort elements of one type.
type order[E any] struct {
	compare func(a, b E) int
	merge   func(out, a, b []E) // sequentially; none is empty
	few     func(s []E)         // sequentially, few
	whole   func(s []E)         // sequentially, a run of any length; nil: not at all

	patterned bool                       // sort runs by whole
	run       int                        // elements that are sorted without forking
	do        func(sortTask[E]) struct{} // run, made a function value once
}

// A sortTask is a branch of sorting.
type sortTask[E any] struct {
	kind      sortKind
	out, a, b []E
}

type sortKind uint8

const (
	sortHere  sortKind = iota // a, with room in b
	sortThere                 // a into b
	mergeInto                 // a and b, both sorted, into out
)

func (o *order[E]) sort(s []E) {
	o.run = leastFork
	o.do = o.perform
	Do(func() {
		if o.isMonotonic(s) {
			return
		}
		if o.patterned = o.patterned || o.whole != nil && o.hasPattern(s); o.patterned {
			o.run = max((len(s)-1)/fewRuns+1, leastFork)
		}
		o.perform(sortTask[E]{kind: sortHere, a: s, b: make([]E, len(s))})
	})
}

// perform does a task.
func (o *order[E]) perform(t sortTask[E]) struct{} {
	if t.kind == mergeInto {
		o.mergeAll(t.out, t.a, t.b)
		return struct{}{}
	}
	there := t.kind == sortThere
	if len(t.a) <= o.run {
		o.sortRun(t.a, t.b, there)
		return struct{}{}
	}
	half := len(t.a) / 2
	kind := sortThere
	if there {
		kind = sortHere
	}
	Both(o.do,
		sortTask[E]{kind: kind, a: t.a[:half], b: t.b[:half]},
		sortTask[E]{kind: kind, a: t.a[half:], b: t.b[half:]})
	if there {
		o.mergeAll(t.b, t.a[:half], t.a[half:])
	} else {
		o.mergeAll(t.a, t.b[:half], t.b[half:])
	}
	return struct{}{}
}

// sortRun sorts a without forking, into b if there is true, else in place.
func (o *order[E]) sortRun(a, b []E, there bool) {
	if o.patterned || len(a) <= fewSort {
		if o.patterned {
			o.whole(a)
		} else {
			o.few(a)
		}
		if there {
			copy(b, a)
		}
		return
	}
	half := len(a) / 2
	o.sortRun(a[:half], b[:half], !there)
	o.sortRun(a[half:], b[half:], !there)
	if there {
		o.merge(b, a[:half], a[half:])
	} else {
		o.merge(a, b[:half], b[half:])
	}
}

// mergeAll merges the sorted slices a and b into out. It divides the longer one
// at its middle, and the other one where that element belongs: so that those of
// a come before their equals in b.
func (o *order[E]) mergeAll(out, a, b []E) {
	switch {
	case len(a) == 0 || len(b) == 0:
		copy(out[copy(out, a):], b)
		return
	case len(a)+len(b) <= leastMerge:
		o.merge(out, a, b)
		return
	}
	var i, j int
	if len(a) >= len(b) {
		i = len(a) / 2
		j, _ = slices.BinarySearchFunc(b, a[i], o.compare)
	} else {
		j = len(b) / 2
		i, _ = slices.BinarySearchFunc(a, b[j], func(x, y E) int {
			if o.compare(x, y) <= 0 {
				return -1
			}
			return 1
		})
	}
	Both(o.do,
		sortTask[E]{kind: mergeInto, out: out[:i+j], a: a[:i], b: b[:j]},
		sortTask[E]{kind: mergeInto, out: out[i+j:], a: a[i:], b: b[j:]})
}

// isMonotonic reports whether s is sorted, which it makes it if it was strictly
// descending. It looks no further than to the first pair that is neither.
func (o *order[E]) isMonotonic(s []E) bool {
	k := 1
	for k < len(s) && o.compare(s[k-1], s[k]) <= 0 {
		k++
	}
	if k == len(s) {
		return true
	}
	if k > 1 {
		return false
	}
	for k < len(s) && o.compare(s[k-1], s[k]) > 0 {
		k++
	}
	if k < len(s) {
		return false
	}
	slices.Reverse(s)
	return true
}

// hasPattern reports whether a sample of s lets one expect that a pattern-defeating
// sort has an easier time with it than a merge sort: most neighbours in the same
// order, or many equals.
func (o *order[E]) hasPattern(s []E) bool {
	const n = 64
	var up, down int
	sample := make([]E, 0, n)
	for k := range n {
		i := k * (len(s) / n)
		sample = append(sample, s[i])
		switch c := o.compare(s[i], s[i+1]); {
		case c < 0:
			up++
		case c > 0:
			down++
		}
	}
	if up > n*7/8 || down > n*7/8 {
		return true
	}
	o.whole(sample)
	different := 1
	for k := 1; k < n; k++ {
		if o.compare(sample[k-1], sample[k]) != 0 {
			different++
		}
	}
	return different < n*7/8
}
