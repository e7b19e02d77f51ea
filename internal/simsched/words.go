package simsched

import (
	"slices"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// The observed words. Outside an exploration, and for whoever is not an actor,
// they are what they stand for.

// access is called before each access to a word.
func access(at unsafe.Pointer, write bool) {
	if e := observer(); e != nil {
		e.stop(step{at: at, write: write})
	}
}

// observer returns the exploration to which the caller's accesses are steps, if any is.
func observer() *explorer {
	if e := exploring; e != nil && e.running != nil && !e.unobserved {
		return e
	}
	return nil
}

// Unobserved has the accesses of the actor that calls it, from now on, be made at once, or be steps
// again. It is for what an actor is to have done before anything else happens: nobody waits
// there.
func Unobserved(yes bool) { exploring.unobserved = yes }

// Int64 stands for atomic.Int64.
type Int64 struct{ v stdatomic.Int64 }

// Load reads the word.
func (w *Int64) Load() int64 { access(unsafe.Pointer(w), false); return w.v.Load() }

// Store writes the word.
func (w *Int64) Store(x int64) { access(unsafe.Pointer(w), true); w.v.Store(x) }

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

// Int32 stands for atomic.Int32.
type Int32 struct{ v atomic.Int32 }

// Load reads the word.
func (w *Int32) Load() int32 { access(unsafe.Pointer(w), false); return w.v.Load() }

// Store writes the word.
func (w *Int32) Store(x int32) { access(unsafe.Pointer(w), true); w.v.Store(x) }

// Add adds d and returns the sum.
func (w *Int32) Add(d int32) int32 { access(unsafe.Pointer(w), true); return w.v.Add(d) }

// Inc adds 1 and returns the sum.
func (w *Int32) Inc() int32 { return w.Add(1) }

// Dec subtracts 1 and returns the difference.
func (w *Int32) Dec() int32 { return w.Add(-1) }

// CompareAndSwap writes x if the word is old.
func (w *Int32) CompareAndSwap(old, x int32) bool {
	access(unsafe.Pointer(w), true)
	return w.v.CompareAndSwap(old, x)
}

// Bare returns the word itself, for those whose accesses are no steps.
func (w *Int32) Bare() *atomic.Int32 { return &w.v }

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

// Mutex stands for adaptive.Mutex, and for sync.Mutex. Unlock is no step: whatever the others do before it
// they can as well do after the step that precedes it, except to take the lock,
// for which they wait.
type Mutex struct {
	mu     sync.Mutex
	holder *actor // in an exploration
	freed  clock  // what had happened when it was unlocked
}

// Lock takes the lock. It reports false: nobody has gone on elsewhere.
func (m *Mutex) Lock() bool {
	e := observer()
	if e == nil {
		m.mu.Lock()
		return false
	}
	e.stop(step{at: unsafe.Pointer(m), write: true, needs: m})
	m.holder = e.running
	return false
}

// Unlock gives the lock back.
func (m *Mutex) Unlock() {
	e := observer()
	if e == nil {
		m.mu.Unlock()
		return
	}
	if m.holder != e.running {
		panic("simsched: an actor unlocks what it has not locked")
	}
	m.holder = nil
	m.freed = e.clocks[e.index(e.running)]
}

// TryMutex stands for a sync.Mutex of which some ask whether it is taken, and go on: so to give it
// back is a step, and a race with those who ask. It is made of the other words, of which the
// reduction knows what depends on what.
type TryMutex struct {
	mu    sync.Mutex
	taken Uint32 // in an exploration
	line  []wait.Waiter
}

// Lock takes the lock.
func (m *TryMutex) Lock() {
	if observer() == nil {
		m.mu.Lock()
		return
	}
	for !m.TryLock() {
		me := wait.Current()
		m.line = append(m.line, me)
		if m.TryLock() {
			m.line = slices.DeleteFunc(m.line, func(w wait.Waiter) bool { return w == me })
			return
		}
		me.Wait(wait.Entry)
	}
}

// TryLock takes the lock if it is free, and reports whether it was.
func (m *TryMutex) TryLock() bool {
	if observer() == nil {
		return m.mu.TryLock()
	}
	return m.taken.CompareAndSwap(0, 1)
}

// Unlock gives the lock back.
func (m *TryMutex) Unlock() {
	if observer() == nil {
		m.mu.Unlock()
		return
	}
	m.taken.Store(0)
	line := m.line
	m.line = nil
	for _, w := range line {
		w.Unpark()
	}
}

// Held reports whether an actor holds the lock: to be asked at the end.
func (m *Mutex) Held() bool { return m.holder != nil }

func (m *Mutex) ready() bool { return m.holder == nil }
