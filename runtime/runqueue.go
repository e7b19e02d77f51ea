package runtime

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/pad"
	"github.com/seed222ee791/fibers/worksteal"
)

// The pick order: where fibers wait to run, and where a scheduler looks for the next one.
//
//	where      who is put there                                          taken
//	next       the one that the running fiber has woken last             by itself: one place
//	ring       woken: before that one, or by timers and descriptors;
//	           and some of the last two                                  oldest first
//	deque      spawned, never run                                        newest first
//	behind     those that have yielded; and if they are many, those that
//	           fibers have woken or that were long in next               oldest first
//	injector   of the runtime: what comes from plain goroutines, other
//	           runtimes, and schedulers that have lost their seat        oldest first
//
// A scheduler looks in this order, and takes the first that it finds. Rows 1 to 5 are pick,
// by whoever leaves its stack; the others are the root's.
//
//	0  at a turn: its timers that are due; descriptors; then one each of the injector, the
//	   ring, the old end of the deque, another's queues if that has stalled, and behind, and
//	   each time another of them first; and of the injector, and of a crowd behind, some
//	   go to the ring. A turn comes every turnPicks picks, or when nudged; where fibers
//	   compute for long, this part of it comes no more than every airTime.
//	1  next, maxStreak times in a row; then the fiber there goes to the end of the ring, or
//	   behind if that is long, if anybody else waits here
//	2  ring, maxFavours times in a row
//	3  deque
//	4  behind
//	5  ring
//	6  descriptors: who waits for one that is ready is put in the ring, and 1 to 5 again
//	7  injector                                              ┐ sweep, some times over if
//	8  legacies: the newest (legacy.go)                      │ not too many search (idle.go)
//	9  each other scheduler, from a random one on:           │
//	   if it has no seat, all that it holds;                 │
//	   else its deque, the oldest, and more of them;         │
//	   half of its ring, then of its behind, if stealable;   │
//	   its next, if seen there before (steal.go)             ┘
//	10 the timers of all that are due: in the ring, and 1 to 5 again
//	11 7 to 9 once more, listed among the sleepers; and then it sleeps (idle.go)
//
// Woken fibers most often have only to finish; and they do not queue behind those that
// yield, of which there may be very many. Newest first keeps memory bounded by the depth of
// a computation, not its breadth. What keeps it from starving anyone are the bounds in 1
// and 2, row 0, and idle schedulers, which steal from all of these.
//
// A runQueue is the part of this that is a scheduler's own. Who says owner here is who runs
// on that scheduler.
type runQueue struct {
	deque  worksteal.Owner[fiber] // begins with a line of its own
	ring   worksteal.RingOwner[fiber]
	newest worksteal.Thief[fiber]     // of deque
	woken  worksteal.RingThief[fiber] // of ring; ends with a line of its own

	// The owner's.
	streak   int32  // picks from next in a row
	favours  int32  // picks from the ring in a row, while others wait
	rotation uint32 // which queue the turn looks at first
	taken    uint32 // how many from the ring when advance last added for those

	_ pad.Line

	// next: see runNext. Writers: owner (puts and takes); thieves (take).
	next place
	// eager is how many of the next wakes, and pushes to the ring, are to wake
	// others at once: a fiber was found that had waited here, after a delay that
	// could have been avoided. Writers: thieves (set), owner (counts down; which
	// of two writes is lost does not matter). Readers: any.
	eager atomic.Uint32
	// behind is nil until a fiber is first put there: most stalled schedulers have none.
	// Writer: owner, once, before it pushes there. Readers: any; to those that see nil it
	// is empty.
	behind atomic.Pointer[yielded]
}

// yielded is the queue behind.
type yielded struct {
	owner worksteal.RingOwner[fiber]
	thief worksteal.RingThief[fiber]
}

const (
	maxStreak  = 16
	maxFavours = 16
	fewReady   = 16  // most of the others that a turn puts in the ring
	fewSpent   = 32  // how many in the ring leave room for those whose streak is over
	eagerness  = 256 // wakes for which a watcher's finding is remembered
)

func (q *runQueue) init() {
	q.deque.Init(&q.newest)
	q.ring.Init(&q.woken)
}

// takeNext takes the fiber in next, if there is one and it is not the turn of
// others: row 1. Owner only, as all that follow up to steal.
func (q *runQueue) takeNext() *fiber {
	if q.streak < maxStreak && !q.next.empty() {
		q.streak++
		return q.next.take()
	}
	return nil
}

// endStreak takes the fiber out of next whose turn it is not, unless a thief has. It is for
// pushSpent if crowded says that somebody else waits.
func (q *runQueue) endStreak() (f *fiber, crowded bool) {
	q.streak = 0
	return q.next.take(), !q.deque.Drained() || !q.ring.Drained() || !q.noneBehind()
}

// pop takes what next does not hold: rows 2 to 5.
func (q *runQueue) pop() *fiber {
	q.streak = 0
	if !q.ring.Drained() && q.favours < maxFavours {
		q.favours++
		if f := q.ring.Pop(); f != nil {
			return f
		}
	}
	q.favours = 0
	if !q.deque.Drained() {
		if f := q.deque.Pop(); f != nil {
			return f
		}
	}
	if y := q.behind.Load(); y != nil && !y.owner.Drained() {
		if f := y.owner.Pop(); f != nil {
			return f
		}
	}
	if q.ring.Drained() {
		return nil
	}
	return q.ring.Pop()
}

// pushWoken puts a fiber that was woken in the ring.
func (q *runQueue) pushWoken(f *fiber) { q.ring.Push(f) }

// pushReady is pushWoken for one that a fiber has woken. Where that wakes a crowd, most of it is
// put behind: those whose time has come, and who are woken one by one, would else wait for all of it.
func (q *runQueue) pushReady(f *fiber) {
	if q.ring.Len() >= manyReady {
		q.toBehind().Push(f)
	} else {
		q.ring.Push(f)
	}
}

// pushSpent puts the fiber that endStreak has taken out of next in the ring, if that is short, so that
// it does not wait for all that yield; else behind, so that those who are woken do not wait for all that
// wake each other.
func (q *runQueue) pushSpent(f *fiber) {
	if q.ring.Len() < fewSpent {
		q.ring.Push(f)
	} else {
		q.toBehind().Push(f)
	}
}

// advance moves some of those to the ring who would else be taken one at a turn, as long as fibers come
// to the ring or wake each other: of a crowd behind, and, if nothing that was spawned here waits, of the
// injector, of which it leaves their share to the other schedulers. At each turn it makes up the ring to
// fewReady, or adds one for each two that were taken from it, fewReady at most: so those get a third of
// what is taken from the ring, and no more than a quarter of all picks, and whoever is woken passes
// nearly all of them. It reports whether it took any from the injector. It is called at turns.
func (q *runQueue) advance(injector *worksteal.Injector[fiber], schedulers int) (admitted bool) {
	taken := uint32(q.woken.Taken())
	earned := min(taken-q.taken, 2*fewReady+1)
	q.taken = taken - earned%2 // an odd one counts the next time
	n := max(fewReady-q.ring.Len(), int(earned/2))
	if n <= 0 {
		return false
	}
	y := q.behind.Load()
	crowd := y != nil && y.owner.Len() >= manyReady
	// Where one begins of those that spawn and wait, its children come before the next one.
	if !injector.Empty() && q.newest.Empty() {
		foreign := min(injector.Len()/schedulers, n)
		if crowd {
			foreign = min(foreign, (n+1)/2)
		}
		n -= foreign
		admitted = q.draw(injector, foreign)
	}
	if crowd {
		q.draw(&y.owner, n)
	}
	return admitted
}

// draw moves up to n from another queue to the ring. It reports whether there were any.
func (q *runQueue) draw(from interface{ Pop() *fiber }, n int) (any bool) {
	for ; n > 0; n-- {
		f := from.Pop()
		if f == nil {
			return any
		}
		q.ring.Push(f)
		any = true
	}
	return any
}

// spendEager reports whether this push is one that is to wake others at once.
func (q *runQueue) spendEager() bool {
	n := q.eager.Load()
	if n > 0 {
		q.eager.Store(n - 1)
	}
	return n > 0
}

// toBehind returns the queue behind, made if need be.
func (q *runQueue) toBehind() *worksteal.RingOwner[fiber] {
	y := q.behind.Load()
	if y == nil {
		y = q.newBehind()
	}
	return &y.owner
}

//go:noinline
func (q *runQueue) newBehind() *yielded {
	y := new(yielded)
	y.owner.Init(&y.thief)
	q.behind.Store(y)
	return y
}

// noneBehind reports whether the owner knows of no fiber behind.
func (q *runQueue) noneBehind() bool {
	y := q.behind.Load()
	return y == nil || y.owner.Drained()
}

// popBehind takes the one that was put there first, or returns nil.
func (q *runQueue) popBehind() *fiber {
	if y := q.behind.Load(); y != nil {
		return y.owner.Pop()
	}
	return nil
}

// drain moves all of it to the injector.
func (q *runQueue) drain(to *worksteal.Injector[fiber]) {
	if f := q.next.take(); f != nil {
		to.Push(f)
	}
	for f := q.ring.Pop(); f != nil; f = q.ring.Pop() {
		to.Push(f)
	}
	for f := q.deque.Pop(); f != nil; f = q.deque.Pop() {
		to.Push(f)
	}
	for f := q.popBehind(); f != nil; f = q.popBehind() {
		to.Push(f)
	}
}

// plunder moves what v, another's, holds to q: next, and up to most of the rest. It
// reports whether anything may be left.
func (q *runQueue) plunder(v *runQueue, most int) (left bool) {
	if f := v.next.take(); f != nil {
		q.pushWoken(f)
	}
	for most > 0 {
		f, outcome := v.woken.Steal()
		if outcome == worksteal.Empty {
			break
		}
		if f != nil {
			q.pushWoken(f)
			most--
		}
	}
	for most > 0 {
		f, outcome := v.newest.Steal()
		if outcome == worksteal.Empty {
			break
		}
		if f != nil {
			q.deque.Push(f)
			most--
		}
	}
	for y := v.behind.Load(); y != nil && most > 0; {
		f, outcome := y.thief.Steal()
		if outcome == worksteal.Empty {
			break
		}
		if f != nil {
			q.toBehind().Push(f)
			most--
		}
	}
	return most == 0
}

// has reports whether ring is one of those of q. From anywhere, as all that follow.
func (q *runQueue) has(ring *worksteal.RingThief[fiber]) bool {
	y := q.behind.Load()
	return ring == &q.woken || y != nil && ring == &y.thief
}

// ringsEmpty reports whether there are none in the ring and behind.
func (q *runQueue) ringsEmpty() bool {
	y := q.behind.Load()
	return q.woken.Empty() && (y == nil || y.thief.Empty())
}

// empty reports whether it holds nothing.
func (q *runQueue) empty() bool { return q.next.empty() && q.ringsEmpty() && q.newest.Empty() }

// length returns how many fibers it holds, exact if nothing moves.
func (q *runQueue) length() int {
	n := q.newest.Len() + q.woken.Len()
	if y := q.behind.Load(); y != nil {
		n += y.thief.Len()
	}
	if !q.next.empty() {
		n++
	}
	return n
}
