//go:build gc && !purego && !race

package getg

import "unsafe"

// here returns the value of the calling goroutine's key in t, or nil. In assembly it is a third of
// the instructions: the compiler's has a frame, for the sake of the call of Get in the middle. A load is
// an atomic one that acquires there. (The race detector would not see it.)
//
//go:noescape
func here(t *table) unsafe.Pointer

// slotShift is the logarithm of the size of a slot.
const slotShift = 4

// It does not compile if that is not so.
const _ = -(unsafe.Sizeof(slot{}) ^ 1<<slotShift)

// hereSlowly is here if its key is not at home.
//
//lint:ignore U1000 it is called in here_amd64.s
func hereSlowly(t *table) unsafe.Pointer { return t.get(Get()) }
