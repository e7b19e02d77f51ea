package sim_test

import "github.com/seed222ee791/fibers/internal/race"

// fixedRuns is how often a mended program is run; without the race detector it is
// what is claimed. shrinks is how many runs may be made to make a schedule shorter.
var fixedRuns, shrinks = 2000, 2000

func init() {
	if race.Enabled {
		fixedRuns, shrinks = 50, 40
	}
}
