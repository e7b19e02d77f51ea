package main

import (
	"context"
	"time"
)

// What parties that wait cost in processor time: nothing, one would hope.

func idleWorkloads() []*workload {
	return []*workload{{
		suite: "idle",
		rows: []row{{name: "idle", unit: "ms CPU",
			about: "processor time of a process of 10 k waiting parties, in 10 s (-quick: 2 s)"}},
		single: true, apart: true,
		skip: func(context.Context) string {
			if processCPU() == 0 {
				return "the processor time of a process is not known on this system"
			}
			return ""
		},
		sides: both(func(p params, s side) errand {
			return errand{Kind: "idle", Side: s, Schedulers: p.schedulers, N: p.scale.of([3]int{10_000, 10_000, 100}), For: waiting(p)}
		}),
	}}
}

// settle is how long a process may take to come to rest.
const settle = 500 * time.Millisecond

// measureIdle is the errand of idle: milliseconds of processor time.
func measureIdle(e errand) (o outcome, err error) {
	c, err := gather(e.Side, e.Schedulers, e.N)
	if err != nil {
		return o, err
	}
	time.Sleep(min(settle, e.For))
	before := processCPU()
	time.Sleep(e.For)
	o.Value = float64(processCPU()-before) / 1e6
	if err = c.release(); err != nil {
		return o, err
	}
	return o, c.close()
}
