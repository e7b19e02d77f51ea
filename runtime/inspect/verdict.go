package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A verdict is one thing that a person should know first.
type verdict struct {
	Kind string `json:"kind"` // deadlock, stuck, hog, contention, late or growth
	Text string `json:"text"` // a sentence that names the culprit
}

const (
	contendedFrom  = 100 * time.Millisecond // a lock that is held so long while others wait
	contendedBy    = 2
	grownFrom      = 1000 // fibers more than before
	mostOfAKind    = 3
	lateDelayFrom  = 50 * time.Millisecond
	nothingUnusual = "nothing unusual"
)

// judge says what is unusual, the most urgent first. started is when the handler began
// to watch.
func judge(r *fibers.Report, sites []fibers.SiteCount, groups []groupView, watched time.Duration) []verdict {
	all := []verdict{}
	add := func(kind, format string, args ...any) {
		n := 0
		for _, v := range all {
			if v.Kind == kind {
				n++
			}
		}
		if n < mostOfAKind {
			all = append(all, verdict{kind, fmt.Sprintf(format, args...)})
		}
	}
	for _, d := range r.Deadlocks {
		parts := make([]string, 0, len(d.Fibers))
		for i, f := range d.Fibers {
			if i == 4 {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, fmt.Sprintf("%s wants the %v, held by fiber %s", who(f.FiberInfo), f.Wants, list(f.HeldBy)))
		}
		behind := ""
		if d.Behind > 0 {
			behind = fmt.Sprintf(", and %d wait behind them", d.Behind)
		}
		if len(d.Fibers) == 1 {
			add("deadlock", "1 fiber in a deadlock with itself: %s%s", parts[0], behind)
			continue
		}
		add("deadlock", "%d fibers in a deadlock: %s%s", len(d.Fibers), strings.Join(parts, "; "), behind)
	}
	if r.StuckCount > 0 {
		f := r.Stuck
		if len(f) == 0 {
			add("stuck", "%s stuck: only an ordinary goroutine could wake them", plural(r.StuckCount, "fiber"))
		} else {
			others := ""
			if r.StuckCount > 1 {
				others = fmt.Sprintf(", and %d more", r.StuckCount-1)
			}
			add("stuck", "%s has waited %s in %s, and nothing known could wake it but an ordinary goroutine%s", who(f[0].FiberInfo), people(f[0].For), f[0].Reason, others)
		}
	} else if len(r.Puts) > 0 {
		f, more := r.Puts[0], ""
		if n := len(r.Puts) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more such)", n)
		}
		add("stuck", "%s has waited %s in %s, where nobody gets%s", who(f.FiberInfo), people(f.For), f.Reason, more)
	}
	for _, h := range r.Hogs {
		at := ""
		if h.At != "" {
			at = " at " + place(h.At, h.AtFunc)
		}
		add("hog", "scheduler %d held by %s%s for %s", h.Scheduler, who(h.FiberInfo), at, people(h.For))
	}
	for _, h := range r.Hot {
		if h.Waiters < contendedBy || len(h.HeldBy) == 0 || h.Held < contendedFrom {
			continue
		}
		doing := ""
		if h.Holder != nil {
			doing = ", which is " + h.Holder.Doing()
			if h.Holder.Reason != "" {
				doing = ", which waits in " + h.Holder.Reason
			}
			add("contention", "%d fibers wait for the %v, held for %s by %s%s", h.Waiters, h.Object, people(h.Held), who(*h.Holder), doing)
		} else {
			add("contention", "%d fibers wait for the %v, held for %s by fiber %s", h.Waiters, h.Object, people(h.Held), list(h.HeldBy))
		}
	}
	for _, l := range r.Late {
		if l.Delay < lateDelayFrom {
			continue
		}
		because := ""
		switch {
		case len(r.Hogs) > 0:
			because = fmt.Sprintf(": scheduler %d is held by %s", r.Hogs[0].Scheduler, who(r.Hogs[0].FiberInfo))
		case len(r.Queued) > 0:
			because = fmt.Sprintf(": %d fibers of %s are queued", r.Queued[0].Fibers, place(r.Queued[0].Site, r.Queued[0].Func))
		}
		add("late", "%s ran %s late, %s ago%s", who(fibers.FiberInfo{ID: l.Fiber, Name: l.Name, Func: l.Func, Site: l.Site}), people(l.Delay), people(l.Ago), because)
	}
	for _, g := range grown(sites, groups, watched) {
		add("growth", "%s grows: %d fibers, %d more than %s ago (%.0f/s), most of them waiting in %s",
			place(g.site.Site, g.site.Func), g.site.Alive, g.more, people(g.in), float64(g.more)/g.in.Seconds(), cmp.Or(g.reason, "nothing: they run"))
	}
	return all
}

// growing is a site of which there are many more fibers than before.
type growing struct {
	site   fibers.SiteCount
	more   int64
	in     time.Duration
	idle   int // how many wait for what only others give
	reason string
}

// grown returns the sites that have grown, those first whose fibers wait for others:
// fibers that wait for time or descriptors go on by themselves.
func grown(sites []fibers.SiteCount, groups []groupView, watched time.Duration) (all []growing) {
	bySite := map[string]*groupView{}
	for i := range groups {
		bySite[groups[i].Key] = &groups[i]
	}
	for _, s := range sites {
		g := growing{site: s, more: s.Alive, in: max(watched, time.Second)}
		if n := len(s.Past); n > 1 {
			g.more, g.in = s.Alive-s.Past[0], time.Duration(n-1)*time.Second
			if s.Past[0] == 0 { // it began meanwhile
				first := slices.IndexFunc(s.Past, func(n int64) bool { return n > 0 })
				g.in = time.Duration(max(n-first, 1)) * time.Second
			}
		}
		if g.more < grownFrom || g.more < s.Alive/4 {
			continue
		}
		if v := bySite[s.Site]; v != nil {
			most := 0
			for reason, n := range v.Reasons {
				switch reason {
				case "sleep", "timer", "tick", "read", "write", "blocking call", "wait for a thread", "context done":
				default:
					g.idle += n
				}
				if n > most {
					most, g.reason = n, reason
				}
			}
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b growing) int {
		return cmp.Or(cmp.Compare(b.idle, a.idle), cmp.Compare(b.more, a.more), cmp.Compare(a.site.Site, b.site.Site))
	})
	return all
}

// who names a fiber in a sentence.
func who(i fibers.FiberInfo) string {
	s := fmt.Sprintf("fiber %d", i.ID)
	if i.Name != "" {
		s += fmt.Sprintf(" %q", i.Name)
	}
	if at := place(i.Site, i.Func); at != "" {
		s += " of " + at
	}
	return s
}

// place names a spawn site and a function: "main.work (main.go:12)".
func place(site, fn string) string {
	if i := strings.LastIndexByte(site, '/'); i >= 0 {
		site = site[i+1:]
	}
	if i := strings.LastIndexByte(fn, '/'); i >= 0 {
		fn = fn[i+1:]
	}
	switch {
	case site == "":
		return fn
	case fn == "":
		return site
	}
	return fn + " (" + site + ")"
}

func list(ids []uint64) string {
	s := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids[:min(len(ids), 5)]), " ", ", "), "[]")
	if len(ids) > 5 {
		s += ", …"
	}
	return s
}

func plural(n int, thing string) string { return count(n, thing) }
