package harness

// Computing that cannot be optimised away, of known duration and with a known
// answer: a linear congruential generator (Knuth's MMIX), which can be computed
// step by step or, to check, all steps at once.

const (
	lcgA = 6364136223846793005
	lcgC = 1442695040888963407
)

// Compute makes n steps from x, without a call.
func Compute(x uint64, n int) uint64 {
	for range n {
		x = x*lcgA + lcgC
	}
	return x
}

// Computed returns what compute does, by squaring the step.
func Computed(x uint64, n int) uint64 {
	a, c := uint64(lcgA), uint64(lcgC) // the step made 1, 2, 4 … times
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			x = x*a + c
		}
		a, c = a*a, (a+1)*c
	}
	return x
}

// Mix is the output function of splitmix64 (Steele, Lea & Flood 2014).
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Labour is the computing of one node.
func Labour(seed uint64) uint64 {
	for range 40 {
		seed = Mix(seed)
	}
	return seed
}
