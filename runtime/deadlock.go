package runtime

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Deadlocks: see examine.go.

// deadlocks finds the cycles among the nodes.
func (x *examination) deadlocks() {
	if len(x.nodes) == 0 {
		return
	}
	byID := make(map[uint64]int, len(x.nodes))
	for i := range x.nodes {
		byID[x.nodes[i].word.ID()] = i
	}
	known := map[uintptr]*arm{} // who has what, asked once for each place
	for i := range x.nodes {
		for j := range x.nodes[i].arms {
			a := &x.nodes[i].arms[j]
			at := wait.Address(a.place)
			if k := known[at]; k != nil && k.why == a.why {
				a.held, a.each = k.held, k.each
				continue
			}
			a.held, a.each = holdersOf(a.place, a.why, nil)
			known[at] = a
		}
	}
	waiters := make(map[int][]int) // of a node, those that wait for it
	for i := range x.nodes {
		seen := map[int]bool{}
		for _, a := range x.nodes[i].arms {
			for _, h := range a.held[:min(len(a.held), 64)] {
				if j, ok := byID[h.Fiber]; ok && !seen[j] {
					seen[j] = true
					waiters[j] = append(waiters[j], i)
				}
			}
		}
	}
	var work []int
	strike := func(i int) {
		if nd := &x.nodes[i]; !nd.free && !nd.blocked(x.nodes, byID) {
			nd.free = true
			work = append(work, i)
		}
	}
	for i := range x.nodes {
		strike(i)
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for _, j := range waiters[i] {
			strike(j)
		}
	}
	x.cycles(byID)
}

// blocked reports whether the node cannot go on unless one of those not struck out does.
func (nd *node) blocked(nodes []node, byID map[uint64]int) bool {
	for _, a := range nd.arms {
		dead, all := 0, len(a.held)
		for _, h := range a.held {
			if j, ok := byID[h.Fiber]; ok && !nodes[j].free {
				dead++
			}
		}
		if dead == 0 || !a.each && dead < all {
			return false
		}
	}
	return true
}

// next returns a node for which nd, which is not struck out, waits.
func (nd *node) next(nodes []node, byID map[uint64]int) int {
	for _, a := range nd.arms {
		for _, h := range a.held {
			if j, ok := byID[h.Fiber]; ok && !nodes[j].free {
				return j
			}
		}
	}
	return -1
}

// cycles follows the ways through what remains.
func (x *examination) cycles(byID map[uint64]int) {
	const (
		unseen = iota
		onWay
		done
	)
	marks := make([]uint8, len(x.nodes))
	cycleOf := make([]int, len(x.nodes)) // 1 + the number of the cycle that a node leads to
	var cycles [][]int
	for i := range x.nodes {
		if x.nodes[i].free || marks[i] != unseen {
			continue
		}
		var way []int
		j := i
		for j >= 0 && marks[j] == unseen {
			marks[j] = onWay
			way = append(way, j)
			j = x.nodes[j].next(x.nodes, byID)
		}
		number := 0
		switch {
		case j < 0:
		case marks[j] == onWay:
			cycles = append(cycles, slices.Clone(way[slices.Index(way, j):]))
			number = len(cycles)
		default:
			number = cycleOf[j]
		}
		for _, k := range way {
			marks[k], cycleOf[k] = done, number
		}
	}
	if len(cycles) == 0 {
		return
	}
	time.Sleep(confirm)
	for n, cycle := range cycles {
		if !x.holds(cycle, byID) {
			continue
		}
		d := Deadlock{}
		for _, i := range cycle {
			if w, ok := x.nodes[i].describe(); ok {
				d.Fibers = append(d.Fibers, w)
			}
		}
		if len(d.Fibers) < len(cycle) || !x.concerns(cycle) {
			continue
		}
		for i := range x.nodes {
			if cycleOf[i] == n+1 {
				d.Behind++
			}
		}
		d.Behind -= len(cycle)
		x.r.Deadlocks = append(x.r.Deadlocks, d)
	}
	slices.SortFunc(x.r.Deadlocks, func(a, b Deadlock) int { return cmp.Compare(a.Fibers[0].ID, b.Fibers[0].ID) })
}

// concerns reports whether one of the fibers is of a runtime that was asked for.
func (x *examination) concerns(cycle []int) bool {
	return x.shown == nil || slices.ContainsFunc(cycle, func(i int) bool { return x.shown[x.nodes[i].rt] })
}

// holds reports whether the cycle is still there, as it was.
func (x *examination) holds(cycle []int, byID map[uint64]int) bool {
	for _, i := range cycle {
		nd := &x.nodes[i]
		w := nd.f.word.Load()
		if w.ID() != nd.word.ID() || !w.Waits() || nd.f.sinceHint() != nd.since {
			return false
		}
		for k := range nd.arms {
			a := &nd.arms[k]
			a.held, a.each = holdersOf(a.place, a.why, nil)
		}
		if !nd.blocked(x.nodes, byID) {
			return false
		}
	}
	return true
}

// describe describes the node as one that waits.
func (nd *node) describe() (w FiberWait, ok bool) {
	l := &lookout{rt: nd.rt, now: nd.rt.clock()}
	if !l.readFiber(nd.f) || l.word.ID() != nd.word.ID() || !l.waits() {
		return w, false
	}
	w.FiberInfo = l.info()
	for _, a := range nd.arms {
		ids, longest := heldBy(a.held)
		w.HeldBy = append(w.HeldBy, ids...)
		w.Held = max(w.Held, longest)
		if len(nd.arms) > 1 && len(ids) > 0 {
			w.Wants = Object{Kind: a.why.Kind(), ID: uint64(wait.Address(a.place))}
		}
	}
	slices.Sort(w.HeldBy)
	w.HeldBy = slices.Compact(w.HeldBy)
	return w, true
}
