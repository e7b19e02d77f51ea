// Package parker is where a scheduler's own goroutine sleeps, between two spells of
// work: for a time, or until somebody gives it its permit.
//
// A Parker has one permit. One goroutine waits, its owner; any may give the permit, but
// not a second one before the first has been taken: whom to wake is in a list of the
// user's, and is taken out of it first. How it waits is its owner's choice, each time:
//
//	Wait   in the kernel, with its thread
//	Park   as goroutines do, without (Linux; elsewhere that is how Wait does it)
//	Enter  somewhere else: the owner says where, waits there, and Leaves
//
// Who gives the permit to one that waits somewhere else is told so, and wakes it there:
//
//	empty ──Wait───▶ asleep ─┬─ the permit, or the time ──▶ empty
//	  │ ────Park───▶ parked ─┤
//	  │ ────Enter──▶ a place ┴─ the same, by Leave
//	  └────Permit──▶ permitted ──the next wait──▶ empty
//
// Checked by: docs/models/parker.pml (spin, with mutants), TestPermitsAreNotLost; places of
// the owner's by TestBellStress and TestPollerStress of package runtime.
package parker

// A Place is where the owner of a Parker waits.
type Place uint32

const (
	Nowhere   Place = 0 // it does not wait, or has been woken
	Elsewhere Place = 8 // the first of the places that are the owner's
)
