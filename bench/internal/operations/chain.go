package operations

import (
	"fmt"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// The chain of Guile Fibers' benchmarks: a source, links that hand on what they
// get, and a sink.

func chainWorkloads() []*harness.Workload {
	var ws []*harness.Workload
	for _, links := range []int{10, 100} {
		ws = append(ws, row(fmt.Sprintf("chain/%d", links),
			fmt.Sprintf("values pass through %d parties from a source to a sink: time of one hop", links),
			[3]int{100_000, 20_000, 500},
			func(hops int) harness.Parties { return chainFibers(links, hops/(links+1)) },
			func(hops int) harness.Parties { return chainGoroutines(links, hops/(links+1)) }))
	}
	return ws
}

func chainFibers(links, n int) harness.Parties {
	got := make(harness.Sums, 1)
	t := harness.Parties{Ops: n * (links + 1), Check: got.Check(harness.UpTo(n))}
	in := cml.NewChan[int]()
	head := in
	t.Each = append(t.Each, func() {
		for i := range n {
			head.Put(i)
		}
	})
	for range links {
		from, to := in, cml.NewChan[int]()
		t.Each = append(t.Each, func() {
			for range n {
				to.Put(from.Get())
			}
		})
		in = to
	}
	t.Each = append(t.Each, func() {
		for range n {
			got[0].N += in.Get()
		}
	})
	return t
}

func chainGoroutines(links, n int) harness.Parties {
	got := make(harness.Sums, 1)
	t := harness.Parties{Ops: n * (links + 1), Check: got.Check(harness.UpTo(n))}
	in := make(chan int)
	head := in
	t.Each = append(t.Each, func() {
		for i := range n {
			head <- i
		}
	})
	for range links {
		from, to := in, make(chan int)
		t.Each = append(t.Each, func() {
			for range n {
				to <- <-from
			}
		})
		in = to
	}
	t.Each = append(t.Each, func() {
		for range n {
			got[0].N += <-in
		}
	})
	return t
}
