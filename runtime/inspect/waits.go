package inspect

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// waitsView is who waits for whom, as JSON.
type waitsView struct {
	Time       time.Time      `json:"time"`
	Deadlocks  []deadlockView `json:"deadlocks"`
	Stuck      []stuckView    `json:"stuck"`
	StuckCount int            `json:"stuck_count"`
	Puts       []stuckView    `json:"puts"` // that nobody gets
	Hot        []hotView      `json:"hot"`
	Text       string         `json:"text"` // the same for people
}

type deadlockView struct {
	Fibers []stuckView `json:"fibers"`
	Behind int         `json:"behind"`
}

type stuckView struct {
	ID     uint64        `json:"id"`
	Name   string        `json:"name"`
	Func   string        `json:"func"`
	Site   string        `json:"site"`
	Reason string        `json:"reason"`
	Wait   time.Duration `json:"wait_ns"`
	Wants  objectView    `json:"wants"`
	HeldBy []uint64      `json:"held_by"`
	Held   time.Duration `json:"held_ns"`
	Parent uint64        `json:"parent"`
}

type hotView struct {
	Object  objectView    `json:"object"`
	Waiters int           `json:"waiters"`
	HeldBy  []uint64      `json:"held_by"`
	Held    time.Duration `json:"held_ns"`
	Oldest  time.Duration `json:"oldest_ns"`
	Holder  *fiberView    `json:"holder,omitempty"`
}

func newWaitsView(r *fibers.Report) waitsView {
	v := waitsView{Time: r.Time, Deadlocks: []deadlockView{}, Hot: []hotView{}, StuckCount: r.StuckCount, Text: r.String()}
	for _, d := range r.Deadlocks {
		v.Deadlocks = append(v.Deadlocks, deadlockView{stuckViews(d.Fibers), d.Behind})
	}
	v.Stuck, v.Puts = stuckViews(r.Stuck), stuckViews(r.Puts)
	for _, h := range r.Hot {
		hv := hotView{objectView{h.Kind, h.ID}, h.Waiters, append([]uint64{}, h.HeldBy...), h.Held, h.Oldest, nil}
		if h.Holder != nil {
			f := newFiberView(h.Holder)
			hv.Holder = &f
		}
		v.Hot = append(v.Hot, hv)
	}
	return v
}

func stuckViews(fs []fibers.FiberWait) []stuckView {
	all := []stuckView{}
	for _, f := range fs {
		all = append(all, stuckView{
			ID: f.ID, Name: f.Name, Func: f.Func, Site: f.Site, Reason: f.Reason, Wait: f.For,
			Wants: objectView{f.Wants.Kind, f.Wants.ID}, HeldBy: append([]uint64{}, f.HeldBy...), Held: f.Held, Parent: f.Parent,
		})
	}
	return all
}

// dot writes the graph of who waits for whom, for graphviz.
func (v *waitsView) dot(w io.Writer) {
	fmt.Fprintln(w, "digraph waits {\n\tnode [shape=box];")
	for _, d := range v.Deadlocks {
		for _, f := range d.Fibers {
			fmt.Fprintf(w, "\tf%d [label=%s, color=red];\n", f.ID, strconv.Quote(strings.TrimSpace(fmt.Sprintf("fiber %d %s\n%s", f.ID, f.Name, place(f.Site, f.Func)))))
			for _, h := range f.HeldBy {
				fmt.Fprintf(w, "\tf%d -> f%d [label=%s];\n", f.ID, h, strconv.Quote(fmt.Sprintf("%s %#x", f.Wants.Kind, f.Wants.ID)))
			}
		}
	}
	for i, h := range v.Hot {
		fmt.Fprintf(w, "\to%d [shape=ellipse, label=%s];\n", i, strconv.Quote(fmt.Sprintf("%s %#x\n%s", h.Object.Kind, h.Object.ID, count(h.Waiters, "waiter"))))
		for _, id := range h.HeldBy {
			fmt.Fprintf(w, "\to%d -> f%d;\n", i, id)
		}
	}
	fmt.Fprintln(w, "}")
}
