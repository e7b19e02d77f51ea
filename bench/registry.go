package main

import (
	"slices"

	"github.com/seed222ee791/fibers/bench/internal/border"
	"github.com/seed222ee791/fibers/bench/internal/engine"
	"github.com/seed222ee791/fibers/bench/internal/forkjoin"
	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/bench/internal/memory"
	"github.com/seed222ee791/fibers/bench/internal/net"
	"github.com/seed222ee791/fibers/bench/internal/operations"
	"github.com/seed222ee791/fibers/bench/internal/timers"
)

// registry returns all workloads, in the order in which they run.
func registry(sc harness.Scale) []*harness.Workload {
	all := slices.Concat(
		engine.Workloads(sc),
		forkjoin.Workloads(),
		timers.Workloads(),
		operations.Workloads(),
		memory.Workloads(sc),
		net.Workloads(sc),
		border.Workloads(),
		memory.IdleWorkloads(),
	)
	harness.Shrink(all, sc)
	return all
}

// childTasks are what this program does in processes of their own.
var childTasks = []harness.ChildTasks{memory.ChildTasks, net.ChildTasks}
