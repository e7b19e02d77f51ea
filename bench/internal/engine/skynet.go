package engine

import (
	"context"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Skynet (github.com/atemerev/skynet): a party has ten children, and so on down
// to a million leaves; each sends its number, each node the sum, up a channel.

func skynetWorkloads(sc harness.Scale) []*harness.Workload {
	leaves := skynetLeaves(sc)
	return []*harness.Workload{{
		Suite: "parallel",
		Rows: []harness.Row{{Name: "skynet/" + harness.RoundNumber(leaves), Unit: "ms",
			About: "a tree of parties, ten children each, that sum " + harness.RoundNumber(leaves) + " numbers over channels"}},
		Budget: 4 * time.Second, Last: true,
		Speedup: true,
		Sides:   [harness.Sides]harness.Run{skynetFibers, skynetGoroutines},
	}}
}

func skynetLeaves(sc harness.Scale) int { return sc.Of([3]int{1_000_000, 100_000, 1000}) }

func skynetFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	leaves, sum := skynetLeaves(p.Scale), int64(0)
	err = harness.InFibers(p.Schedulers, func(rt *fibers.Runtime) {
		m := harness.StartMeter()
		out := cml.NewChan[int64]()
		fibers.Go(func() { skynetFiber(out, 0, int64(leaves)) })
		sum = out.Get()
		s = skynetSample(m, leaves)
		s.Shares = shares(rt.Stats())
	})
	if err != nil {
		return s, err
	}
	return s, verifySkynet(sum, int64(leaves))
}

func skynetFiber(out *cml.Chan[int64], first, leaves int64) {
	if leaves == 1 {
		out.Put(first)
		return
	}
	in := cml.NewChan[int64]()
	for i := range int64(10) {
		fibers.Go(func() { skynetFiber(in, first+i*leaves/10, leaves/10) })
	}
	sum := int64(0)
	for range 10 {
		sum += in.Get()
	}
	out.Put(sum)
}

func skynetGoroutines(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	leaves := skynetLeaves(p.Scale)
	m := harness.StartMeter()
	out := make(chan int64)
	go skynetGoroutine(out, 0, int64(leaves))
	sum := <-out
	s = skynetSample(m, leaves)
	return s, verifySkynet(sum, int64(leaves))
}

func skynetGoroutine(out chan int64, first, leaves int64) {
	if leaves == 1 {
		out <- first
		return
	}
	in := make(chan int64)
	for i := range int64(10) {
		go skynetGoroutine(in, first+i*leaves/10, leaves/10)
	}
	sum := int64(0)
	for range 10 {
		sum += <-in
	}
	out <- sum
}

func skynetSample(m harness.Meter, leaves int) harness.Sample {
	c := m.Stop()
	return harness.Sample{Values: []float64{c.Wall.Seconds() * 1e3}, Cost: c, Ops: leaves}
}

func verifySkynet(sum, leaves int64) error {
	return harness.Verify("the sum of the leaves", sum, leaves*(leaves-1)/2)
}
