package runtime_test

import "github.com/seed222ee791/fibers/internal/race"

// scale chooses the size of a test: the race detector needs ten times the
// memory and time.
func scale(full, raced int) int {
	if race.Enabled {
		return raced
	}
	return full
}
