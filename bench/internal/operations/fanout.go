package operations

import (
	"fmt"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// The fan-out of Guile Fibers' benchmarks: one party puts, many get.

func fanoutWorkloads() []*harness.Workload {
	var ws []*harness.Workload
	for _, degree := range []int{10, 100} {
		ws = append(ws, row(fmt.Sprintf("fanout/%d", degree),
			fmt.Sprintf("one party puts on a channel from which %d get: time of one value", degree),
			[3]int{100_000, 20_000, 300},
			func(n int) harness.Parties { return fanoutFibers(degree, n) },
			func(n int) harness.Parties { return fanoutGoroutines(degree, n) }))
	}
	return ws
}

func fanoutFibers(degree, n int) harness.Parties {
	ch, got := cml.NewChan[int](), make(harness.Sums, degree)
	t := harness.Parties{Ops: n, Check: got.Check(harness.UpTo(n))}
	t.Each = append(t.Each, func() {
		for i := range n {
			ch.Put(i)
		}
		for range degree {
			ch.Put(enough)
		}
	})
	for d := range degree {
		t.Each = append(t.Each, func() {
			for v := ch.Get(); v != enough; v = ch.Get() {
				got[d].N += v
			}
		})
	}
	return t
}

func fanoutGoroutines(degree, n int) harness.Parties {
	ch, got := make(chan int), make(harness.Sums, degree)
	t := harness.Parties{Ops: n, Check: got.Check(harness.UpTo(n))}
	t.Each = append(t.Each, func() {
		for i := range n {
			ch <- i
		}
		for range degree {
			ch <- enough
		}
	})
	for d := range degree {
		t.Each = append(t.Each, func() {
			for v := <-ch; v != enough; v = <-ch {
				got[d].N += v
			}
		})
	}
	return t
}
