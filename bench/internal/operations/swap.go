package operations

import (
	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// Two parties exchange values; neither knows whether it is first.

func swapWorkloads() []*harness.Workload {
	return []*harness.Workload{row("swap", "two parties exchange values in one place: time of an exchange",
		[3]int{50_000, 10_000, 50}, swapFibers, swapGoroutines)}
}

func swapFibers(n int) harness.Parties {
	place := cml.NewSwap[int]()
	return swappers(n, func() func(int) int { return place.Swap })
}

// A bid is one party's half of an exchange: its value, and where it wants the
// other one.
type bid struct {
	value int
	reply chan int
}

// swapGoroutines does it with a channel for all and one of each party's own: who
// gets to send a bid waits for the answer, who receives one answers.
func swapGoroutines(n int) harness.Parties {
	place := make(chan bid)
	return swappers(n, func() func(int) int {
		mine := make(chan int, 1)
		return func(v int) int {
			select {
			case place <- bid{v, mine}:
				return <-mine
			case b := <-place:
				b.reply <- v
				return b.value
			}
		}
	})
}

// swappers makes two parties that exchange n times; swapper returns the function
// of each of them.
func swappers(n int, swapper func() func(int) int) harness.Parties {
	got := make(harness.Sums, 2)
	t := harness.Parties{Ops: n, Check: func() error {
		// The one has all that the other one gave.
		if err := harness.Verify("the sum of the first party", got[0].N, harness.UpTo(n)+n*n); err != nil {
			return err
		}
		return harness.Verify("the sum of the second party", got[1].N, harness.UpTo(n))
	}}
	for i := range 2 {
		swap := swapper()
		t.Each = append(t.Each, func() {
			for k := range n {
				got[i].N += swap(i*n + k)
			}
		})
	}
	return t
}
