package parallel_test

import "github.com/seed222ee791/fibers/internal/race"

// slow is how much longer everything takes under the race detector.
var slow = map[bool]int{false: 1, true: 10}[race.Enabled]
