package main

import (
	"fmt"

	"github.com/seed222ee791/fibers/cml"
)

// The chain of Guile Fibers' benchmarks: a source, links that hand on what they
// get, and a sink.

func chainWorkloads() []*workload {
	var ws []*workload
	for _, links := range []int{10, 100} {
		ws = append(ws, cmlRow(fmt.Sprintf("chain/%d", links),
			fmt.Sprintf("values pass through %d parties from a source to a sink: time of one hop", links),
			[3]int{100_000, 20_000, 500},
			func(hops int) troupe { return chainFibers(links, hops/(links+1)) },
			func(hops int) troupe { return chainGoroutines(links, hops/(links+1)) }))
	}
	return ws
}

func chainFibers(links, n int) troupe {
	got := make(sums, 1)
	t := troupe{ops: n * (links + 1), check: got.check(upTo(n))}
	in := cml.NewChan[int]()
	head := in
	t.parties = append(t.parties, func() {
		for i := range n {
			head.Put(i)
		}
	})
	for range links {
		from, to := in, cml.NewChan[int]()
		t.parties = append(t.parties, func() {
			for range n {
				to.Put(from.Get())
			}
		})
		in = to
	}
	t.parties = append(t.parties, func() {
		for range n {
			got[0].n += in.Get()
		}
	})
	return t
}

func chainGoroutines(links, n int) troupe {
	got := make(sums, 1)
	t := troupe{ops: n * (links + 1), check: got.check(upTo(n))}
	in := make(chan int)
	head := in
	t.parties = append(t.parties, func() {
		for i := range n {
			head <- i
		}
	})
	for range links {
		from, to := in, make(chan int)
		t.parties = append(t.parties, func() {
			for range n {
				to <- <-from
			}
		})
		in = to
	}
	t.parties = append(t.parties, func() {
		for range n {
			got[0].n += <-in
		}
	})
	return t
}
