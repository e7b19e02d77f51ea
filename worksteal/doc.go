// Package worksteal has the queues of a work-stealing scheduler, each usable
// alone. All are unbounded and lock-free, and hold pointers.
//
//   - [New] makes a deque: its owner pushes and pops at one end, last in, first
//     out; thieves take the oldest element at the other end. For work that was
//     divided: the owner goes on with what is in its cache, a thief gets the
//     largest piece.
//   - [NewRing] makes a ring: its owner pushes at one end, everyone takes at the
//     other, first in, first out, and a thief may take half of it in one step.
//     For work that waits for its turn.
//   - [NewInjector] makes a queue, first in, first out, to which anyone may push
//     and from which anyone may pop. For work from outside.
//
// # Roles
//
// Deque and ring come as two handles. [Owner] and [RingOwner] belong to one
// goroutine at a time. That role may be handed on if something synchronizes the
// two goroutines, such as a channel. [Thief] and [RingThief] may be used by any
// number of goroutines at any time, the owner included. Two owners at once
// corrupt the queue: elements are lost or delivered twice. The race detector
// reports that.
//
// # The usual loop
//
// A worker looks at its own queues, then at what came from outside, then at the
// others', beginning somewhere else each time:
//
//	func (w *worker) find() *task {
//		if t := w.deque.Pop(); t != nil {
//			return t
//		}
//		if t := w.injector.Pop(); t != nil {
//			return t
//		}
//		for again := true; again; {
//			again = false
//			for _, i := range rand.Perm(len(w.thieves)) {
//				t, outcome := w.thieves[i].Steal()
//				switch outcome {
//				case worksteal.Got:
//					return t
//				case worksteal.Lost:
//					again = true // there may be more
//				}
//			}
//		}
//		return nil
//	}
//
// The example of the package runs it.
//
// # Guarantees
//
// Every element is delivered exactly once for each time it was pushed.
// Operations on one queue are linearizable, except these: Len and Each; PushAll
// and what StealHalf pushes on its destination, which are one Push after another;
// and Injector.Empty, which may be false while a Push is on its way. A true
// Empty, an Outcome Empty and a nil from Pop say that the queue was empty at one
// moment during the call.
//
// A push synchronizes before the operation that delivers that element, in the
// words of the Go memory model. All accesses to shared words are atomic, and
// sequentially consistent as all in Go: so a thief that announces that it will
// sleep, and then finds all queues empty, and an owner that pushes, and then
// looks for announcements, cannot both miss each other.
//
// Order: as above. A deque's owner and thieves get the same elements in opposite
// order. Fairness: none among those who take; [Lost] means that another took an
// element at that moment. An element at the old end of a deque may stay there for
// ever if nobody steals.
//
// Memory: a queue begins with room for 64 elements, about 1 KB, and grows by
// doubling, the injector by segments of 64. A deque or ring goes back to its
// first size when its owner finds it empty; one of at most 1024 places only
// if nothing was pushed since it was last found empty, so that small bursts do not
// allocate each time. Segments of the injector are dropped as they are used up.
//
// A queue keeps no element alive that its owner has popped, or that was popped
// from an injector. What a thief takes from a deque or ring stays reachable
// through its slot until the owner calls Pop next, whatever it returns, or has
// pushed as many elements as the queue has room for. Only the owner can clear that
// slot: after the thief's step it may be filled again at any moment. So an
// owner that stops working should call Pop until it gets nil. What that may keep
// alive is bounded by the queue's capacity.
//
// # Not guaranteed
//
// Len is a snapshot. Each goes over what it finds while others work, and may
// miss or repeat elements that move. An injector whose Push has drawn its place
// and is suspended may deliver later elements first, since those overlap it.
// There is no way to wait for an element, and no way to close a queue.
//
// # Lineage
//
// The deque is that of D. Chase and Y. Lev, Dynamic circular work-stealing deque
// (SPAA 2005), with the orders of access of N. M. Lê, A. Pop, A. Cohen and F. Zappa
// Nardelli, Correct and efficient work-stealing for weak memory models (PPoPP
// 2013), and these changes: no shared bottom index, instead the slot beyond the
// last element is empty, which makes Push one atomic store and Pop another;
// the owner clears what leaves; the buffer becomes small again. The ring is the
// same array with both parties at one end; taking half in one step is as
// in the run queues of Go's runtime, but unbounded. The injector is the
// FAAArrayQueue of P. Ramalhete and A. Correia (2016), segments linked as in M. M.
// Michael and M. L. Scott (PODC 1996), with the collector in place of hazard
// pointers. Handles by role and the three outcomes of a theft are as in
// crossbeam-deque. shared.go, deque.go, ring.go and injector.go argue why all
// that is right.
package worksteal
