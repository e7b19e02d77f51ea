package runtime

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

// What an examination says of what it has counted: who is stuck, who puts where nobody gets,
// which objects are hot, who keeps schedulers, and who was late for that.

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

// putters lists those who put where nobody gets. If a fiber is queued for about as long as one puts, it
// may be the one that will get.
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
		if o != nil && o.puts == o.waiters && !getting[uintptr(f.Wants.ID)] && f.For > 2*x.longest {
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

// hogs lists who keeps schedulers, who was late, and what is queued.
func (x *examination) hogs(rts []*Runtime) {
	if len(rts) == 0 {
		rts = Runtimes()
	}
	for _, rt := range rts {
		l := rt.lookout()
		for f, r := range l.running {
			if idle := time.Duration(l.now - r.s.turned.Load()); idle < hogFrom {
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
		for _, r := range rt.allSchedulers() {
			e := r.s.seen.Load()
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
