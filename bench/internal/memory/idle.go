package memory

import (
	"context"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// What parties that wait cost in processor time: nothing, one would hope.

// IdleWorkloads returns the suite idle.
func IdleWorkloads() []*harness.Workload {
	return []*harness.Workload{{
		Suite: "idle",
		Rows: []harness.Row{{Name: "idle", Unit: "ms CPU",
			About: "processor time of a process of 10 k waiting parties, in 10 s (-quick: 2 s)"}},
		Single: true, Apart: true, Budget: waitingBudget,
		Skip: func(context.Context) string {
			if harness.ProcessCPU() == 0 {
				return "the processor time of a process is not known on this system"
			}
			return ""
		},
		Sides: both(func(p harness.Params, s harness.Side) harness.Errand {
			return harness.Errand{Kind: "idle", Side: s, Schedulers: p.Schedulers, N: p.Scale.Of([3]int{10_000, 10_000, 100}), For: waiting(p)}
		}),
	}}
}

// settle is how long a process may take to come to rest.
const settle = 500 * time.Millisecond

// measureIdle is the errand of idle: milliseconds of processor time.
func measureIdle(e harness.Errand) (o harness.Outcome, err error) {
	c, err := gather(e.Side, e.Schedulers, e.N)
	if err != nil {
		return o, err
	}
	time.Sleep(min(settle, e.For))
	before := harness.ProcessCPU()
	time.Sleep(e.For)
	o.Value = float64(harness.ProcessCPU()-before) / 1e6
	if err = c.release(); err != nil {
		return o, err
	}
	return o, c.close()
}
