// Package parallel is fork and join on fibers: parallel computing at the cost of
// a function call.
//
//	func sum(t *tree) int {
//		if t == nil {
//			return 0
//		}
//		l, r := parallel.Both(sum, t.left, t.right)
//		return t.value + l + r
//	}
//
// # What it is
//
// A fork says that functions may run in parallel; the join waits for all of them.
// A fork does not start anything. It notes the second branch in a list of the
// calling fiber and calls the first. Normally the fiber finds the second one still
// there afterwards, and calls it too: a plain call, with some 12 ns for the note,
// no allocation and no atomic instruction. Only if a scheduler has nothing to do
// is a branch made a fiber, which that scheduler takes: the oldest one, the
// largest piece of work. So a program forks wherever it may, without a thought to
// the number of cores or to grains.
//
//	Both           two calls of one function, with results; allocates nothing
//	Do             any functions
//	For            a range of indices
//	Reduce         a range, folded; the same result every time
//	Map, Filter, Scan, MapReduce
//	               the same on slices
//	MapSeq, MapReduceSeq
//	               on sequences
//	Sort, SortFunc, SortStableFunc
//
// # Who may call
//
// Anyone. In a fiber, branches run in its runtime. A plain goroutine enters the
// Default runtime for the call, which costs some microseconds, and waits. Forks
// nest in any way, one kind in the other.
//
// # Guarantees
//
// A call returns when every branch has ended, whatever happened in any of them.
// The fork synchronizes before each branch begins, and the end of a branch before the
// return of the join. Branches of one fork may run in parallel and
// must not write the same memory without synchronization. Results stand in the
// order of the arguments, and are joined from left to right.
//
// Panics. A panic in a branch is raised again in the caller when every branch has
// ended, always as a *fibers.PanicError with the first value and stack, whoever ran
// the branch, and also if it was the caller itself. If several branches panic it
// is the leftmost one's; in a loop the one that a sequential loop would have met.
//
// Goexit. A branch that ends by runtime.Goexit (or t.FailNow) makes the caller end
// so too, when every branch has ended. A panic in another branch goes before it.
//
// Waiting. A branch may wait, on channels, timers, I/O, for its siblings: when a
// fiber is about to wait, all its branches that have not begun become fibers. So
// Do of two functions that meet on a channel works, on one scheduler too. Each
// branch that waits is a fiber, like any other. A branch goes on where it was
// begun, whoever runs it: fibers.Current may differ from branch to branch.
//
// Closing. When the runtime closes, a fiber that computes goes on until it waits,
// with the branches in its own list too. Others that have not begun never do, those
// that wait end as every fiber does, and the caller ends after them.
//
// # What is not guaranteed
//
// That branches run in parallel: with one scheduler they do not. Nor fairness
// among branches.
//
// A branch that waits for a sibling without letting go of its scheduler (spinning
// on a variable, blocking on a Go channel or a sync.Mutex) may wait for ever: the
// sibling may be next in its own fiber's list. Channels and locks of package cml
// wait properly, and so do fibers.Yield and fibers.Blocking.
//
// A long branch that itself never forks or waits cannot give away what its fiber
// has noted before. So where forks come seldom, as many as there are other
// schedulers lie ready for these in advance, and a few long branches run all at
// once. Where forks came fast before, in a stretch of many small computations, up
// to 16 long branches may have to run before that is noticed, and a long one among
// short ones may not be noticed at all: see docs/design/0008-fork-join.md.
//
// # Lineage
//
// Blumofe and Leiserson, Scheduling Multithreaded Computations by Work Stealing
// (1999). Mohr, Kranz and Halstead, Lazy Task Creation (1991), for forks that
// become tasks only on demand. Acar et al., Heartbeat Scheduling (2018), for giving
// away the oldest one. Tzannes et al., Lazy Binary-Splitting (2010), for loops.
// Deviations: branches belong to a fiber, not to a scheduler, as a fiber may move
// while it waits in a branch; and nobody else reads them.
package parallel
