package harness

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// fewRounds is how many rounds say how wide a ratio is spread.
const fewRounds = 3

// PrintTable prints the result for people: in 80 columns, with what there is to say of rows
// below it, or wide.
func PrintTable(out io.Writer, env Environment, lines []Line, wide bool) {
	fmt.Fprintf(out, "%s\n\n", env)
	heading := []string{"workload", "n", "fibers", "goroutines", "unit", "ratio", "spread", "rounds"}
	if wide {
		heading = append(heading, "cpu", "note")
	}
	cells := [][]string{heading}
	var notes []remark
	for _, l := range lines {
		row := l.cells()
		note := l.note
		if l.skipped != "" {
			note = "skipped: " + l.skipped
		}
		if wide {
			row = append(row, ratioText(l.cpu), note)
		} else if note != "" {
			notes = add(notes, l, note)
		}
		cells = append(cells, row)
	}
	fmt.Fprint(out, Render(cells))
	if len(notes) > 0 {
		fmt.Fprintln(out)
	}
	for _, r := range notes {
		fmt.Fprint(out, wrap(fmt.Sprintf("%s, n = %d: %s", strings.Join(r.rows, ", "), r.schedulers, r.text)))
	}
	fmt.Fprintf(out, "\nn: schedulers, and processors of either side. ratio: fibers to goroutines, the\n"+
		"median over the rounds, each of which ran both; below 1 fibers are better (where\n"+
		"more is better, marked ↑, it is goroutines to fibers). So it need not be the\n"+
		"ratio of the two figures, medians too. spread: the quartiles of the ratio, from\n"+
		"three rounds on; a row in which that has 1 in it, or of fewer rounds, is\n"+
		"undecided.\n")
	if wide {
		fmt.Fprint(out, "cpu: the same ratio of the processor time of the process, which others disturb\nless.\n")
	}
	fmt.Fprintf(out, "See bench/README.md.\n\n%s\n", score(lines))
}

// A remark is a note on rows.
type remark struct {
	rows       []string
	schedulers int
	text       string
}

// add adds a note, to one before if it is the same.
func add(notes []remark, l Line, text string) []remark {
	for i := range notes {
		if r := &notes[i]; r.text == text && r.schedulers == l.schedulers {
			r.rows = append(r.rows, l.row.Name)
			return notes
		}
	}
	return append(notes, remark{[]string{l.row.Name}, l.schedulers, text})
}

// A verdict is what a row says of the two sides.
type verdict int

const (
	undecided verdict = iota
	wins              // of fibers: three quarters of the rounds, at least
	loses
)

func (l Line) verdict() verdict {
	switch {
	case len(l.pairs) < fewRounds:
		return undecided
	case l.ratio.high < 1:
		return wins
	case l.ratio.low > 1:
		return loses
	}
	return undecided
}

// score says how many rows each side wins.
func score(lines []Line) string {
	var n [3]int
	for _, l := range lines {
		if len(l.pairs) > 0 {
			n[l.verdict()]++
		}
	}
	return fmt.Sprintf("Fibers win %d rows and lose %d; %d are undecided.", n[wins], n[loses], n[undecided])
}

// cells returns the columns of both tables.
func (l Line) cells() []string {
	unit := l.row.Unit
	if l.row.More {
		unit += " ↑"
	}
	cells := []string{l.row.Name, fmt.Sprint(l.schedulers)}
	if len(l.pairs) == 0 {
		return append(cells, "–", "–", unit, "–", "–", "–")
	}
	spread := "–"
	if len(l.pairs) >= fewRounds {
		spread = ratioText(l.ratio.low) + "–" + ratioText(l.ratio.high)
	}
	return append(cells,
		Figure(l.values[OnFibers].median), Figure(l.values[OnGoroutines].median), unit,
		ratioText(l.ratio.median), spread, fmt.Sprint(len(l.pairs)))
}

// noteOf returns the last column.
func noteOf(l Line, w *Workload, res *Result) string {
	var notes []string
	if w.Speedup && !math.IsNaN(l.speedups[OnFibers]) {
		notes = append(notes, fmt.Sprintf("speed-up %.2f (goroutines %.2f)", l.speedups[OnFibers], l.speedups[OnGoroutines]))
	}
	if n := figuresNote(l); n != "" {
		notes = append(notes, n)
	}
	if w.Note != nil && len(res.Pairs) > 0 {
		if n := w.Note(res); n != "" {
			notes = append(notes, n)
		}
	}
	return strings.Join(notes, "; ")
}

// figuresNote explains a row whose two figures say that one side is better, and whose ratio says
// that it is the other.
func figuresNote(l Line) string {
	const near = 1.02
	q := ratio(l.values[OnFibers].median, l.values[OnGoroutines].median)
	if l.row.More {
		q = 1 / q
	}
	x := l.ratio.median
	if !(q > near && x < 1/near || q < 1/near && x > near) {
		return ""
	}
	return fmt.Sprintf("the ratio of the two figures is %s: the rounds differ among themselves, and within most of them it is on the other side of 1", ratioText(q))
}

// wrap breaks a text into lines of at most 80 columns, all but the first of which are indented.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > 80:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String() + "\n"
}

// Figure writes a value with about three digits.
func Figure(x float64) string {
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
var leftColumns = map[int]bool{0: true, 4: true, 9: true}

// Render lays out a table, the first row of which is the heading.
func Render(cells [][]string) string {
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
