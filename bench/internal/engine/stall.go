package engine

import (
	"context"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Every scheduler has a party that computes for long and calls nothing. How long
// does one more wait until it runs?

func stallWorkloads() []*harness.Workload {
	return []*harness.Workload{{
		Suite: "fair",
		Rows: []harness.Row{{Name: "stall", Unit: "ms",
			About: "delay of one party while every scheduler computes for 50 ms: the longest of 3 tries"}},
		Budget: 1500 * time.Millisecond,
		Sides:  [harness.Sides]harness.Run{stallFibers, stallGoroutines},
	}}
}

// steps returns how many steps of compute take d.
func steps(d time.Duration) int {
	const trial = 1 << 20
	best := time.Hour
	for i := range uint64(3) { // the fastest: the others were interrupted
		t := time.Now()
		sink.Store(harness.Compute(i, trial))
		best = min(best, time.Since(t))
	}
	return int(float64(trial) * float64(d) / float64(max(best, 1)))
}

var sink stdatomic.Uint64 // where results go that nobody wants

// hogs is one try: as many parties that compute as there are schedulers.
type hogs struct {
	n, steps int
	here     stdatomic.Int64 // how many compute
	results  []uint64
	delay    time.Duration // of the probe
	probes   stdatomic.Int64
}

func newHogs(n, steps int) *hogs { return &hogs{n: n, steps: steps, results: make([]uint64, n)} }

// hog is the life of party i. The last to come, which finds every scheduler
// taken, spawns the probe.
func (h *hogs) hog(i int, spawn func(probe func())) {
	if int(h.here.Add(1)) == h.n {
		t := time.Now()
		spawn(func() {
			h.delay = time.Since(t)
			h.probes.Add(1)
		})
	} else {
		for int(h.here.Load()) < h.n {
		}
	}
	h.results[i] = harness.Compute(uint64(i), h.steps)
}

func (h *hogs) verify() error {
	for i, x := range h.results {
		if err := harness.Verify("what a hog computed", x, harness.Computed(uint64(i), h.steps)); err != nil {
			return err
		}
	}
	return harness.Verify("number of probes that ran", h.probes.Load(), 1)
}

// stall makes the tries; once makes one, and waits for its end.
func stall(p harness.Params, once func(h *hogs)) (harness.Sample, error) {
	steps := steps(time.Duration(p.Scale.Of([3]int{50, 25, 5})) * time.Millisecond)
	longest, all := time.Duration(0), time.Duration(0)
	const tries = 3
	for range tries {
		h := newHogs(p.Schedulers, steps)
		once(h)
		if err := h.verify(); err != nil {
			return harness.Sample{}, err
		}
		longest = max(longest, h.delay)
		all += h.delay
	}
	ms := float64(time.Millisecond)
	return harness.Sample{Values: []float64{float64(longest) / ms}, Extra: map[string]float64{"mean": float64(all) / tries / ms}}, nil
}

func stallFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	var failed error
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
		s, failed = stall(p, func(h *hogs) {
			var end cml.WaitGroup
			for i := range h.n {
				end.Go(func() {
					h.hog(i, func(probe func()) { end.Go(probe) })
				})
			}
			end.Wait()
		})
	})
	if err != nil {
		return s, err
	}
	return s, failed
}

func stallGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	return stall(p, func(h *hogs) {
		var end sync.WaitGroup
		for i := range h.n {
			end.Go(func() {
				h.hog(i, func(probe func()) { end.Go(probe) })
			})
		}
		end.Wait()
	})
}
