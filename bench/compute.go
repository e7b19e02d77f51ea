package main

// Computing that cannot be optimised away, of known duration and with a known
// answer: a linear congruential generator (Knuth's MMIX), which can be computed
// step by step or, to check, all steps at once.

const (
	lcgA = 6364136223846793005
	lcgC = 1442695040888963407
)

// compute makes n steps from x, without a call.
func compute(x uint64, n int) uint64 {
	for range n {
		x = x*lcgA + lcgC
	}
	return x
}

// computed returns what compute does, by squaring the step.
func computed(x uint64, n int) uint64 {
	a, c := uint64(lcgA), uint64(lcgC) // the step made 1, 2, 4 … times
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			x = x*a + c
		}
		a, c = a*a, (a+1)*c
	}
	return x
}
