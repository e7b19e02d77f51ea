package harness

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// A Selection is what to run.
type Selection struct {
	Suites     []string // empty: all
	Match      *regexp.Regexp
	Schedulers []int // in order
	Everything bool  // neither a suite nor rows were asked for
}

// Choose returns the blocks to run, or an error that says why there is none.
func Choose(ws []*Workload, o Selection) ([]*Block, error) {
	var blocks []*Block
	most, matched, needs := o.Schedulers[len(o.Schedulers)-1], false, 0
	for _, w := range ws {
		if len(o.Suites) > 0 && !slices.Contains(o.Suites, w.Suite) || w.OnDemand && o.Everything {
			continue
		}
		b := &Block{workload: w}
		for i, row := range w.Rows {
			if o.Match.MatchString(row.Name) {
				b.rows = append(b.rows, i)
			}
		}
		if len(b.rows) == 0 {
			continue
		}
		matched = true
		if w.Exactly > 0 {
			b.results = append(b.results, &Result{Schedulers: w.Exactly})
		}
		for _, n := range o.Schedulers {
			if w.Exactly == 0 && n >= w.Least && (!w.Single || n == most) {
				b.results = append(b.results, &Result{Schedulers: n})
			}
		}
		if len(b.results) > 0 {
			blocks = append(blocks, b)
		} else {
			needs = w.Least
		}
	}
	switch {
	case len(blocks) > 0:
		return blocks, nil
	case matched:
		return nil, fmt.Errorf("nothing to run: the row needs at least %d schedulers", needs)
	}
	if len(o.Suites) == 0 {
		return nil, fmt.Errorf("no row matches -run %q", o.Match)
	}
	return nil, fmt.Errorf("no row of suite %s matches -run %q", strings.Join(o.Suites, ", "), o.Match)
}

// List prints the rows and what they measure.
func List(out io.Writer, blocks []*Block) {
	for _, b := range blocks {
		for _, i := range b.rows {
			row := b.workload.Rows[i]
			fmt.Fprintf(out, "%-10s %-18s %-6s %s\n", b.workload.Suite, row.Name, row.Unit, row.About)
		}
	}
}
