package poll

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/race"
)

// What was written to a descriptor before it was read from another, or the same,
// happened before: so package net has it, and tells the race detector. Raw system
// calls are not seen by it, so this word is.
var wire atomic.Uint32

func acquired() {
	if race.Enabled {
		wire.Load()
	}
}

func released() {
	if race.Enabled {
		wire.Inc()
	}
}
