package parallel

import "cmp"

// The sequential parts of sorting, for what the language can compare and, much
// slower, for what a function compares. Both are stable. a comes before b.

// mergeOrdered merges the sorted slices a and b, of which neither is empty, into
// out. It works from both ends at once, and picks each element without a jump
// that the processor could predict wrongly (for integers, which the compiler moves
// by condition): three times as fast as the obvious loop on random numbers.
//
// Source of the algorithm: the bidirectional merge of quadsort (van den Hoven).
func mergeOrdered[E cmp.Ordered](out, a, b []E) {
	if !(b[0] < a[len(a)-1]) {
		copy(out, a)
		copy(out[len(a):], b)
		return
	}
	// As many steps can be made from either end before one of the two slices
	// can be used up. The two ends do not meet before.
	steps := min(len(a), len(b))
	out = out[:len(a)+len(b)]
	i, j := 0, 0
	p, q := len(a)-1, len(b)-1
	end := len(out) - 1
	for k := range steps {
		x, y := a[i], b[j]
		less, least := 0, x
		if y < x {
			less = 1
		}
		if y < x {
			least = y
		}
		out[k] = least
		j += less
		i += 1 - less

		x, y = a[p], b[q]
		less, most := 0, y
		if y < x {
			less = 1
		}
		if y < x {
			most = x
		}
		out[end-k] = most
		p -= less
		q -= 1 - less
	}
	k := steps
	for ; i <= p && j <= q; k++ {
		if b[j] < a[i] {
			out[k] = b[j]
			j++
		} else {
			out[k] = a[i]
			i++
		}
	}
	if i > p+1 || j > q+1 { // both ends have taken the same: a or b was not sorted
		panic("parallel: the elements changed while Sort ran: nobody else may write them meanwhile")
	}
	k += copy(out[k:], a[i:p+1])
	copy(out[k:], b[j:q+1])
}

// sortFewOrdered sorts by insertion.
func sortFewOrdered[E cmp.Ordered](s []E) {
	for i := 1; i < len(s); i++ {
		x := s[i]
		j := i
		for ; j > 0 && x < s[j-1]; j-- {
			s[j] = s[j-1]
		}
		s[j] = x
	}
}

// mergeFunc is mergeOrdered by a function.
func mergeFunc[E any](out, a, b []E, cmp func(a, b E) int) {
	if cmp(b[0], a[len(a)-1]) >= 0 {
		copy(out, a)
		copy(out[len(a):], b)
		return
	}
	i, j, k := 0, 0, 0
	for ; i < len(a) && j < len(b); k++ {
		if cmp(b[j], a[i]) < 0 {
			out[k] = b[j]
			j++
		} else {
			out[k] = a[i]
			i++
		}
	}
	k += copy(out[k:], a[i:])
	copy(out[k:], b[j:])
}

// sortFewFunc is sortFewOrdered by a function.
func sortFewFunc[E any](s []E, cmp func(a, b E) int) {
	for i := 1; i < len(s); i++ {
		x := s[i]
		j := i
		for ; j > 0 && cmp(x, s[j-1]) < 0; j-- {
			s[j] = s[j-1]
		}
		s[j] = x
	}
}
