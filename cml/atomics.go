//go:build !model

package cml

import (
	"sync"

	"go.uber.org/atomic"
)

// The shared words of the protocols of this package, by the names under which the
// model build (-tags model, see atomics_model.go) replaces them by observed ones.
// Aliases: the code generated is that of the types named.
type (
	// pointer, number and flag are words that are changed without a lock.
	pointer[T any] = atomic.Pointer[T]
	number         = atomic.Uint32
	flag           = atomic.Bool

	// lock guards the queues of one object.
	lock = sync.Mutex
)

// spins is how often Mutex.Lock looks again before it parks: a critical section
// is most often shorter than a switch.
const spins = 30

// ended reports whether the channel of a context is closed.
func ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
