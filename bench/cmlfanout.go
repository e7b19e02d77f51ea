package main

import (
	"fmt"

	"github.com/seed222ee791/fibers/cml"
)

// The fan-out of Guile Fibers' benchmarks: one party puts, many get.

func fanoutWorkloads() []*workload {
	var ws []*workload
	for _, degree := range []int{10, 100} {
		ws = append(ws, cmlRow(fmt.Sprintf("fanout/%d", degree),
			fmt.Sprintf("one party puts on a channel from which %d get: time of one value", degree),
			[3]int{100_000, 20_000, 300},
			func(n int) troupe { return fanoutFibers(degree, n) },
			func(n int) troupe { return fanoutGoroutines(degree, n) }))
	}
	return ws
}

func fanoutFibers(degree, n int) troupe {
	ch, got := cml.NewChan[int](), make(sums, degree)
	t := troupe{ops: n, check: got.check(upTo(n))}
	t.parties = append(t.parties, func() {
		for i := range n {
			ch.Put(i)
		}
		for range degree {
			ch.Put(enough)
		}
	})
	for d := range degree {
		t.parties = append(t.parties, func() {
			for v := ch.Get(); v != enough; v = ch.Get() {
				got[d].n += v
			}
		})
	}
	return t
}

func fanoutGoroutines(degree, n int) troupe {
	ch, got := make(chan int), make(sums, degree)
	t := troupe{ops: n, check: got.check(upTo(n))}
	t.parties = append(t.parties, func() {
		for i := range n {
			ch <- i
		}
		for range degree {
			ch <- enough
		}
	})
	for d := range degree {
		t.parties = append(t.parties, func() {
			for v := <-ch; v != enough; v = <-ch {
				got[d].n += v
			}
		})
	}
	return t
}
