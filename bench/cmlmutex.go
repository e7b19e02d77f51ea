package main

import (
	goruntime "runtime"
	"sync"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Parties that want one lock.

func mutexWorkloads() []*workload {
	return []*workload{
		cmlRow("mutex", "8 parties lock a mutex for a moment, with some computing between: time of one turn",
			[3]int{600_000, 120_000, 800}, mutexFibers, mutexGoroutines),
		cmlRow("mutex/held", "8 parties lock a mutex, each yielding while it holds it, so that the others line up: time of one turn",
			[3]int{60_000, 12_000, 80}, heldFibers, heldGoroutines),
	}
}

const (
	lockers = 8
	between = 20 // steps of computing between two turns
)

func mutexFibers(n int) troupe {
	var mu cml.Mutex
	turns := make(sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].n++
		mu.Unlock()
	})
}

func mutexGoroutines(n int) troupe {
	var mu sync.Mutex
	turns := make(sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].n++
		mu.Unlock()
	})
}

func heldFibers(n int) troupe {
	var mu cml.Mutex
	turns := make(sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].n++
		fibers.Yield()
		mu.Unlock()
	})
}

func heldGoroutines(n int) troupe {
	var mu sync.Mutex
	turns := make(sums, 1)
	return takeTurns(n, turns, func() {
		mu.Lock()
		turns[0].n++
		goruntime.Gosched()
		mu.Unlock()
	})
}

// takeTurns makes parties that take n turns together, each of which counts
// itself.
func takeTurns(n int, turns sums, turn func()) troupe {
	each := n / lockers
	computed := make([]uint64, lockers)
	t := troupe{ops: each * lockers, check: turns.check(each * lockers)}
	for i := range lockers {
		t.parties = append(t.parties, func() {
			x := uint64(i)
			for range each {
				turn()
				x = compute(x, between)
			}
			computed[i] = x
		})
	}
	return t
}
