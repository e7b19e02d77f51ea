package harness

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// What has changed between two runs: of each row the ratios of the rounds, before and
// now, are compared by the rank-sum test of Mann and Whitney, which asks for nothing but
// independent rounds. A row is said to have changed if they would differ so by chance once
// in a hundred times, and by leastChange. With fewer than five rounds on either side that
// cannot be said.

const (
	byChance    = 0.01
	leastChange = 0.05
)

// A change is what the rounds of a row say.
type change struct {
	before, now float64 // medians of the ratio
	p           float64 // the probability of such a difference by chance; 1: there are too few rounds
	few         bool
}

func (c change) factor() float64 { return c.now / c.before }

func (c change) significant() bool {
	return !c.few && c.p < byChance && math.Abs(c.factor()-1) >= leastChange
}

// ratios returns the ratio of each round of a row, as in the table.
func (r *jsonRow) ratios() []float64 {
	var xs []float64
	for _, s := range r.Samples {
		if s.Fibers.Value == nil || s.Goroutines.Value == nil {
			continue
		}
		x := ratio(*s.Fibers.Value, *s.Goroutines.Value)
		if r.Better == "more" {
			x = 1 / x
		}
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			xs = append(xs, x)
		}
	}
	return xs
}

func compare(before, now []float64) change {
	p, enough := rankSum(before, now)
	return change{before: Median(before), now: Median(now), p: p, few: !enough}
}

// exactly is up to how many rounds on both sides the ways are counted; more are about normal.
const exactly = 60

// rankSum returns the probability, of both tails, that samples of one distribution are as far
// apart as a and b: exact, by counting the ways to choose len(a) of all ranks, those that are
// equal having their mean rank; or of many, by the normal distribution. It reports false if
// even the farthest apart would not be significant.
func rankSum(a, b []float64) (p float64, enough bool) {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return 1, false
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	rank := func(x float64) int { // twice the mean rank, a whole number
		first, _ := slices.BinarySearch(all, x)
		last := first
		for last < len(all) && all[last] == x {
			last++
		}
		return first + last + 1
	}
	sum := 0
	for _, x := range a {
		sum += rank(x)
	}
	mean := float64(n * (n + m + 1)) // of twice the sum
	far := math.Abs(float64(sum) - mean)
	if n+m > exactly {
		variance := 0.0
		for _, x := range all {
			d := float64(rank(x) - (n + m + 1))
			variance += d * d
		}
		variance *= float64(n) * float64(m) / float64((n+m)*(n+m-1))
		if variance == 0 {
			return 1, true
		}
		return math.Erfc(far / math.Sqrt(2*variance)), true
	}
	// ways[k][s]: how many sets of k of all have s as the sum of their ranks.
	most := 0
	for _, x := range all {
		most += rank(x)
	}
	ways := make([][]float64, n+1)
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	for _, x := range all {
		r := rank(x)
		for k := n; k > 0; k-- {
			for s := most; s >= r; s-- {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	total := 0.0
	for _, w := range ways[n] {
		total += w
	}
	tail := 0.0
	for s, w := range ways[n] {
		if math.Abs(float64(s)-mean) >= far-0.5 {
			tail += w
		}
	}
	return tail / total, 2/total < byChance
}

// PrintAgainst prints the rows of both runs, and what has changed.
func PrintAgainst(out io.Writer, before, now *Document) {
	for _, warning := range differences(before, now) {
		fmt.Fprintf(out, "Not the same: %s.\n", warning)
	}
	cells := [][]string{{"workload", "n", "before", "now", "change", "p", "rounds"}}
	changed, same, few := 0, 0, 0
	missing := []string{}
	for i := range now.Rows {
		r := &now.Rows[i]
		old := before.row(r)
		if old == nil {
			missing = append(missing, fmt.Sprintf("%s, n = %d, is new", r.Workload, r.Schedulers))
			continue
		}
		was, is := old.ratios(), r.ratios()
		if len(was) == 0 || len(is) == 0 {
			missing = append(missing, fmt.Sprintf("%s, n = %d, has no rounds on one side", r.Workload, r.Schedulers))
			continue
		}
		c := compare(was, is)
		verdict := "~"
		switch {
		case c.few:
			few++
			verdict = "few"
		case c.significant():
			changed++
			verdict = fmt.Sprintf("%+.0f %%", 100*(c.factor()-1))
		default:
			same++
		}
		p := "–"
		if !c.few {
			p = fmt.Sprintf("%.3f", c.p)
		}
		cells = append(cells, []string{r.Workload, fmt.Sprint(r.Schedulers), ratioText(c.before), ratioText(c.now), verdict, p,
			fmt.Sprintf("%d+%d", len(was), len(is))})
	}
	for i := range before.Rows {
		if r := &before.Rows[i]; now.row(r) == nil {
			missing = append(missing, fmt.Sprintf("%s, n = %d, was not run now", r.Workload, r.Schedulers))
		}
	}
	fmt.Fprintf(out, "\n%s\n", Render(cells))
	if len(missing) > 0 {
		fmt.Fprintf(out, "Not compared:\n%s\n\n", strings.Join(missing, "\n"))
	}
	fmt.Fprintf(out, "before, now: medians of the ratio of fibers to goroutines, below 1 fibers are\n"+
		"better. change: by how much, where the rounds differ so by chance less than once\n"+
		"in %.0f times (rank-sum test), and by %.0f %% at least. few: too few rounds on either\n"+
		"side to say so (five and five will do: -rounds).\n\n", 1/byChance, 100*leastChange)
	fmt.Fprintf(out, "%d rows have changed, %d have not, %d have too few rounds.\n", changed, same, few)
}

// row returns the row of doc that is comparable with r, or nil.
func (doc *Document) row(r *jsonRow) *jsonRow {
	for i := range doc.Rows {
		if o := &doc.Rows[i]; o.Suite == r.Suite && o.Workload == r.Workload && o.Schedulers == r.Schedulers && o.Unit == r.Unit && o.Better == r.Better {
			return o
		}
	}
	return nil
}

// differences says what makes two runs hard to compare.
func differences(before, now *Document) []string {
	var all []string
	note := func(what string, a, b any) {
		if a != b {
			all = append(all, fmt.Sprintf("%s (%v before, %v now)", what, a, b))
		}
	}
	a, b := before.Environment, now.Environment
	note("the version of Go", a.Go, b.Go)
	note("the system", a.System, b.System)
	note("the processor", a.CPU, b.CPU)
	note("the number of processors", a.CPUs, b.CPUs)
	note("how fibers change stacks", a.Switch, b.Switch)
	note("the sizes, by -quick", a.Quick, b.Quick)
	if before.Interrupted {
		all = append(all, "the run before was interrupted, and has not all rows")
	}
	if now.Interrupted {
		all = append(all, "this run was interrupted, and has not all rows")
	}
	return all
}
