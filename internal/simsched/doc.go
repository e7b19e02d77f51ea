// Package simsched runs small concurrent scenarios through every order of their
// steps.
//
// A package takes part by naming its atomic words and locks through aliases,
// which a build with the tag model points at the types of this package (words.go)
// and every other build at the usual ones:
//
//	type word = simsched.Uint64 // atomics_model.go, //go:build model
//	type word = atomic.Uint64   // atomics.go, //go:build !model
//
// So the source that is explored is the source that is shipped.
//
// # Roles
//
// The actors of a scenario are coroutines. Each stops before every access to an
// observed word, before taking an observed lock and before waiting for a permit
// (as a waiter of internal/wait): the steps. Explore, the scheduler, lets one go
// on at a time, and searches depth first through all choices of whom. Plain data
// needs no steps: that it is protected by the others is what the race detector is
// for. Atomics in Go are sequentially consistent, so the orders of steps are all
// the executions there are.
//
//	simsched.Explore(t, func() ([]func(), func(simsched.End)) {
//		x := newThingUnderTest()
//		return []func(){x.One, x.Other}, func(end simsched.End) {
//			// look at x, count outcomes
//		}
//	})
//
// # What is guaranteed
//
// Of orders that differ only by exchanging neighbouring steps that do not touch
// each other, at least one is run to its end (sleep sets: Godefroid 1996), and
// most of the others are cut short. Bodies must be deterministic: no map order, no
// random numbers, no clock.
//
// # What is not
//
// With Preemptions the search is not exhaustive: it is bounded by how often an
// actor is interrupted (Musuvathi and Qadeer 2007). A step of a word that the
// package does not name by an alias is no step. One exploration at a time.
//
// A test shows nothing if what it is about never came up: count the outcomes, and
// fail if one that was expected is missing.
package simsched
