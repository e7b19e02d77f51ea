//go:build race

package runtime_test

// scale chooses the size of a test: the race detector needs ten times the
// memory and time.
func scale(_, race int) int { return race }
