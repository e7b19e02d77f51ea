package parallel

import (
	"cmp"
	"math"
	"unsafe"
)

// Floats without NaNs are in the order of their bits, taken as integers, if those
// of the negative ones but the sign are inverted. Integers are sorted nearly twice as
// fast: the compiler moves them by condition, floats it does not. (−0 comes before
// +0 this way; by the language they are equal.)

// sortFloats64 sorts s, whose elements are of kind float64.
func sortFloats64[E cmp.Ordered](s []E) {
	s = s[gatherNaNs(s):]
	sortBits(unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(s))), len(s)), math.MaxInt64)
}

// sortFloats32 sorts s, whose elements are of kind float32.
func sortFloats32[E cmp.Ordered](s []E) {
	s = s[gatherNaNs(s):]
	sortBits(unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s))), len(s)), math.MaxInt32)
}

// sortBits sorts the bits of floats; most are all bits but the sign. However it
// ends, they are those of floats again.
func sortBits[I int32 | int64](bits []I, most I) {
	invert(bits, most)
	defer invert(bits, most)
	Sort(bits)
}

// invert turns the bits of floats into integers of the same order, and back. It does
// not fork: half of it done would be worse than nothing.
func invert[I int32 | int64](bits []I, most I) {
	for i, x := range bits {
		if x < 0 {
			bits[i] = x ^ most
		}
	}
}

// gatherNaNs moves all NaNs to the front and returns how many there are.
func gatherNaNs[E cmp.Ordered](s []E) int {
	n := 0
	for i, x := range s {
		if isNaN(x) {
			s[i], s[n] = s[n], x
			n++
		}
	}
	return n
}

// isNaN reports whether x is not equal to itself.
func isNaN[E cmp.Ordered](x E) bool {
	y := x
	return x != y
}
