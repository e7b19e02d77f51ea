package runtime

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Those who have waited longest, of very many.

// A waitHeap keeps those that have waited longest.
type waitHeap struct {
	all []waitEntry
	n   int // how many there were
}

type waitEntry struct {
	FiberInfo
	place any
	why   wait.Reason
	parts []wait.Part
}

func (h *waitHeap) Len() int           { return len(h.all) }
func (h *waitHeap) Less(i, j int) bool { return h.all[i].For < h.all[j].For }
func (h *waitHeap) Swap(i, j int)      { h.all[i], h.all[j] = h.all[j], h.all[i] }
func (h *waitHeap) Push(x any)         { h.all = append(h.all, x.(waitEntry)) }
func (h *waitHeap) Pop() any {
	x := h.all[len(h.all)-1]
	h.all = h.all[:len(h.all)-1]
	return x
}

// add keeps the fiber that l looks at, if it is among the longest.
func (h *waitHeap) add(l *lookout, why wait.Reason) {
	h.n++
	if len(h.all) == mostListed {
		if time.Duration(l.now-l.since) <= h.all[0].For {
			return
		}
		heap.Pop(h)
	}
	heap.Push(h, waitEntry{FiberInfo: l.info(), place: l.place, why: why, parts: slices.Clone(l.parts)})
}

// sorted returns them, the longest first.
func (h *waitHeap) sorted() []FiberWait {
	slices.SortFunc(h.all, func(a, b waitEntry) int {
		return cmp.Or(cmp.Compare(b.For, a.For), cmp.Compare(a.ID, b.ID))
	})
	all := make([]FiberWait, len(h.all))
	for i, e := range h.all {
		all[i] = FiberWait{FiberInfo: e.FiberInfo}
		if e.place != nil && lockLike(e.why) {
			held, _ := holdersOf(e.place, e.why, nil)
			all[i].HeldBy, all[i].Held = heldBy(held)
		}
	}
	return all
}
