package harness

import (
	"fmt"
	"math"
	"slices"
)

// Quantile returns the value below which the share q of xs lies, interpolating
// between neighbours. NaNs do not count; of nothing, it is NaN.
func Quantile(xs []float64, q float64) float64 {
	sorted := slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	if len(sorted) == 0 {
		return math.NaN()
	}
	slices.Sort(sorted)
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	low, high := sorted[i], sorted[min(i+1, len(sorted)-1)]
	if low == high {
		return low
	}
	return low + (high-low)*(at-float64(i))
}

// Median returns the value in the middle of xs, or the mean of the two that are.
func Median(xs []float64) float64 { return Quantile(xs, 0.5) }

// ratio is a/b, or NaN where that says nothing.
func ratio(a, b float64) float64 {
	if a <= 0 || b <= 0 {
		return math.NaN()
	}
	return a / b
}

// spread describes a set of values.
type spread struct {
	median, low, high, min, max float64 // low and high are the quartiles
}

func spreadOf(xs []float64) spread {
	return spread{Median(xs), Quantile(xs, 0.25), Quantile(xs, 0.75), Quantile(xs, 0), Quantile(xs, 1)}
}

// A Line is one line of the table: what the rounds of one row gave.
type Line struct {
	workload   *Workload
	row        Row
	index      int // of row in the workload
	schedulers int
	values     [Sides]spread
	ratio      spread  // of the pairs
	cpu        float64 // median ratio of processor time
	allocs     [Sides]float64
	speedups   [Sides]float64 // over one scheduler; NaN if not known
	note       string
	pairs      []pair
	skipped    string
}

// blockLines returns the lines of a block, as far as it is done.
func blockLines(b *Block) []Line {
	var lines []Line
	for _, i := range b.rows {
		for _, res := range b.results {
			if len(res.Pairs) > 0 || res.skipped != "" {
				lines = append(lines, lineOf(b, i, res))
			}
		}
	}
	return lines
}

func lineOf(b *Block, index int, res *Result) Line {
	w := b.workload
	l := Line{workload: w, row: w.Rows[index], index: index, schedulers: res.Schedulers, pairs: res.Pairs, skipped: res.skipped}
	for s := range Sides {
		l.values[s] = spreadOf(Column(res.Pairs, s, func(x Sample) float64 { return x.Values[index] }))
		l.allocs[s] = Median(Column(res.Pairs, s, func(x Sample) float64 { return ratioOrZero(float64(x.Cost.allocs), float64(x.Ops)) }))
		l.speedups[s] = speedup(b.results, res, s, index)
	}
	var ratios, cpu []float64
	for _, p := range res.Pairs {
		f, g := p.Samples[OnFibers], p.Samples[OnGoroutines]
		x := ratio(f.Values[index], g.Values[index])
		if l.row.More {
			x = 1 / x
		}
		ratios = append(ratios, x)
		cpu = append(cpu, ratio(float64(f.Cost.CPU), float64(g.Cost.CPU)))
	}
	l.ratio, l.cpu = spreadOf(ratios), Median(cpu)
	l.note = noteOf(l, w, res)
	return l
}

func ratioOrZero(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Column returns a value of the samples of a side, of each round.
func Column(pairs []pair, s Side, value func(Sample) float64) []float64 {
	var xs []float64
	for _, p := range pairs {
		xs = append(xs, value(p.Samples[s]))
	}
	return xs
}

// speedup returns how much faster res is than the result on one scheduler: the
// median over the rounds, in each of which both ran.
func speedup(results []*Result, res *Result, s Side, index int) float64 {
	one := results[0]
	if one.Schedulers != 1 || res == one {
		return math.NaN()
	}
	var xs []float64
	for i := range min(len(one.Pairs), len(res.Pairs)) {
		xs = append(xs, ratio(one.Pairs[i].Samples[s].Values[index], res.Pairs[i].Samples[s].Values[index]))
	}
	return Median(xs)
}

// RoundNumber writes a round number.
func RoundNumber(n int) string {
	switch {
	case n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}
