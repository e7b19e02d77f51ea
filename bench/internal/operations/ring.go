package operations

import (
	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// A thousand parties in a ring pass one token on.

const ringSize = 1000

func ringWorkloads() []*harness.Workload {
	return []*harness.Workload{row("ring/1000", "1000 parties in a ring pass a token on: time of one hop",
		[3]int{100, 20, 2}, ringFibers, ringGoroutines)}
}

func ringFibers(laps int) harness.Parties {
	hops, last := laps*ringSize, make(harness.Sums, 1)
	t := harness.Parties{Ops: hops, Check: last.Check(hops)}
	links := make([]*cml.Chan[int], ringSize)
	for i := range links {
		links[i] = cml.NewChan[int]()
	}
	for i := range ringSize - 1 {
		in, out := links[i], links[i+1]
		t.Each = append(t.Each, func() {
			for range laps {
				out.Put(in.Get() + 1)
			}
		})
	}
	t.Each = append(t.Each, func() {
		in, out := links[ringSize-1], links[0]
		token := 0
		for range laps {
			out.Put(token)
			token = in.Get() + 1
		}
		last[0].N = token
	})
	return t
}

func ringGoroutines(laps int) harness.Parties {
	hops, last := laps*ringSize, make(harness.Sums, 1)
	t := harness.Parties{Ops: hops, Check: last.Check(hops)}
	links := make([]chan int, ringSize)
	for i := range links {
		links[i] = make(chan int)
	}
	for i := range ringSize - 1 {
		in, out := links[i], links[i+1]
		t.Each = append(t.Each, func() {
			for range laps {
				out <- <-in + 1
			}
		})
	}
	t.Each = append(t.Each, func() {
		in, out := links[ringSize-1], links[0]
		token := 0
		for range laps {
			out <- token
			token = <-in + 1
		}
		last[0].N = token
	})
	return t
}
