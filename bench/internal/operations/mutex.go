package operations

import (
	goruntime "runtime"
	"sync"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Parties that want one lock.

func mutexWorkloads() []*harness.Workload {
	return []*harness.Workload{
		row("mutex", "8 parties lock a mutex for a moment, with some computing between: time of one turn",
			[3]int{600_000, 120_000, 800}, mutexFibers, mutexGoroutines),
		row("mutex/held", "8 parties lock a mutex, each yielding while it holds it, so that the others line up: time of one turn",
			[3]int{60_000, 12_000, 80}, heldFibers, heldGoroutines),
	}
}

const (
	lockers = 8
	between = 20 // steps of computing between two turns
)

func mutexFibers(n int) harness.Parties {
	var mu cml.Mutex
	turns := make(harness.Sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].N++
		mu.Unlock()
	})
}

func mutexGoroutines(n int) harness.Parties {
	var mu sync.Mutex
	turns := make(harness.Sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].N++
		mu.Unlock()
	})
}

func heldFibers(n int) harness.Parties {
	var mu cml.Mutex
	turns := make(harness.Sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].N++
		fibers.Yield()
		mu.Unlock()
	})
}

func heldGoroutines(n int) harness.Parties {
	var mu sync.Mutex
	turns := make(harness.Sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].N++
		goruntime.Gosched()
		mu.Unlock()
	})
}

// takeTurns makes parties that take n turns together, each of which counts
// itself.
func takeTurns(n int, turns harness.Sums, turn func()) harness.Parties {
	each := n / lockers
	computed := make([]uint64, lockers)
	t := harness.Parties{Ops: each * lockers, Check: turns.Check(each * lockers)}
	for i := range lockers {
		t.Each = append(t.Each, func() {
			x := uint64(i)
			for range each {
				turn()
				x = harness.Compute(x, between)
			}
			computed[i] = x
		})
	}
	return t
}
