package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	mostGroups = 100
	// What a grouping holds at most: beyond, groups of one are dropped, and counted
	// together.
	keptGroups = 50_000
)

// A groupView is fibers that have something in common.
type groupView struct {
	Key     string         `json:"key"` // what they have in common; "" where it is not known
	Count   int            `json:"count"`
	Running int            `json:"running"` // of these, those that run or are queued
	Reasons map[string]int `json:"reasons"` // and what the others wait for
	Oldest  time.Duration  `json:"oldest_ns"`
	Example uint64         `json:"example"` // the number of one of them
	// Growth is how many more there are than a while ago, a second; Past how many there
	// were at each of the last seconds. Both only by site, while a page is served.
	Growth float64 `json:"growth_per_s"`
	Past   []int64 `json:"past,omitempty"`
}

// groups is a grouping that is being made.
type groups struct {
	by  string
	all map[string]*groupView
	// lost counts fibers whose groups were dropped.
	lost int
}

func newGroups(by string) *groups { return &groups{by: by, all: map[string]*groupView{}} }

func (g *groups) key(i *fibers.FiberInfo) string {
	switch g.by {
	case byFunc:
		return i.Func
	case byName:
		return i.Name
	case byObject:
		if i.State != fibers.Waiting {
			return ""
		}
		return i.Wants.String()
	case byParent:
		if i.Parent == 0 {
			return ""
		}
		return strconv.FormatUint(i.Parent, 10)
	}
	return i.Site
}

func (g *groups) add(i *fibers.FiberInfo) {
	key := g.key(i)
	v := g.all[key]
	if v == nil {
		if len(g.all) >= keptGroups {
			for k, v := range g.all {
				if v.Count == 1 {
					g.lost++
					delete(g.all, k)
				}
			}
			if len(g.all) >= keptGroups {
				g.lost++
				return
			}
		}
		v = &groupView{Key: key, Reasons: map[string]int{}, Example: i.ID}
		g.all[key] = v
	}
	v.Count++
	if i.State == fibers.Waiting {
		v.Reasons[i.Reason]++
	} else {
		v.Running++
	}
	if i.For > v.Oldest {
		v.Oldest, v.Example = i.For, i.ID
	}
}

// views returns the largest groups, with their growth.
func (g *groups) views(most int) []groupView {
	all := make([]groupView, 0, len(g.all))
	past := map[string]*fibers.SiteCount{}
	if g.by == bySite {
		for _, s := range fibers.Sites() {
			if p := past[s.Site]; p == nil || p.Alive < s.Alive {
				past[s.Site] = &s
			}
		}
	}
	for _, v := range g.all {
		if s := past[v.Key]; s != nil {
			v.Past = s.Past
			v.Growth = perSecond(s.Past)
		}
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b groupView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return all[:min(len(all), most)]
}

// perSecond returns how much past has grown in the last ten seconds, a second.
func perSecond(past []int64) float64 {
	if len(past) < 2 {
		return 0
	}
	recent := past[max(0, len(past)-11):]
	return float64(recent[len(recent)-1]-recent[0]) / float64(len(recent)-1)
}

// Why renders what the fibers of the group wait for.
func (v groupView) Why() string {
	type reason struct {
		name string
		n    int
	}
	var all []reason
	for name, n := range v.Reasons {
		all = append(all, reason{name, n})
	}
	slices.SortFunc(all, func(a, b reason) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	s := ""
	for i, r := range all {
		if i == 3 {
			return s + ", …"
		}
		if i > 0 {
			s += ", "
		}
		if s += r.name; len(all) > 1 || v.Running > 0 {
			s += fmt.Sprintf(" ×%d", r.n)
		}
	}
	return s
}

// Since renders how long the first of them has been doing what it does.
func (v groupView) Since() string { return people(v.Oldest) }

// Rate renders the growth.
func (v groupView) Rate() string {
	if v.Growth > -0.05 && v.Growth < 0.05 {
		return ""
	}
	return fmt.Sprintf("%+.1f/s", v.Growth)
}

// Spark renders the past as the points of a polyline, 60 by 16.
func (v groupView) Spark() string {
	if len(v.Past) < 2 {
		return ""
	}
	most := max(slices.Max(v.Past), 1)
	s := ""
	for i, n := range v.Past {
		s += fmt.Sprintf("%.1f,%.1f ", float64(i)*60/float64(len(v.Past)-1), 15-14*float64(n)/float64(most))
	}
	return s
}
