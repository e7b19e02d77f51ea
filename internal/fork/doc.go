// Package fork is what the engine (package runtime) and fork-join (package
// runtime/parallel) know of each other.
//
// Package parallel keeps, for each coroutine that uses it, the branches that
// nobody has begun yet. They are private to the fiber that runs there: no other
// core reads them, so that a branch which nobody takes costs a few plain stores.
// The price is that the fiber itself has to make a branch known to others, by
// making it a fiber, when there is reason to. There are two:
//
//   - A scheduler is idle, or may be before the next fork. The fiber looks for the
//     former at each fork: [Place.Hungry].
//   - The fiber is about to wait. Its branches would wait with it, perhaps for
//     each other; the engine calls [Branches.Share] before a fiber leaves its
//     stack.
//
// # Roles and who may call
//
// A [Place] belongs to one coroutine and is touched by what runs on that alone:
// it travels with the fiber from scheduler to scheduler. Package runtime
// registers itself with [Register] and implements [Host]; package parallel calls
// [Current] and [Enter], and implements Branches.
package fork
