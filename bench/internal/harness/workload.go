// Package harness runs the benchmark's workloads, and prints what they gave.
//
// A workload is one program, written for both sides, in one of the packages beside this one.
//
//	workload.go   what a workload says of itself
//	choose.go     which ones run
//	run.go        rounds: who runs when; schedule.go: which rows have how many
//	meter.go      what is measured of one run; cpu_*.go, rss_*.go: by the system
//	parties.go    runs whose parties begin at once
//	compute.go    computing with a known answer
//	child.go      runs in processes of their own
//	stats.go      medians and ratios
//	table.go      the table; json.go: the same for machines; goformat.go: for benchstat
//	html.go       the report, with report.html
//	against.go    what has changed since a run that was kept
//	progress.go   what is said meanwhile; environment.go: where it ran
package harness

import (
	"context"
	"slices"
	"time"
)

// Side is whose turn it is.
type Side int

const (
	OnFibers Side = iota
	OnGoroutines
	Sides
)

func (s Side) String() string {
	if s == OnFibers {
		return "fibers"
	}
	return "goroutines"
}

// Scale is how much work a workload does.
type Scale int

const (
	Full  Scale = iota
	Small       // -quick
	Tiny        // tests
)

// Of picks the size for a scale.
func (s Scale) Of(sizes [3]int) int { return sizes[s] }

// Params are what one run is given.
type Params struct {
	Scale      Scale
	Schedulers int // and GOMAXPROCS
}

// Row is a line of the table, for each number of schedulers.
type Row struct {
	Name  string
	Unit  string
	About string
	More  bool // more is better: the ratio is goroutines / fibers
}

// A Run runs a workload on one side, once.
type Run = func(ctx context.Context, p Params) (Sample, error)

// A Workload is one program, written for both sides. One run of it gives a
// value for each of its rows.
type Workload struct {
	Suite string
	Rows  []Row
	Sides [Sides]Run

	Least    int  // schedulers it needs
	Single   bool // run with the largest number of schedulers alone
	Exactly  int  // if not 0: run with this number of schedulers alone, whatever is asked for
	Optional bool // left out when the run is late
	OnDemand bool // too long for the minute: run when its suite or its name is asked for
	Apart    bool // its runs wait more than they work, in processes of their own: all such run at once
	Last     bool // so many parties that what Go keeps of them would change what comes after: run at the end

	Budget time.Duration // what it adds to the time of the run; of those apart, the largest counts

	Speedup bool                             // show how much faster it is than on one scheduler
	Note    func(r *Result) string           // may be nil
	Skip    func(ctx context.Context) string // why it cannot run here, or ""; may be nil
}

// Shrink gives less time to the workloads of a scale that is not full.
func Shrink(ws []*Workload, sc Scale) {
	if sc == Full {
		return
	}
	for _, w := range ws {
		w.Budget /= 6
	}
}

// Suites returns the names of the suites of ws, in their order.
func Suites(ws []*Workload) []string {
	var names []string
	for _, w := range ws {
		if !slices.Contains(names, w.Suite) {
			names = append(names, w.Suite)
		}
	}
	return names
}
