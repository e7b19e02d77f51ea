package runtime

import (
	goruntime "runtime"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/parkword"
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
	word  parkword.Seen
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
	longest time.Duration // that any of them has been queued, as far as it is known
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
		if l.on < 0 && l.since != 0 {
			x.longest = max(x.longest, time.Duration(l.now-l.since))
		}
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

// find describes the fibers whose numbers are the keys.
func find(byID map[uint64]*FiberInfo) {
	if len(byID) == 0 {
		return
	}
	left := len(byID)
	for _, rt := range Runtimes() {
		l := rt.lookout()
		rt.records.each(func(f *fiber) bool {
			if _, wanted := byID[f.word.ID()]; wanted && l.readFiber(f) {
				if at, wanted := byID[l.word.ID()]; wanted && at == nil {
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
		if f.word.ID() == id && l.readFiber(f) && l.word.ID() == id {
			info, ok = l.info(), true
		}
		return !ok
	})
	return info, ok
}
