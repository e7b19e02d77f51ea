package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Skynet (github.com/atemerev/skynet): a party has ten children, and so on down
// to a million leaves; each sends its number, each node the sum, up a channel.

func skynetWorkloads(sc scale) []*workload {
	leaves := skynetLeaves(sc)
	return []*workload{{
		suite: "parallel",
		rows: []row{{name: "skynet/" + count(leaves), unit: "ms",
			about: "a tree of parties, ten children each, that sum " + count(leaves) + " numbers over channels"}},
		budget: 4 * time.Second, rounds: 1,
		speedup: true,
		sides:   [sides]func(context.Context, params) (sample, error){skynetFibers, skynetGoroutines},
	}}
}

func skynetLeaves(sc scale) int { return sc.of([3]int{1_000_000, 100_000, 1000}) }

// count writes a round number.
func count(n int) string {
	switch {
	case n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}

func skynetFibers(_ context.Context, p params) (s sample, err error) {
	leaves, sum := skynetLeaves(p.scale), int64(0)
	err = inFibers(p.schedulers, func(rt *fibers.Runtime) {
		m := startMeter()
		out := cml.NewChan[int64]()
		fibers.Go(func() { skynetFiber(out, 0, int64(leaves)) })
		sum = out.Get()
		s = skynetSample(m, leaves)
		s.shares = shares(rt.Stats())
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

func skynetGoroutines(_ context.Context, p params) (s sample, err error) {
	leaves := skynetLeaves(p.scale)
	m := startMeter()
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

func skynetSample(m meter, leaves int) sample {
	c := m.stop()
	return sample{values: []float64{c.wall.Seconds() * 1e3}, cost: c, ops: leaves}
}

func verifySkynet(sum, leaves int64) error {
	return verify("the sum of the leaves", sum, leaves*(leaves-1)/2)
}
