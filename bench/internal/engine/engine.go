// Package engine has the suites switch, spawn, fair and parallel: what fibers cost and how they
// share the processors, whatever they do.
package engine

import (
	"slices"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// Workloads returns the suites switch, spawn, fair and parallel.
func Workloads(sc harness.Scale) []*harness.Workload {
	return slices.Concat(
		yieldWorkloads(),
		spawnWorkloads(),
		wakeWorkloads(),
		stallWorkloads(),
		citizenWorkloads(),
		treeWorkloads(),
		skynetWorkloads(sc),
	)
}
