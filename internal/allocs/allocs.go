// Package allocs counts allocations for tests. It is for tests alone.
package allocs

import "testing"

// tries is how often a count that is not 0 is taken again.
const tries = 10

// Least returns how many allocations a call of f makes, as testing.AllocsPerRun does:
// the least of some counts. What the process does meanwhile is counted, too (Go's
// collector starting its workers, a timer's goroutine, a test that is about to end), so
// that of one count only the upper bound says something.
func Least(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for n := 1; least != 0 && n < tries; n++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}
