package harness

import (
	"math"
	"testing"
)

func TestQuantile(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		xs   []float64
		q    float64
		want float64
	}{
		{nil, 0.5, nan},
		{[]float64{nan}, 0.5, nan},
		{[]float64{7}, 0, 7},
		{[]float64{7}, 0.99, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{1, nan, 3}, 0.5, 2},
		{[]float64{5, 1, 2, 3, 4}, 0.25, 2},
		{[]float64{5, 1, 2, 3, 4}, 1, 5},
		{[]float64{0, 10}, 0.75, 7.5},
		{[]float64{1, math.Inf(1), math.Inf(1)}, 0.9, math.Inf(1)},
	} {
		if got := Quantile(c.xs, c.q); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("quantile(%v, %v) = %v, must be %v", c.xs, c.q, got, c.want)
		}
	}
	xs := []float64{3, 1, 2}
	if Median(xs); xs[0] != 3 {
		t.Errorf("median has changed its argument: %v", xs)
	}
}

func TestRatio(t *testing.T) {
	if got := ratio(1, 4); got != 0.25 {
		t.Errorf("ratio(1, 4) = %v", got)
	}
	for _, c := range [][2]float64{{0, 1}, {1, 0}, {0, 0}, {-1, 2}, {1, -2}} {
		if got := ratio(c[0], c[1]); !math.IsNaN(got) {
			t.Errorf("ratio(%v, %v) = %v, must be NaN", c[0], c[1], got)
		}
	}
}

// rounds makes the pairs of a workload with one row.
func rounds(values ...[2]float64) []pair {
	var ps []pair
	for i, v := range values {
		p := pair{first: Side(i % 2)}
		for s := range Sides {
			p.Samples[s] = Sample{Values: []float64{v[s]}}
		}
		ps = append(ps, p)
	}
	return ps
}

func TestLinesPairTheRounds(t *testing.T) {
	w := &Workload{Suite: "s", Rows: []Row{{Name: "r", Unit: "ms"}}, Speedup: true}
	b := &Block{workload: w, rows: []int{0}, results: []*Result{
		// The ratio of the medians is 2; the median of the ratios is ½.
		{Schedulers: 1, Pairs: rounds([2]float64{10, 20}, [2]float64{40, 80}, [2]float64{100, 20})},
		{Schedulers: 2, Pairs: rounds([2]float64{5, 20}, [2]float64{20, 40}, [2]float64{20, 20})},
		{Schedulers: 4},
	}}
	lines := blockLines(b)
	if len(lines) != 2 {
		t.Fatalf("%d lines, must be 2: nothing is known of 4 schedulers", len(lines))
	}
	if got := lines[0].ratio.median; got != 0.5 {
		t.Errorf("ratio %v, must be 0.5", got)
	}
	if got := lines[1].speedups; got != [Sides]float64{2, 1} {
		t.Errorf("speed-ups %v, must be 2 and 1", got)
	}
	if !math.IsNaN(lines[0].speedups[OnFibers]) {
		t.Error("one scheduler has a speed-up over itself")
	}
	w.Rows[0].More = true
	if got := blockLines(b)[0].ratio.median; got != 2 {
		t.Errorf("ratio %v where more is better, must be 2", got)
	}
}
