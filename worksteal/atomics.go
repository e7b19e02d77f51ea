//go:build !model

package worksteal

import (
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/race"
)

// The atomic words of this package, by the names under which the model build
// (-tags model, see atomics_model.go) replaces them by observed ones. Aliases:
// the code generated is that of the types named.
type (
	// word is a 64-bit counter, aligned wherever the ends of a queue lie (see
	// TestWordAlignment).
	word = stdatomic.Uint64

	// index is a 32-bit counter.
	index = atomic.Uint32

	// cell holds one pointer.
	cell[T any] = atomic.Pointer[T]
)

// initialSlots is the capacity of a new buffer, keepSlots the largest one that
// survives being found empty once, segmentSlots the capacity of a segment of
// an Injector. Powers of two.
const (
	initialSlots = 16
	keepSlots    = 1024
	segmentSlots = 64
)

// clearSlot stores nil in a slot whose element has left, by a plain store: B4. The race
// detector does not know that, and is told nothing.
func clearSlot[T any](c *cell[T]) {
	if race.Enabled {
		c.Store(nil)
	} else {
		*(**T)(unsafe.Pointer(c)) = nil
	}
}

// A cell is nothing but its pointer.
var _ [unsafe.Sizeof(uintptr(0))]struct{} = [unsafe.Sizeof(cell[int]{})]struct{}{}
