package main

import (
	"context"
	"slices"
	"time"
)

// side is whose turn it is.
type side int

const (
	onFibers side = iota
	onGoroutines
	sides
)

func (s side) String() string {
	if s == onFibers {
		return "fibers"
	}
	return "goroutines"
}

// scale is how much work a workload does.
type scale int

const (
	full  scale = iota
	small       // -quick
	tiny        // tests
)

// of picks the size for a scale.
func (s scale) of(sizes [3]int) int { return sizes[s] }

// params are what one run is given.
type params struct {
	scale      scale
	schedulers int // and GOMAXPROCS
}

// row is a line of the table, for each number of schedulers.
type row struct {
	name  string
	unit  string
	about string
	more  bool // more is better: the ratio is goroutines / fibers
}

// A workload is one program, written for both sides. One run of it gives a
// value for each of its rows.
type workload struct {
	suite string
	rows  []row
	sides [sides]func(ctx context.Context, p params) (sample, error)

	least    int  // schedulers it needs
	single   bool // run with the largest number of schedulers alone
	exactly  int  // if not 0: run with this number of schedulers alone, whatever is asked for
	optional bool // left out when the run is late
	onDemand bool // too long for the minute: run when its suite or its name is asked for
	apart    bool // its runs wait more than they work, in processes of their own: all such run at once, at the end

	budget time.Duration // its share of the minute, over all numbers of schedulers
	rounds int           // at least

	speedup bool                             // show how much faster it is than on one scheduler
	note    func(r *result) string           // may be nil
	skip    func(ctx context.Context) string // why it cannot run here, or ""; may be nil
}

// registry returns all workloads, in the order in which they run.
func registry(sc scale) []*workload {
	all := slices.Concat(
		yieldWorkloads(),
		spawnWorkloads(),
		wakeWorkloads(),
		stallWorkloads(),
		citizenWorkloads(),
		treeWorkloads(),
		skynetWorkloads(sc),
		forkjoinWorkloads(),
		timerWorkloads(),
		cmlWorkloads(),
		memoryWorkloads(sc),
		netioWorkloads(sc),
		lineWorkloads(),
		borderWorkloads(),
		idleWorkloads(),
	)
	if sc != full {
		for _, w := range all {
			w.budget /= 6
			w.rounds = min(w.rounds, 2)
		}
	}
	return all
}

// suiteNames returns the suites in the order of the registry.
func suiteNames() []string {
	var names []string
	for _, w := range registry(full) {
		if !slices.Contains(names, w.suite) {
			names = append(names, w.suite)
		}
	}
	return names
}
