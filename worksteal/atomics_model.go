//go:build model

package worksteal

import "github.com/seed222ee791/fibers/internal/simsched"

// In this build the atomic words report each access before it is made, so that
// TestDequeModel and its like can run the source of this package through every
// order of accesses. Capacities are the least that work.
const (
	initialSlots = 2
	keepSlots    = 2
	segmentSlots = 2
)

type (
	word        = simsched.Uint64
	index       = simsched.Uint32
	cell[T any] = simsched.Pointer[T]
)

// clearSlot stores nil in a slot whose element has left (B4).
func clearSlot[T any](c *cell[T]) { c.Store(nil) }
