package main

import (
	"math"
	"slices"
)

// quantile returns the value below which the share q of xs lies, interpolating
// between neighbours. NaNs do not count; of nothing, it is NaN.
func quantile(xs []float64, q float64) float64 {
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

func median(xs []float64) float64 { return quantile(xs, 0.5) }

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
	return spread{median(xs), quantile(xs, 0.25), quantile(xs, 0.75), quantile(xs, 0), quantile(xs, 1)}
}

// A line is one line of the table: what the rounds of one row gave.
type line struct {
	workload   *workload
	row        row
	index      int // of row in the workload
	schedulers int
	values     [sides]spread
	ratio      spread  // of the pairs
	cpu        float64 // median ratio of processor time
	allocs     [sides]float64
	speedups   [sides]float64 // over one scheduler; NaN if not known
	note       string
	pairs      []pair
	skipped    string
}

// blockLines returns the lines of a block, as far as it is done.
func blockLines(b *block) []line {
	var lines []line
	for _, i := range b.rows {
		for _, res := range b.results {
			if len(res.pairs) > 0 || res.skipped != "" {
				lines = append(lines, lineOf(b, i, res))
			}
		}
	}
	return lines
}

func lineOf(b *block, index int, res *result) line {
	w := b.workload
	l := line{workload: w, row: w.rows[index], index: index, schedulers: res.schedulers, pairs: res.pairs, skipped: res.skipped}
	for s := range sides {
		l.values[s] = spreadOf(column(res.pairs, s, func(x sample) float64 { return x.values[index] }))
		l.allocs[s] = median(column(res.pairs, s, func(x sample) float64 { return ratioOrZero(float64(x.cost.allocs), float64(x.ops)) }))
		l.speedups[s] = speedup(b.results, res, s, index)
	}
	var ratios, cpu []float64
	for _, p := range res.pairs {
		f, g := p.samples[onFibers], p.samples[onGoroutines]
		x := ratio(f.values[index], g.values[index])
		if l.row.more {
			x = 1 / x
		}
		ratios = append(ratios, x)
		cpu = append(cpu, ratio(float64(f.cost.cpu), float64(g.cost.cpu)))
	}
	l.ratio, l.cpu = spreadOf(ratios), median(cpu)
	l.note = noteOf(l, w, res)
	return l
}

func ratioOrZero(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func column(pairs []pair, s side, value func(sample) float64) []float64 {
	var xs []float64
	for _, p := range pairs {
		xs = append(xs, value(p.samples[s]))
	}
	return xs
}

// speedup returns how much faster res is than the result on one scheduler: the
// median over the rounds, in each of which both ran.
func speedup(results []*result, res *result, s side, index int) float64 {
	one := results[0]
	if one.schedulers != 1 || res == one {
		return math.NaN()
	}
	var xs []float64
	for i := range min(len(one.pairs), len(res.pairs)) {
		xs = append(xs, ratio(one.pairs[i].samples[s].values[index], res.pairs[i].samples[s].values[index]))
	}
	return median(xs)
}
