package operations

import (
	"fmt"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// One party puts, the other gets by a choice: among channels of which but one is
// used.
//
// A ping-pong would not do for such rows. There one party or the other is always
// the first to come, on one scheduler to the end of the run, and which one it is
// is chance: so either all choices wait, or none does. In a stream both happen.

func selectWorkloads() []*harness.Workload {
	var ws []*harness.Workload
	for _, arms := range []int{2, 3, 8} {
		ws = append(ws, row(fmt.Sprintf("select/%d", arms),
			fmt.Sprintf("a stream of values, the getter of which chooses among %d channels, one in use: time of one value", arms),
			[3]int{50_000, 10_000, 50},
			func(n int) harness.Parties {
				x := cml.NewChan[int]()
				ops := []cml.Op[int]{x.GetOp()}
				for len(ops) < arms {
					ops = append(ops, cml.NewChan[int]().GetOp())
				}
				op := cml.Choice(ops...)
				return stream(n, x.Put, func() int { return cml.Perform(op) })
			},
			func(n int) harness.Parties {
				x := make(chan int)
				return stream(n, func(v int) { x <- v }, selecter(arms, x))
			}))
	}
	return append(ws, row("select/in-place",
		"a stream of values, the getter of which chooses among 3 channels, one in use, by a Select written in its loop: time of one value",
		[3]int{50_000, 10_000, 50}, inPlaceFibers, func(n int) harness.Parties {
			x := make(chan int)
			return stream(n, func(v int) { x <- v }, selecter(3, x))
		}))
}

// inPlaceFibers has everything made anew for each value.
func inPlaceFibers(n int) harness.Parties {
	x, y, z := cml.NewChan[int](), cml.NewChan[int](), cml.NewChan[int]()
	return stream(n, x.Put, func() (got int) {
		cml.Select(
			cml.On(x.GetOp(), func(v int) { got = v }),
			cml.On(y.GetOp(), func(v int) { got = -v }),
			cml.On(z.GetOp(), func(v int) { got = -v }),
		)
		return got
	})
}

// stream is two parties: the one puts n values, the other gets them.
func stream(n int, put func(v int), get func() int) harness.Parties {
	got := make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){
			func() {
				for i := range n {
					put(i)
				}
			},
			func() {
				for range n {
					got[0].N += get()
				}
			},
		},
		Ops: n, Check: got.Check(harness.UpTo(n)),
	}
}

// selecter returns a select of x and other channels.
func selecter(arms int, x chan int) func() int {
	var z [7]chan int
	for i := range z {
		z[i] = make(chan int)
	}
	switch arms {
	case 2:
		return func() (v int) {
			select {
			case v = <-x:
			case v = <-z[0]:
			}
			return v
		}
	case 3:
		return func() (v int) {
			select {
			case v = <-x:
			case v = <-z[0]:
			case v = <-z[1]:
			}
			return v
		}
	}
	return func() (v int) {
		select {
		case v = <-x:
		case v = <-z[0]:
		case v = <-z[1]:
		case v = <-z[2]:
		case v = <-z[3]:
		case v = <-z[4]:
		case v = <-z[5]:
		case v = <-z[6]:
		}
		return v
	}
}
