//go:build model

package runtime

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/simsched"
)

// In this build the shared words report each access before it is made, and the locks each time
// they are taken, so that TestIdlersModel and its like can run the source of this package
// through every order of accesses.
type (
	count          = simsched.Int32
	bit            = simsched.Bool
	number         = simsched.Uint32
	instant        = simsched.Int64
	pointer[T any] = simsched.Pointer[T]
	lock           = simsched.Mutex
	tryLock        = simsched.TryMutex
)

const freshMost = 2

func bare(c *count) *atomic.Int32 { return c.Bare() }
