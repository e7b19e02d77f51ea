package harness

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The report of -html: one page with all that it needs in it, for a screen in light or dark,
// or for paper. The plots are a few lines, circles and words each, so they are written
// here: a library for plots would be one for all who import the module.

//go:embed report.html
var reportText string

var reportTemplate = template.Must(template.New("report").Parse(reportText))

// A Report is what the page shows.
type Report struct {
	Date, Machine, Command, Score string
	Interrupted                   bool
	Suites                        []suiteView
	Speedups                      []speedupView
	Skipped                       []string
	Axis                          []tick
	Width, Left, Right, One       float64
}

type suiteView struct {
	Name   string
	Height float64
	Rows   []rowView
}

// rowView is a row of a plot of ratios: the median, and the quartiles if they are known.
type rowView struct {
	Y, Low, X, High float64
	Spread          bool
	Beyond          string // an arrow, where the ratio is off the axis
	Class           string // of the verdict
	Name, Ratio     string
	Title           string
}

type speedupView struct {
	Name               string
	N                  int
	Fibers, Goroutines string
	F, G               float64 // in percent of n
}

type tick struct {
	X    float64
	Text string
}

const (
	plotWidth  = 760.0
	plotLeft   = 190.0
	plotRight  = 700.0
	rowHeight  = 18.0
	widest     = 16.0 // the ratio at the right end; at the left end it is the inverse
	headHeight = 24.0
)

// at returns where a ratio is: the axis is logarithmic.
func at(ratio float64) float64 {
	x := math.Log2(min(max(ratio, 1/widest), widest)) / math.Log2(widest)
	return plotLeft + (plotRight-plotLeft)*(x+1)/2
}

// NewReport returns what a page shows of a run with these arguments.
func NewReport(env Environment, lines []Line, interrupted bool, args []string) *Report {
	r := &Report{
		Date: time.Now().Format("2 January 2006, 15:04 MST"), Machine: env.String(),
		Command: strings.TrimSpace("go run ./bench " + strings.Join(args, " ")), Score: score(lines),
		Interrupted: interrupted, Width: plotWidth, Left: plotLeft, Right: plotRight, One: at(1),
	}
	for _, x := range []float64{1 / 16.0, 1 / 4.0, 1 / 2.0, 1, 2, 4, 16} {
		text := fmt.Sprint(x)
		if x < 1 {
			text = fmt.Sprintf("1/%.0f", 1/x)
		}
		r.Axis = append(r.Axis, tick{at(x), text})
	}
	for _, l := range lines {
		name := fmt.Sprintf("%s, n = %d", l.row.Name, l.schedulers)
		if l.skipped != "" {
			r.Skipped = append(r.Skipped, name+": "+l.skipped)
			continue
		}
		if len(l.pairs) == 0 || math.IsNaN(l.ratio.median) {
			continue
		}
		i := slices.IndexFunc(r.Suites, func(s suiteView) bool { return s.Name == l.workload.Suite })
		if i < 0 { // the rows of a suite need not be together
			i = len(r.Suites)
			r.Suites = append(r.Suites, suiteView{Name: l.workload.Suite, Height: headHeight + rowHeight})
		}
		s := &r.Suites[i]
		cells := l.cells()
		s.Rows = append(s.Rows, rowView{
			Y: headHeight + rowHeight*(float64(len(s.Rows))+0.5), Low: at(l.ratio.low), X: at(l.ratio.median), High: at(l.ratio.high),
			Spread: len(l.pairs) >= fewRounds, Class: [...]string{"undecided", "wins", "loses"}[l.verdict()],
			Name: name, Ratio: cells[5],
			Title: fmt.Sprintf("%s: %s\nfibers %s, goroutines %s %s; ratio %s (%s), %s rounds", name, l.row.About, cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]),
		})
		if x := l.ratio.median; x > widest {
			s.Rows[len(s.Rows)-1].Beyond = "▸"
		} else if x < 1/widest {
			s.Rows[len(s.Rows)-1].Beyond = "◂"
		}
		s.Height += rowHeight
		if f, g := l.speedups[OnFibers], l.speedups[OnGoroutines]; l.workload.Speedup && !math.IsNaN(f) && !math.IsNaN(g) {
			n := float64(l.schedulers)
			r.Speedups = append(r.Speedups, speedupView{l.row.Name, l.schedulers, fmt.Sprintf("%.2f", f), fmt.Sprintf("%.2f", g),
				min(100*f/n, 100), min(100*g/n, 100)})
		}
	}
	return r
}

func printHTML(out io.Writer, r *Report) error { return reportTemplate.Execute(out, r) }

// A Page is the file of a report.
type Page struct{ name string }

// NewPage finds out whether a report can be written to a file, and leaves nothing there.
func NewPage(name string) (*Page, error) {
	p := &Page{name}
	f, err := p.draft()
	if err != nil {
		return nil, err
	}
	return p, errors.Join(f.Close(), os.Remove(f.Name()))
}

// draft makes a file beside the page, which takes its place when it is whole.
func (p *Page) draft() (*os.File, error) {
	switch info, err := os.Stat(p.name); {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory", p.name)
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file that can be replaced", p.name)
	}
	f, err := os.CreateTemp(filepath.Dir(p.name), ".report-*.html")
	if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
		err = fmt.Errorf("%s: %w", p.name, pathError.Err) // not the name of the draft
	}
	return f, err
}

// Finish writes the report and puts the page in its place.
func (p *Page) Finish(r *Report) error {
	f, err := p.draft()
	if err != nil {
		return err
	}
	err = errors.Join(printHTML(f, r), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), p.name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
