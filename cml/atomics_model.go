//go:build model

package cml

import "github.com/seed222ee791/fibers/internal/simsched"

// In this build the shared words report each access before it is made, and the
// locks each time they are taken, so that TestEntryModel and its like can run the
// source of this package through every order of accesses.
type (
	pointer[T any] = simsched.Pointer[T]
	number         = simsched.Uint32
	flag           = simsched.Bool
	lock           = simsched.Mutex
)

const spins = 1

func preset[T any](w *pointer[T], v *T) { w.Store(v) }

// observedEnd stands for the channel of the one context that there is in a run.
var observedEnd *flag

func ended(<-chan struct{}) bool { return observedEnd.Load() }
