package simsched

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"unsafe"

	"go.uber.org/atomic"
)

// The observed words. Outside an exploration, and for whoever is not an actor,
// they are what they stand for.

// access is called before each access to a word.
func access(at unsafe.Pointer, write bool) {
	if e := exploring; e != nil && e.running != nil {
		e.stop(step{at: at, write: write})
	}
}

// Uint64 stands for atomic.Uint64.
type Uint64 struct{ v stdatomic.Uint64 }

// Load reads the word.
func (w *Uint64) Load() uint64 { access(unsafe.Pointer(w), false); return w.v.Load() }

// Store writes the word.
func (w *Uint64) Store(x uint64) { access(unsafe.Pointer(w), true); w.v.Store(x) }

// CompareAndSwap writes x if the word is old.
func (w *Uint64) CompareAndSwap(old, x uint64) bool {
	access(unsafe.Pointer(w), true)
	return w.v.CompareAndSwap(old, x)
}

// Uint32 stands for atomic.Uint32.
type Uint32 struct{ v atomic.Uint32 }

// Load reads the word.
func (w *Uint32) Load() uint32 { access(unsafe.Pointer(w), false); return w.v.Load() }

// Store writes the word.
func (w *Uint32) Store(x uint32) { access(unsafe.Pointer(w), true); w.v.Store(x) }

// Add adds d and returns the sum.
func (w *Uint32) Add(d uint32) uint32 { access(unsafe.Pointer(w), true); return w.v.Add(d) }

// CompareAndSwap writes x if the word is old.
func (w *Uint32) CompareAndSwap(old, x uint32) bool {
	access(unsafe.Pointer(w), true)
	return w.v.CompareAndSwap(old, x)
}

// Bool stands for atomic.Bool.
type Bool struct{ v atomic.Bool }

// Load reads the flag.
func (w *Bool) Load() bool { access(unsafe.Pointer(w), false); return w.v.Load() }

// Store writes the flag.
func (w *Bool) Store(x bool) { access(unsafe.Pointer(w), true); w.v.Store(x) }

// Pointer stands for atomic.Pointer.
type Pointer[T any] struct{ v atomic.Pointer[T] }

// Load reads the pointer.
func (w *Pointer[T]) Load() *T { access(unsafe.Pointer(w), false); return w.v.Load() }

// Store writes the pointer.
func (w *Pointer[T]) Store(x *T) { access(unsafe.Pointer(w), true); w.v.Store(x) }

// Swap writes x and returns what was there.
func (w *Pointer[T]) Swap(x *T) *T { access(unsafe.Pointer(w), true); return w.v.Swap(x) }

// CompareAndSwap writes x if the pointer is old.
func (w *Pointer[T]) CompareAndSwap(old, x *T) bool {
	access(unsafe.Pointer(w), true)
	return w.v.CompareAndSwap(old, x)
}

// Mutex stands for sync.Mutex. Unlock is no step: whatever the others do before it
// they can as well do after the step that precedes it, except to take the lock,
// for which they wait.
type Mutex struct {
	mu     sync.Mutex
	holder *actor // in an exploration
	freed  clock  // what had happened when it was unlocked
}

// Lock takes the lock.
func (m *Mutex) Lock() {
	e := exploring
	if e == nil || e.running == nil {
		m.mu.Lock()
		return
	}
	e.stop(step{at: unsafe.Pointer(m), write: true, needs: m})
	m.holder = e.running
}

// Unlock gives the lock back.
func (m *Mutex) Unlock() {
	e := exploring
	if e == nil || e.running == nil {
		m.mu.Unlock()
		return
	}
	if m.holder != e.running {
		panic("simsched: an actor unlocks what it has not locked")
	}
	m.holder = nil
	m.freed = e.clocks[e.index(e.running)]
}

// Held reports whether an actor holds the lock: to be asked at the end.
func (m *Mutex) Held() bool { return m.holder != nil }

func (m *Mutex) ready() bool { return m.holder == nil }
