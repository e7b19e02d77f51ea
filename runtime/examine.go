package runtime

import (
	"cmp"
	"container/heap"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// Who waits for whom.
//
// One walk over all fibers counts what there is and notes who waits at a lock, a task
// or a group, of which it may be known who has it. Then whoever can go on is struck out
// again and again: one whose lock is held by nobody that is left. Who remains waits for
// others that remain, and in that graph each way leads into a cycle: a deadlock.
//
// The walk is of no single moment. So a cycle counts only if, looked at once more some
// milliseconds later, each fiber in it is in the same wait and each lock held by the
// same ones: had any of them gone on meanwhile, it would have to have come back to the
// same place within that millisecond.

const (
	maxNodes   = 200_000 // who waits at locks; more are only counted
	maxObjects = 50_000  // objects told apart; beyond, those with one waiter are dropped
	hotObjects = 20
	mostListed = 100
	hogFrom    = 100 * time.Millisecond
	putFrom    = time.Second
	confirm    = 2 * time.Millisecond
)

// A node is a fiber that waits at locks alone.
type node struct {
	rt    *Runtime
	f     *fiber
	word  uint64
	since uint32
	arms  []arm
	free  bool // it may go on
}

// An arm is one of the places where it waits.
type arm struct {
	place any
	why   wait.Reason
	held  []wait.Holder
	each  bool // any of the holders keeps it from going on; else all together
}

// holdersOf says who has a place, as wait.Holders does; of the engine's places too.
func holdersOf(place any, why wait.Reason, to []wait.Holder) (_ []wait.Holder, each bool) {
	switch p := place.(type) {
	case *future:
		if by := p.by.Load(); by != 0 {
			to = append(to, wait.Holder{Fiber: by})
		}
		return to, true
	case *Group:
		p.mu.Lock()
		defer p.mu.Unlock()
		for id := range p.mu.members {
			to = append(to, wait.Holder{Fiber: id})
		}
		if len(p.mu.members) < p.mu.active && why == wait.Room {
			to = append(to, wait.Holder{})
		}
		return to, why != wait.Room
	case *groupSource:
		return holdersOf((*Group)(p), why, to)
	case interface {
		holders(to []wait.Holder) []wait.Holder
	}: // any of them may end the wait
		return p.holders(to), false
	}
	return wait.Holders(place, to)
}

// lockLike reports whether it may be known who has what is waited for.
func lockLike(why wait.Reason) bool {
	switch why {
	case wait.Lock, wait.RWLock, wait.RWRLock, wait.Acquire, wait.Await, wait.Group, wait.Room:
		return true
	}
	return false
}

// puts reports whether somebody offers something.
func puts(why wait.Reason) bool {
	return why == wait.ChanPut || why == wait.QueuePut || why == wait.MVarPut
}

// An examination is one call of Examine.
type examination struct {
	r       Report
	shown   map[*Runtime]bool // those that were asked for
	nodes   []node
	objects map[uintptr]*objectCount
	now     int64 // by wait.Now, of the batch that is looked at
	busy    int   // fibers that run or are queued
	outside int   // that something else may wake
	waiting waitHeap
	putting waitHeap
	queued  map[*site]*crowd
}

// A crowd is the queued fibers of one site.
type crowd struct {
	n  int
	fn string // the function of one of them
}

type objectCount struct {
	place   any
	why     wait.Reason
	waiters int
	puts    int
	since   int64 // by wait.Now, of the first
}

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

// heldBy returns the fibers among the holders, and the longest time.
func heldBy(held []wait.Holder) (ids []uint64, longest time.Duration) {
	now := wait.Now()
	for _, h := range held {
		if h.Fiber != 0 {
			ids = append(ids, h.Fiber)
		}
		if h.Since != 0 {
			longest = max(longest, time.Duration(now-h.Since))
		}
	}
	return ids, longest
}

// Examine finds out who waits for whom among the fibers of the runtimes given, or of
// all that are open: deadlocks, fibers that nothing can wake, contended objects, and
// fibers that keep a scheduler. What it knows of waits and locks is of those that began
// while somebody watched: see Watch. It stops nobody; with a million fibers it takes
// some tenths of a second. Only where a fiber has kept a scheduler for a tenth of a second
// it has the Go runtime stop all goroutines for an instant, to see at which line that
// fiber is (on Linux and macOS, amd64 and arm64, with a version of Go that is known).
func Examine(rts ...*Runtime) Report {
	x := &examination{
		r:       Report{Time: time.Now()},
		objects: make(map[uintptr]*objectCount),
		queued:  make(map[*site]*crowd),
	}
	if len(rts) > 0 {
		x.shown = make(map[*Runtime]bool)
		for _, rt := range rts {
			x.shown[rt] = true
		}
	}
	quiet := true
	for _, rt := range allRuntimes(rts) {
		if !x.walk(rt) {
			quiet = false
		}
	}
	x.deadlocks()
	if quiet && x.busy+x.outside == 0 {
		x.stuck()
	}
	x.putters()
	x.hot()
	x.hogs(rts)
	return x.r
}

// allRuntimes returns the open runtimes and those of rts that are not open any more.
func allRuntimes(rts []*Runtime) []*Runtime {
	all := Runtimes()
	for _, rt := range rts {
		if !slices.Contains(all, rt) {
			all = append(all, rt)
		}
	}
	return all
}

// walk looks at the fibers of rt. It reports whether nothing but a fiber could happen
// in it: no timer is set.
func (x *examination) walk(rt *Runtime) (quiet bool) {
	shown := x.shown == nil || x.shown[rt]
	l := rt.lookout()
	l.divides = true
	x.now = wait.Now()
	n := 0
	rt.records.each(func(f *fiber) bool {
		if n++; n%lookBatch == 0 {
			goruntime.Gosched()
			l.now, x.now = rt.clock(), wait.Now()
		}
		if l.readFiber(f) {
			if shown {
				x.r.Fibers++
			}
			x.see(l, shown)
		}
		return true
	})
	return rt.sim == nil && rt.nextTimer() == never
}

// see takes note of the fiber that l looks at.
func (x *examination) see(l *lookout, shown bool) {
	if !l.waits() {
		x.busy++
		if s := l.from.where(); shown && s != nil && l.on < 0 {
			q := x.queued[s]
			if q == nil {
				q = &crowd{fn: l.info().Func}
				x.queued[s] = q
			}
			q.n++
		}
		return
	}
	why := l.reason()
	parts := l.parts
	if len(parts) == 0 {
		parts = append(l.parts[:0], wait.Part{Place: l.place, Why: why})
	}
	outside, locks := false, true
	for _, p := range parts {
		outside = outside || p.Why.Outside()
		locks = locks && lockLike(p.Why) && p.Place != nil
	}
	if why == wait.Choice && l.place == nil {
		outside = true // it is not known where it waits
	}
	if outside {
		x.outside++
	}
	if !shown && !locks {
		return
	}
	if locks && len(x.nodes) < maxNodes {
		nd := node{rt: l.rt, f: l.f, word: l.word, since: l.f.sinceHint()}
		for _, p := range parts {
			nd.arms = append(nd.arms, arm{place: p.Place, why: p.Why})
		}
		x.nodes = append(x.nodes, nd)
	}
	if !shown {
		return
	}
	if !outside {
		x.waiting.add(l, why)
	}
	for _, p := range parts {
		if p.Place != nil && !p.Why.Outside() {
			x.count(l, p)
		}
	}
	if l.place != nil && puts(why) && time.Duration(l.now-l.since) >= putFrom {
		x.putting.add(l, why)
	}
}

// sinceHint returns when the fiber began to wait, as a mark by which a wait can be told
// from the next one (O1).
//
//go:norace
func (f *fiber) sinceHint() uint32 { return f.since }

// count counts one who waits at an object.
func (x *examination) count(l *lookout, p wait.Part) {
	at := wait.Address(p.Place)
	o := x.objects[at]
	if o == nil {
		if len(x.objects) >= maxObjects {
			for k, o := range x.objects {
				if o.waiters == 1 {
					delete(x.objects, k)
				}
			}
			if len(x.objects) >= maxObjects {
				return
			}
		}
		o = &objectCount{place: p.Place, why: p.Why, since: x.now}
		x.objects[at] = o
	}
	o.waiters++
	if puts(p.Why) {
		o.puts++
	}
	o.since = min(o.since, x.now-(l.now-l.since))
}

// stuck lists those that nothing known can wake, but for those in a deadlock.
func (x *examination) stuck() {
	dead := map[uint64]bool{}
	for _, d := range x.r.Deadlocks {
		for _, f := range d.Fibers {
			dead[f.ID] = true
		}
	}
	x.r.Stuck = slices.DeleteFunc(x.waiting.sorted(), func(f FiberWait) bool { return dead[f.ID] })
	x.r.StuckCount = max(x.waiting.n-len(dead), len(x.r.Stuck))
}

// putters lists those who put where nobody gets.
func (x *examination) putters() {
	getting := map[uintptr]bool{}
	wait.Visitors(func(place any, why wait.Reason, _ int64) bool {
		if place != nil && !puts(why) {
			getting[wait.Address(place)] = true
		}
		return true
	})
	for _, f := range x.putting.sorted() {
		o := x.objects[uintptr(f.Wants.ID)]
		if o != nil && o.puts == o.waiters && !getting[uintptr(f.Wants.ID)] {
			x.r.Puts = append(x.r.Puts, f)
		}
	}
}

// hot lists the objects with most waiters and the longest holds.
func (x *examination) hot() {
	all := make([]*objectCount, 0, len(x.objects))
	for _, o := range x.objects {
		if o.waiters > 1 || lockLike(o.why) {
			all = append(all, o)
		}
	}
	most := func(a, b *objectCount) int {
		return cmp.Or(cmp.Compare(b.waiters, a.waiters), cmp.Compare(a.since, b.since))
	}
	slices.SortFunc(all, most)
	chosen := slices.Clone(all[:min(len(all), hotObjects)])
	byID := map[uint64]*FiberInfo{}
	for _, o := range chosen {
		h := HotObject{
			Object:  Object{Kind: o.why.Kind(), ID: uint64(wait.Address(o.place))},
			Waiters: o.waiters, Oldest: time.Duration(wait.Now() - o.since),
		}
		held, _ := holdersOf(o.place, o.why, nil)
		h.HeldBy, h.Held = heldBy(held)
		if len(h.HeldBy) > 0 {
			byID[h.HeldBy[0]] = nil
		}
		x.r.Hot = append(x.r.Hot, h)
	}
	find(byID)
	for i := range x.r.Hot {
		if h := &x.r.Hot[i]; len(h.HeldBy) > 0 {
			h.Holder = byID[h.HeldBy[0]]
		}
	}
}

// find describes the fibers whose numbers are the keys.
func find(byID map[uint64]*FiberInfo) {
	if len(byID) == 0 {
		return
	}
	left := len(byID)
	for _, rt := range Runtimes() {
		l := rt.lookout()
		rt.records.each(func(f *fiber) bool {
			if _, wanted := byID[f.word.Load()>>idShift]; wanted && l.readFiber(f) {
				if at, wanted := byID[l.word>>idShift]; wanted && at == nil {
					i := l.info()
					byID[i.ID] = &i
					left--
				}
			}
			return left > 0
		})
	}
}

// Find returns the fiber of that number, if it is alive.
func (rt *Runtime) Find(id uint64) (info FiberInfo, ok bool) {
	rt.check("Find")
	l := rt.lookout()
	rt.records.each(func(f *fiber) bool {
		if f.word.Load()>>idShift == id && l.readFiber(f) && l.word>>idShift == id {
			info, ok = l.info(), true
		}
		return !ok
	})
	return info, ok
}

// hogs lists who keeps schedulers, who was late, and what is queued.
func (x *examination) hogs(rts []*Runtime) {
	if len(rts) == 0 {
		rts = Runtimes()
	}
	for _, rt := range rts {
		l := rt.lookout()
		for f, s := range l.running {
			if idle := time.Duration(l.now - s.turned.Load()); idle < hogFrom {
				continue
			}
			if l.readFiber(f) && !l.waits() && l.on >= 0 {
				if i := l.info(); i.For >= hogFrom {
					h := Hog{FiberInfo: i}
					if len(x.r.Hogs) < locatedHogs {
						h.AtFunc, h.At = locate(f, i.ID)
					}
					x.r.Hogs = append(x.r.Hogs, h)
				}
			}
		}
		for _, s := range rt.allSchedulers() {
			e := s.seen.Load()
			if e == nil {
				continue
			}
			for i := range e.late {
				if late := e.late[i].Load(); late != nil && wait.Now()-late.at < int64(lateFor) {
					d := late.describe()
					if q := x.queued[late.site]; q != nil {
						d.Crowd = q.n
					}
					x.r.Late = append(x.r.Late, d)
				}
			}
		}
	}
	slices.SortFunc(x.r.Hogs, func(a, b Hog) int { return cmp.Compare(b.For, a.For) })
	slices.SortFunc(x.r.Late, func(a, b Lateness) int {
		return cmp.Or(cmp.Compare(a.Crowd, b.Crowd), cmp.Compare(b.Delay, a.Delay)) // the crowd is what the others are late for
	})
	x.r.Late = slices.CompactFunc(x.r.Late, func(a, b Lateness) bool { return a.Site == b.Site && a.Func == b.Func })
	for s, q := range x.queued {
		x.r.Queued = append(x.r.Queued, QueuedSite{Site: s.place, Func: q.fn, Fibers: q.n})
	}
	slices.SortFunc(x.r.Queued, func(a, b QueuedSite) int {
		return cmp.Or(cmp.Compare(b.Fibers, a.Fibers), cmp.Compare(a.Site, b.Site))
	})
	x.r.Queued = x.r.Queued[:min(len(x.r.Queued), 5)]
}

func (l *lateness) describe() Lateness {
	d := Lateness{Fiber: l.fiber, Name: l.name, Delay: l.delay, Ago: time.Duration(wait.Now() - l.at)}
	if l.fn != 0 {
		d.Func = entries.of(l.fn, resolveEntry).fn
	}
	if l.site != nil {
		d.Site = l.site.place
	}
	return d
}
