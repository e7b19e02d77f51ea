// Package parkword is the word of a fiber: who it is, and whether it waits. Fibers are
// parked and woken by changes of this one word, from any core. How they leave their stacks
// meanwhile is in package runtime, parking.go.
//
// # Roles and who may call
//
//	owner      Begin, End, TakePermit, ServedBit: who makes the fiber, and the fiber itself
//	settler    TryPark: who runs next where the fiber has left its stack
//	unparker   Wake: anyone, at any time, for a fiber that has ended too
//	inspector  Load, Hold, and LetGo of what it holds: anyone
//
// Whoever is told that the fiber is his (by Wake, or by TryPark or LetGo that report false)
// has to queue it, and nobody else may.
//
// The states and the races are argued in word.go. Its source is run through every order of
// accesses by the tests of -tags model, with mutants: model_test.go.
package parkword
