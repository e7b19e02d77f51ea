package memory

import (
	"context"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// What parties that wait cost in processor time: nothing, one would hope.

// IdleWorkloads returns the suite idle.
func IdleWorkloads() []*harness.Workload {
	return []*harness.Workload{
		idleRow("idle", "ms CPU", "processor time of a process of 10 k waiting parties, in 10 s (-quick: 2 s)", "idle", [3]int{10_000, 10_000, 100}),
		idleRow("idle/timer", "ms CPU/s", "processor time a second, of a process of 1000 waiting parties and one that sleeps 100 ms again and again",
			"ticking", [3]int{1000, 1000, 100}),
	}
}

// idleRow makes a workload of a child task whose process waits.
func idleRow(name, unit, about, kind string, parties [3]int) *harness.Workload {
	return &harness.Workload{
		Suite:  "idle",
		Rows:   []harness.Row{{Name: name, Unit: unit, About: about}},
		Single: true, Apart: true, Budget: waitingBudget,
		Skip: func(context.Context) string {
			if harness.ProcessCPU() == 0 {
				return "the processor time of a process is not known on this system"
			}
			return ""
		},
		Sides: both(func(p harness.Params, s harness.Side) harness.ChildTask {
			return harness.ChildTask{Kind: kind, Side: s, Schedulers: p.Schedulers, N: p.Scale.Of(parties), For: waiting(p)}
		}),
	}
}

// settle is how long a process may take to come to rest.
const settle = 500 * time.Millisecond

// measureIdle is the child task of idle: milliseconds of processor time.
func measureIdle(e harness.ChildTask) (o harness.Outcome, err error) {
	c, err := gather(e.Side, e.Schedulers, e.N, false)
	if err != nil {
		return o, err
	}
	o.Value = float64(rest(e)) / 1e6
	if err = c.release(); err != nil {
		return o, err
	}
	return o, c.close()
}

// rest lets the process settle, waits, and returns the processor time that this took.
func rest(e harness.ChildTask) time.Duration {
	time.Sleep(min(settle, e.For))
	before := harness.ProcessCPU()
	time.Sleep(e.For)
	return harness.ProcessCPU() - before
}

// period is the time between two wake-ups of the party of idle/timer.
const period = 100 * time.Millisecond

// measureTicking is the child task of idle/timer: milliseconds of processor time a second.
func measureTicking(e harness.ChildTask) (o harness.Outcome, err error) {
	c, err := gather(e.Side, e.Schedulers, e.N, false)
	if err != nil {
		return o, err
	}
	var stop atomic.Bool
	ticks, gone := atomic.Int64{}, make(chan struct{})
	c.spawn(func(sleep func(time.Duration)) {
		defer close(gone)
		for !stop.Load() {
			sleep(period)
			ticks.Inc()
		}
	})
	used := rest(e)
	o.Value = float64(used) / 1e6 / e.For.Seconds()
	stop.Store(true)
	<-gone
	o.Extra = map[string]float64{"ticks": float64(ticks.Load())}
	if err = c.release(); err != nil {
		return o, err
	}
	return o, c.close()
}
