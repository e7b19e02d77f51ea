//go:build model

package worksteal

import (
	"unsafe"

	"go.uber.org/atomic"
)

// In this build the atomic words report each access before it is made, so that
// TestDequeModel and its like can run the source of this package through every
// order of accesses. Capacities are the least that work.
const (
	initialSlots = 2
	keepSlots    = 2
	segmentSlots = 2
)

// observe, if set, is called before each access to an atomic word. Set by tests
// only, while no other goroutine uses the package.
var observe func(at unsafe.Pointer, write bool)

func access(at unsafe.Pointer, write bool) {
	if observe != nil {
		observe(at, write)
	}
}

type word struct{ v atomic.Uint64 }

func (w *word) Load() uint64   { access(unsafe.Pointer(w), false); return w.v.Load() }
func (w *word) Store(x uint64) { access(unsafe.Pointer(w), true); w.v.Store(x) }
func (w *word) CompareAndSwap(old, x uint64) bool {
	access(unsafe.Pointer(w), true)
	return w.v.CompareAndSwap(old, x)
}

type index struct{ v atomic.Uint32 }

func (w *index) Load() uint32        { access(unsafe.Pointer(w), false); return w.v.Load() }
func (w *index) Store(x uint32)      { access(unsafe.Pointer(w), true); w.v.Store(x) }
func (w *index) Add(d uint32) uint32 { access(unsafe.Pointer(w), true); return w.v.Add(d) }

type cell[T any] struct{ v atomic.Pointer[T] }

func (c *cell[T]) Load() *T     { access(unsafe.Pointer(c), false); return c.v.Load() }
func (c *cell[T]) Store(x *T)   { access(unsafe.Pointer(c), true); c.v.Store(x) }
func (c *cell[T]) Swap(x *T) *T { access(unsafe.Pointer(c), true); return c.v.Swap(x) }
func (c *cell[T]) CompareAndSwap(old, x *T) bool {
	access(unsafe.Pointer(c), true)
	return c.v.CompareAndSwap(old, x)
}
