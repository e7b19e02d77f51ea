package getg

import (
	"math/bits"
	"sync"
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/pad"
)

// A Table maps keys of goroutines to values. The zero Table is empty and ready;
// it must not be copied after first use.
//
// Get is wait-free and writes nothing; a key that is absent is found absent as
// quickly as a present one is found. Put and Delete take a lock; the time of the
// few that move the table to another array is shared out among the others. An
// entry takes at most 48 bytes in a table that has grown; one of which less than
// an eighth is in use moves to a smaller array.
//
// # Contract
//
// A goroutine looks up no key but its own (T0), and the operations on one key
// are ordered:
//
//	Put(key)     happens before the first Get(key) that is to find the value;
//	Delete(key)  returns before the goroutine of the key ends.
//
// A goroutine that calls both itself has nothing to do for it; the Go runtime
// orders its end before the beginning of the next goroutine with the same key.
// Operations on different keys need no order.
//
// # Layout
//
// Open addressing with linear probing. The place of a key is fixed for as long
// as it stays in an array; a probe starts at the key's home and ends at the key
// or at an unused slot. The states of a slot, and who moves it on (always under
// the lock):
//
//	unused ──Put(k)──▶ holds k ──Delete(k)──▶ grave or unused
//	grave  ──Put(k)──▶ holds k
//	grave  ──Delete of the last entry after it──▶ unused
//
// A grave keeps the probes of entries behind it going. Invariants at rest:
// unused slots are at least a quarter of the array; between the home of a
// present key and its slot no slot is unused; no key stands twice.
//
// # Why readers need no lock
//
// Let Get(k) run while others change the table. By the contract no operation on
// k itself overlaps it.
//
//	T1: Put(j) stores the value, then the key; Get(k) loads the key, then the value.
//	    Get finds k in a slot: by T0 and the contract k was put before Get began
//	    and its slot is left to it until Delete(k), after Get. The value stored
//	    by Put(k) is thus the one that Get loads.
//	    Get finds another key, a grave or, after one of those, an unused slot: it
//	    is not k, whatever becomes of the slot. So a stale key never meets a newer
//	    value, because a slot that changes hands shows k at no time in between.
//	T2: Delete(j) turns a run of graves into unused slots only if an unused slot
//	    follows it. Let k be present and such a run lie between its home and its
//	    slot. None of the slots there was unused when k was put; consider the first
//	    time since that one becomes so: the run that it belongs to ends before an
//	    unused slot, hence not at k nor at a slot before k. Contradiction: Get(k)
//	    meets no unused slot before k.
//	T3: rebuild fills a new array, then publishes it; Get loads the array once.
//	    Published first: Get sees the new array, complete.
//	    Loaded first: the old array is never written again, and holds k exactly if
//	    k was present, as Put(k) and Delete(k) do not overlap the Get.
//
// Get terminates without regard to what the others do: a probe looks at no slot
// twice.
//
// Checked by: TestTableProperty, TestTableStress (also with -race, where Here is not in assembly).
type Table[T any] struct{ table }

// table is a Table without the type of the values: what is generic is not inlined
// into those who call it.
type table struct {
	_ pad.Line

	// array is nil until the first Put. Writers: holder of mu. Readers: any (T3).
	array atomic.Pointer[array]

	_ pad.Line // Put and Delete do not disturb the line that every Get reads

	// live is the number of entries. Writers: holder of mu. Readers: any.
	live atomic.Uintptr
	mu   struct {
		sync.Mutex
		graves int // in array
	}

	_ pad.Line
}

// array is what a Table publishes. It is immutable but for its slots.
type array struct {
	slots []slot // a power of two
	shift uint8  // the home of a key is its hash >> shift
}

// slot: see the states above. Writers: holder of the table's lock, until the
// array is replaced. Readers: any.
type slot struct {
	key   atomic.Uintptr // unused, grave or a key (T1)
	value atomic.UnsafePointer
}

// Keys of slots that hold none. Neither can be a key: those are even and not 0.
const (
	unused = 0
	grave  = 1
)

// minCapacity is the size of the first array and the smallest a table shrinks to.
const minCapacity = 32

// golden is 2^w/φ, w being the width of a word. Keys are addresses of equal
// structures in a row, so nearly arithmetic progressions, which a multiplication
// by it and the upper bits of the product spread evenly.
const golden = 0x9E3779B97F4A7C15 >> (64 - bits.UintSize)

// home is the index of the slot where the probe for key begins.
func (a *array) home(key uintptr) int {
	return int(key * golden >> (a.shift & (bits.UintSize - 1)))
}

// Get returns the value of key, or nil. The calling goroutine is the one whose
// key it is.
func (t *Table[T]) Get(key uintptr) *T { return (*T)(t.get(key)) }

// Here is Get(getg.Get()): what stands for the calling goroutine.
func (t *Table[T]) Here() *T { return (*T)(here(&t.table)) }

// Home returns the address at which Get(key) looks first, for any key and from
// anywhere: what one might want in the cache. 0 if the table is empty.
func (t *table) Home(key uintptr) uintptr {
	a := t.array.Load()
	if a == nil {
		return 0
	}
	return uintptr(unsafe.Pointer(&a.slots[a.home(key)]))
}

// Put sets the value of key, which must not be nil.
func (t *Table[T]) Put(key uintptr, value *T) {
	if value == nil {
		panic("getg: nil value")
	}
	t.put(key, unsafe.Pointer(value))
}

// Each calls f for the values until it returns false. An entry that is put or
// deleted meanwhile may be seen or not, and more than once if it is put again.
// No lock is held: f may use the table.
func (t *Table[T]) Each(f func(*T) bool) {
	t.each(func(v unsafe.Pointer) bool { return f((*T)(v)) })
}

func (t *table) get(key uintptr) unsafe.Pointer {
	a := t.array.Load()
	if a == nil {
		return nil
	}
	return a.probe(key)
}

// probe looks for key, from its home slot on.
func (a *array) probe(key uintptr) unsafe.Pointer {
	mask := len(a.slots) - 1
	i := a.home(key)
	for range a.slots {
		switch s := &a.slots[i&mask]; s.key.Load() {
		case key:
			return s.value.Load()
		case unused:
			return nil
		}
		i++
	}
	return nil // the unused slots kept moving ahead of us; all slots were other keys'
}

func (t *table) put(key uintptr, value unsafe.Pointer) {
	if key == 0 || key&1 != 0 {
		panic("getg: not a key")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.array.Load()
	// Graves count: they lengthen probes as entries do.
	if used := int(t.live.Load()) + t.mu.graves; a == nil || (used+1)*4 > len(a.slots)*3 {
		a = t.rebuild(a)
	}
	i, found := a.find(key)
	s := &a.slots[i]
	if !found {
		if s.key.Load() == grave {
			t.mu.graves--
		}
		t.live.Inc()
	}
	s.value.Store(value)
	s.key.Store(key)
}

// Delete removes key, if it is present.
func (t *table) Delete(key uintptr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.array.Load()
	if a == nil {
		return
	}
	i, found := a.find(key)
	if !found {
		return
	}
	s := &a.slots[i]
	s.value.Store(nil)
	s.key.Store(grave)
	t.mu.graves += 1 - a.level(i)
	live := int(t.live.Dec())
	if n := len(a.slots); n > minCapacity && live < n/8 {
		t.rebuild(a)
	}
}

// Len returns the number of entries.
func (t *table) Len() int { return int(t.live.Load()) }

func (t *table) each(f func(unsafe.Pointer) bool) {
	a := t.array.Load()
	if a == nil {
		return
	}
	for i := range a.slots {
		if v := a.slots[i].value.Load(); v != nil && !f(v) {
			return
		}
	}
}
