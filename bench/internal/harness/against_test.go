package harness

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRankSum(t *testing.T) {
	for _, c := range []struct {
		a, b   []float64
		p      float64
		enough bool
	}{
		{nil, []float64{1}, 1, false},
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 2.0 / 20, false},
		{[]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 2.0 / 252, true},
		{[]float64{6, 7, 8, 9, 10}, []float64{1, 2, 3, 4, 5}, 2.0 / 252, true},
		{[]float64{1, 3}, []float64{2, 4}, 4.0 / 6, false}, // sums 3, 4, 5, 5, 6, 7; as far as 4: 3, 4, 6, 7
		{[]float64{1, 1, 1}, []float64{1, 1, 1}, 1, false},
	} {
		p, enough := rankSum(c.a, c.b)
		if math.Abs(p-c.p) > 1e-9 || enough != c.enough {
			t.Errorf("rankSum(%v, %v) = %v, %v; must be %v, %v", c.a, c.b, p, enough, c.p, c.enough)
		}
	}
}

// Where nothing has changed, that is what is said; where something has, likewise.
func TestRankSumOfNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, factor float64) []float64 {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = factor * math.Exp(0.2*r.NormFloat64()) // as wide as on a busy machine
		}
		return xs
	}
	for _, n := range []int{5, 12, 40} { // 40: by the normal distribution
		const trials = 400
		wrong, found := 0, 0
		for range trials {
			if compare(draw(n, 1), draw(n, 1)).significant() {
				wrong++
			}
			if compare(draw(n, 1), draw(n, 2)).significant() {
				found++
			}
		}
		if wrong > trials/40 || found < trials*8/10 {
			t.Errorf("%d rounds: of %d, %d are said to have changed that have not, and %d to be twice as slow that are", n, trials, wrong, found)
		}
	}
}
