//go:build !model

package cml

import (
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/adaptive"
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
	lock = adaptive.Mutex
)

// preset sets a word at which nobody else can look before something else has been
// published: a plain store, as Store takes a locked instruction. (atomic.Pointer is one
// pointer, and nothing else.)
func preset[T any](w *pointer[T], v *T) { *(*unsafe.Pointer)(unsafe.Pointer(w)) = unsafe.Pointer(v) }

// It does not compile if a pointer is more than that.
const _ = uint(unsafe.Sizeof(unsafe.Pointer(nil)) - unsafe.Sizeof(pointer[cell]{}))

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
