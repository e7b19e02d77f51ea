package runtime

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/prefetch"
	"github.com/seed222ee791/fibers/internal/race"
	"github.com/seed222ee791/fibers/worksteal"
)

// Reading ahead: where very many fibers sleep, nothing of one that wakes is in the
// cache. What a switch to it touches are up to twenty cache lines in ten pages, most of
// them found by way of another: its record, its coroutine, the slot in which it sleeps
// (of iter.Pull, with a closure and what that closes over), its goroutine, its stack. For a batch of
// fibers these ways are gone side by side: docs/design/0007-wheel.md has what that
// brings. All of it is by prefetches, which change nothing.
//
// # The race
//
// A1: readRing's look at fibers that wait in a ring, and a thief.
//
//	A thief may take such a fiber, run and end it meanwhile, and so write the fields
//	f.co, f.g, and those of the coroutine, which the look reads as they are. Each is a
//	word, written whole, and refers to a coroutine, or is nil (looked at once, and
//	checked) or a key; coroutines are kept by the reference, goroutines of keys are
//	never freed, and the fields of a closure are constant. What a coroutine that has
//	just been made refers to may not be there to see yet: nil is not followed. So whatever is read, no
//	other harm is done than that a line is brought in which nobody needs. The race
//	detector does not know that: with it, nobody looks.

const (
	// aheadFrom is how many fibers are worth it: less, and one has hardly waited for
	// the first.
	aheadFrom = 2
	// manyReady is how many ready fibers are taken to have pushed each other out of
	// the cache of a core: each of them takes more than a kilobyte of it.
	manyReady = 1024
)

// fetch has the record of f brought in.
func (f *fiber) fetch() { prefetch.Line(uintptr(unsafe.Pointer(f))) }

// readAhead has brought in what it takes to switch to the fibers, at most turnPicks,
// whose records are there already. The caller owns them (or see A1).
func readAhead(fibers []*fiber) {
	type way struct {
		co *coroutine
		g  uintptr
	}
	var ways [turnPicks]way
	n := 0
	for _, f := range fibers {
		if co := f.co; co != nil { // A1
			ways[n] = way{co, f.g.get()}
			prefetch.Line(uintptr(unsafe.Pointer(co)))
			prefetch.Goroutine(ways[n].g)
			prefetch.Line(registry.Home(ways[n].g))
			n++
		}
	}
	for _, x := range ways[:n] {
		prefetch.Stack(x.g)
		prefetch.Line(uintptr(unsafe.Pointer(x.co.At())))
	}
	direct := coro.Direct()
	for _, x := range ways[:n] {
		if at := x.co.At(); at != nil { // A1
			slot, yield := at.Near()
			prefetch.Line(slot)
			if !direct {
				prefetch.Line(yield)
			}
		}
	}
	if direct {
		return
	}
	for _, x := range ways[:n] {
		if at := x.co.At(); at != nil { // A1
			first, second := at.Far() // A1
			prefetch.Line(first)
			prefetch.Line(second)
		}
	}
}

// readRing is readAhead for the fibers of a ring that run until the next turn: so many
// are ready there that those cannot be in the cache.
func (s *scheduler) readRing(ring *worksteal.RingOwner[fiber]) {
	if race.Enabled { // A1
		return
	}
	var batch [turnPicks]*fiber
	next := batch[:0]
	ring.Each(func(f *fiber) bool {
		f.fetch()
		next = append(next, f)
		return len(next) < s.interval
	})
	readAhead(next)
}
