//go:build !(gc && amd64) || purego || race

package getg

import "unsafe"

// here returns the value of the calling goroutine's key in t, or nil.
func here(t *table) unsafe.Pointer {
	a := t.array.Load()
	if a == nil {
		return nil
	}
	key := Get()
	if s := &a.slots[a.home(key)]; s.key.Load() == key {
		return s.value.Load()
	}
	return a.probe(key)
}
