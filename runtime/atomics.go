//go:build !model

package runtime

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"go.uber.org/atomic"
)

// The shared words of those protocols of this package that the interleaver runs, by the names
// under which the model build (-tags model, see atomics_model.go) replaces them by observed
// ones. Aliases: the code generated is that of the types named.
type (
	count          = atomic.Int32
	bit            = atomic.Bool
	number         = atomic.Uint32
	instant        = stdatomic.Int64
	pointer[T any] = atomic.Pointer[T]
	lock           = sync.Mutex
	tryLock        = sync.Mutex
)

// freshMost is how many timers may be fresh: wheel_fresh.go.
const freshMost = 32

// bare is a word as others see it who only look.
func bare(c *count) *atomic.Int32 { return c }
