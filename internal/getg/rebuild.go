package getg

import "math/bits"

// The part of the table that runs under its lock.

// find returns the index of the slot of key, or else of the one to put it in.
func (a *array) find(key uintptr) (i int, found bool) {
	mask := len(a.slots) - 1
	free := -1
	for i := a.home(key); ; i = (i + 1) & mask { // ends: a quarter of the slots is unused
		switch a.slots[i].key.Load() {
		case key:
			return i, true
		case grave:
			if free < 0 {
				free = i
			}
		case unused:
			if free < 0 {
				free = i
			}
			return free, false
		}
	}
}

// level turns the run of graves around slot i into unused slots if an unused
// slot follows it (T2), and returns its length, else 0. So goroutines that come
// and go leave few graves.
func (a *array) level(i int) (n int) {
	mask := len(a.slots) - 1
	for a.slots[i].key.Load() == grave {
		i = (i + 1) & mask
	}
	if a.slots[i].key.Load() != unused {
		return 0
	}
	for i = (i - 1) & mask; a.slots[i].key.Load() == grave; i = (i - 1) & mask {
		a.slots[i].key.Store(unused)
		n++
	}
	return n
}

// rebuild moves the entries of old, which may be nil, into a new array without
// graves and publishes it (T3).
//
// Its size is the smallest power of two of which the entries fill no more than
// two thirds. So a table that has doubled is at least a third full; one that was
// rebuilt for its graves has a twelfth of its slots to fill before the next time;
// one that has shrunk is half full and must fall to an eighth, or grow to three
// quarters, before it moves again.
func (t *table) rebuild(old *array) *array {
	live := int(t.live.Load())
	size := minCapacity
	for live*3 > size*2 {
		size *= 2
	}
	a := &array{
		slots: make([]slot, size),
		shift: uint8(bits.UintSize - bits.TrailingZeros(uint(size))),
	}
	if old != nil {
		for i := range old.slots {
			from := &old.slots[i]
			if key := from.key.Load(); key != unused && key != grave {
				i, _ := a.find(key)
				to := &a.slots[i]
				to.value.Store(from.value.Load())
				to.key.Store(key)
			}
		}
	}
	t.mu.graves = 0
	t.array.Store(a)
	return a
}
