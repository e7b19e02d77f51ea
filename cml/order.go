package cml

import (
	"math/bits"
	"math/rand/v2"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// In which order the arms of a choice are looked at.

// random returns the next of a series (xorshift64: Marsaglia 2003).
func (p *performance) random() uint64 {
	p.rng ^= p.rng << 13
	p.rng ^= p.rng >> 7
	p.rng ^= p.rng << 17
	return p.rng
}

// order returns where to start among n arms and how far to step, by the random
// number r. Every arm is as likely the start, and a step is as likely as its
// opposite, so that of any two arms either is as likely first.
func order(n int, r uint64) (start, step int) {
	start = int((r >> 32) * uint64(n) >> 32)
	low := r & (1<<32 - 1)
	switch {
	case n < 3:
		return start, 1
	case n&(n-1) == 0:
		return start, int(low*uint64(n/2)>>32)<<1 | 1
	case n == 3:
		return start, 1 + int(low>>31)
	}
	for range 4 {
		step = 1 + int(low*uint64(n-1)>>32)
		if gcd(step, n) == 1 {
			return start, step
		}
		low = (low*0x9e3779b97f4a7c15 + 1) >> 16 & (1<<32 - 1)
	}
	if r&1 == 0 {
		return start, 1
	}
	return start, n - 1
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// oneOf returns one of the bits that are set, each with the same probability.
func oneOf(set uint64, p *performance) int {
	if simhook.On() {
		if k, ok := simhook.Pick(bits.OnesCount64(set)); ok {
			for ; k > 0; k-- {
				set &= set - 1
			}
			return bits.TrailingZeros64(set)
		}
	}
	var r uint64
	if p == nil {
		r = rand.Uint64()
	} else {
		r = p.random()
	}
	first, rest := set&-set, set&(set-1)
	if rest&(rest-1) == 0 { // two: without a branch, which nobody could predict
		return bits.TrailingZeros64(first ^ (first^rest)&-(r>>63))
	}
	n := bits.OnesCount64(set)
	for k := int((r >> 32) * uint64(n) >> 32); k > 0; k-- {
		set &= set - 1
	}
	return bits.TrailingZeros64(set)
}
