// Package operations has the suite cml: parties that exchange values, fibers with channels and
// operations of package cml, goroutines with channels, select and package sync.
package operations

import (
	"context"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// Workloads returns the suite cml.
func Workloads() []*harness.Workload {
	return slices.Concat(
		pingpongWorkloads(),
		ringWorkloads(),
		sieveWorkloads(),
		streamWorkloads(),
		chainWorkloads(),
		fanoutWorkloads(),
		diagonalWorkloads(),
		selectWorkloads(),
		bothWorkloads(),
		timeoutWorkloads(),
		contextWorkloads(),
		dynamicWorkloads(),
		swapWorkloads(),
		mutexWorkloads(),
	)
}

// row makes a workload of two functions that make the parties of a size, one of
// each side. sizes are for the three scales.
func row(name, about string, sizes [3]int, fiber, goroutine func(n int) harness.Parties) *harness.Workload {
	return &harness.Workload{
		Suite:   "cml",
		Rows:    []harness.Row{{Name: name, Unit: "ns/op", About: about}},
		Budget:  400 * time.Millisecond,
		Speedup: true,
		Sides: [harness.Sides]harness.Run{
			func(_ context.Context, p harness.Params) (harness.Sample, error) {
				return fiber(p.Scale.Of(sizes)).OnFibers(p)
			},
			func(_ context.Context, p harness.Params) (harness.Sample, error) {
				return goroutine(p.Scale.Of(sizes)).OnGoroutines()
			},
		},
	}
}
