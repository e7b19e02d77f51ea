package operations

import (
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A stream of values whose getter would not wait for longer than some time.

// patience is that time: no run takes so long.
const patience = time.Minute

// tooLate is what the getter makes of it if it does.
const tooLate = -1

func timeoutWorkloads() []*harness.Workload {
	sizes := [3]int{50_000, 10_000, 50}
	return []*harness.Workload{
		row("timeout/timer", "a stream of values, the getter of which has a time-out each time, prepared beforehand: time of one value", sizes,
			func(n int) harness.Parties {
				x := cml.NewChan[int]()
				op := cml.Choice(x.GetOp(), cml.Wrap(fibers.After(patience), func(time.Time) int { return tooLate }))
				return stream(n, x.Put, func() int { return cml.Perform(op) })
			},
			func(n int) harness.Parties {
				x := make(chan int)
				t := time.NewTimer(patience)
				return stream(n, func(v int) { x <- v }, func() int {
					t.Reset(patience)
					select {
					case v := <-x:
						return v
					case <-t.C:
						return tooLate
					}
				})
			}),
		row("timeout/after", "the same with a time-out made anew each time: time of one value", sizes,
			func(n int) harness.Parties {
				x := cml.NewChan[int]()
				op := x.GetOp()
				return stream(n, x.Put, func() int {
					return inTime(fibers.PerformTimeout(op, patience))
				})
			},
			func(n int) harness.Parties {
				x := make(chan int)
				return stream(n, func(v int) { x <- v }, func() int {
					select {
					case v := <-x:
						return v
					case <-time.After(patience):
						return tooLate
					}
				})
			}),
		row("timeout/crowd", "so many getters of one channel, each with a time-out made for it, and one who puts: time of one value",
			[3]int{10_000, 10_000, 50},
			func(n int) harness.Parties {
				x := cml.NewChan[int]()
				op := x.GetOp()
				return crowded(n, x.Put, func() int {
					return inTime(fibers.PerformTimeout(op, patience))
				})
			},
			func(n int) harness.Parties {
				x := make(chan int)
				return crowded(n, func(v int) { x <- v }, func() int {
					t := time.NewTimer(patience)
					defer t.Stop()
					select {
					case v := <-x:
						return v
					case <-t.C:
						return tooLate
					}
				})
			}),
	}
}

// inTime returns v, or tooLate.
func inTime(v int, ok bool) int {
	if !ok {
		return tooLate
	}
	return v
}

// crowded is one party that puts n values and n others that get one each.
func crowded(n int, put func(v int), get func() int) harness.Parties {
	got := make(harness.Sums, n)
	parties := make([]func(), 0, n+1)
	for i := range n {
		parties = append(parties, func() { got[i].N = get() })
	}
	parties = append(parties, func() {
		for v := range n {
			put(v)
		}
	})
	return harness.Parties{Each: parties, Ops: n, Check: got.Check(harness.UpTo(n))}
}
