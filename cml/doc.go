// Package cml gives fibers and goroutines Concurrent ML's first-class
// operations: what Go's select does with channels, for everything that can be
// waited for, and as a value that can be named, wrapped, nested, given away and
// performed again.
//
// # Roles
//
// An object (channel, lock, queue, …) is shared by whoever has it. An operation
// on it comes as a pair: X does it and waits, XOp returns it as an Op[T]. An Op
// says what might be done; making one does nothing. Perform does it: it waits
// until the op can commit, and returns its value. The one that calls Perform is
// the performer; one call of it is a performance.
//
// Everything may be called from fibers (package runtime) and from plain
// goroutines alike, and the two meet on the same objects. A fiber parks, its
// scheduler goes on with others; a goroutine that waits uses no other one.
//
// # The canonical loop
//
//	in, out := cml.NewChan[int](), cml.NewChan[int]()
//	quit := cml.NewCond()
//	done := false
//	for v := 0; !done; {
//		cml.Select(
//			cml.On(in.GetOp(), func(x int) { v += x }),
//			cml.On(out.PutOp(v), func(cml.Unit) { v = 0 }),
//			cml.On(quit.WaitOp(), func(cml.Unit) { done = true }),
//		)
//	}
//
// The example of this package is that loop, to run. Why one would want all this,
// and what can go wrong, is told in docs/operations.md. An op whose parts do not
// change from round to round is best made once, before the loop: performing it
// then allocates nothing, unless there are guards or hooks in it, it waits for more
// than 16 parts of one type at once, or two choices that both wait meet (a few words).
//
// # What is guaranteed
//
//   - A performance commits at most one leaf of its op, and Perform exactly one.
//     A value that was put is got once. A performance never meets itself.
//   - Cancelling excludes committing: PerformContext returns the value or the
//     error, and in the latter case nothing has happened.
//   - Guards run once a performance, before anything of the op is visible to
//     others. Wraps run once, for the leaf that committed, after that, with no lock
//     held. A nack, or a hook of OnAbort, fires if its part of the op did not
//     commit, once, before the performer goes on, whatever the reason: another
//     was chosen, a Poll failed, a context was done, a guard panicked or exited,
//     the runtime closed.
//   - A part that lost leaves nothing: no offer, registration or goroutine.
//   - Who waits at an object is served in the order of coming, among those that
//     can still be served. A Choice looks at its parts in random order.
//   - At rest no two parties that could meet are both waiting.
//   - No party that is stopped at any point, outside the few instructions for
//     which it holds the lock of one object, keeps others from committing.
//   - The commit of one party synchronizes before the return of Perform in the
//     partner. What an object says of itself stands there.
//
// # What is not
//
//   - A Poll that fails has looked at one part after the other: there need not
//     have been a moment at which none was ready.
//   - A choice that has been chosen fires its nacks when its performer runs, not
//     at the moment at which the partner commits.
//   - Mutex lets newcomers pass (once) for the sake of speed.
//   - A performance that can never commit waits until its runtime closes; in a
//     goroutine, for ever.
//
// Misuse (a nil op, a negative capacity, unlocking what is not locked, …) panics
// with a message that begins "cml: ".
//
// # Lineage
//
// The algebra is that of Reppy's Concurrent ML, with the names of Guile Fibers
// where these are known better: see docs/glossary.md. Guards are forced before
// anything is tried, as in SML/NJ; nacks are ranges of leaves, as in Hopac. The
// protocol is not the one of Parallel CML (Reppy, Russo and Xiao 2009), which
// claims and spins, but a two-word compare-and-swap that anyone may help to
// finish: see commit.go. NewOp is Guile's make-base-operation, made safe.
package cml
