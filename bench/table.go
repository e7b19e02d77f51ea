package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// printTable prints the result for people.
func printTable(out io.Writer, env environment, lines []line) {
	fmt.Fprintf(out, "%s\n\n", env)
	cells := [][]string{{"workload", "schedulers", "fibers", "goroutines", "unit", "ratio", "spread", "cpu", "note"}}
	for _, l := range lines {
		cells = append(cells, l.cells())
	}
	fmt.Fprint(out, render(cells))
	fmt.Fprintf(out, "\nratio: fibers to goroutines, the median over the rounds, each of which ran both; below 1, fibers are better\n"+
		"(where more is better, marked ↑, it is goroutines to fibers). spread: the quartiles of the ratio.\n"+
		"cpu: the same ratio of the processor time of the process, which other programs on the machine disturb less. See bench/README.md.\n")
}

// cells returns the columns of the table.
func (l line) cells() []string {
	unit := l.row.unit
	if l.row.more {
		unit += " ↑"
	}
	cells := []string{l.row.name, fmt.Sprint(l.schedulers)}
	if len(l.pairs) == 0 {
		return append(cells, "–", "–", unit, "–", "–", "–", "skipped: "+l.skipped)
	}
	return append(cells,
		figure(l.values[onFibers].median), figure(l.values[onGoroutines].median), unit,
		ratioText(l.ratio.median), ratioText(l.ratio.low)+"–"+ratioText(l.ratio.high), ratioText(l.cpu), l.note)
}

// noteOf returns the last column.
func noteOf(l line, w *workload, res *result) string {
	var notes []string
	if w.speedup && !math.IsNaN(l.speedups[onFibers]) {
		notes = append(notes, fmt.Sprintf("speed-up %.2f (goroutines %.2f)", l.speedups[onFibers], l.speedups[onGoroutines]))
	}
	if w.note != nil && len(res.pairs) > 0 {
		if n := w.note(res); n != "" {
			notes = append(notes, n)
		}
	}
	return strings.Join(notes, "; ")
}

// figure writes a value with about three digits.
func figure(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case a >= 100 || x == 0:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func ratioText(x float64) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case x < 0.1:
		return fmt.Sprintf("%.3f", x)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.1f", x)
}

// leftColumns are those of words; the others hold numbers.
var leftColumns = map[int]bool{0: true, 4: true, 8: true}

// render lays out a table, the first row of which is the heading.
func render(cells [][]string) string {
	var widths []int
	for _, line := range cells {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	write := func(line []string) {
		var text strings.Builder
		for i, c := range line {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if leftColumns[i] {
				text.WriteString(c + gap + "  ")
			} else {
				text.WriteString(gap + c + "  ")
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	for i, line := range cells {
		write(line)
		if i == 0 {
			var rule []string
			for _, w := range widths {
				rule = append(rule, strings.Repeat("─", w))
			}
			write(rule)
		}
	}
	return b.String()
}
