package inspect

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A view is what the page shows. Its JSON form is a promise: fields are added,
// never renamed.
type view struct {
	Time     time.Time     `json:"time"`
	Limit    int           `json:"limit"`
	Note     string        `json:"note,omitempty"` // why there is nothing to see
	Verdicts []verdict     `json:"verdicts"`       // most urgent first
	By       string        `json:"by"`             // what Groups are by
	Groups   []groupView   `json:"groups"`         // of the matched fibers, the largest first
	Runtimes []runtimeView `json:"runtimes"`
}

type runtimeView struct {
	Stats   statsView   `json:"stats"`
	Total   int         `json:"total"`   // fibers alive
	Matched int         `json:"matched"` // of these, those that the query asks for
	Waits   []waitView  `json:"waits"`   // the matched ones by state and reason, most first
	Fibers  []fiberView `json:"fibers"`  // the first Limit matched ones
}

type statsView struct {
	Fibers     int             `json:"fibers"`
	Spawned    uint64          `json:"spawned"`
	Coroutines int             `json:"idle_coroutines"`
	StandIns   uint64          `json:"stand_ins"`
	Unseated   int             `json:"unseated"`
	Blocking   blockingView    `json:"blocking"`
	Blockers   []blockerView   `json:"blockers"`
	Pinned     bool            `json:"pinned"`
	PinError   string          `json:"pin_error,omitempty"`
	Schedulers []schedulerView `json:"schedulers"`
}

// A blockingView is the calls of Blocking.
type blockingView struct {
	Limit   int `json:"limit,omitempty"`
	Running int `json:"running"`
	Waiting int `json:"waiting"`
}

// A blockerView is where fibers wait in Go's way.
type blockerView struct {
	Func  string `json:"func"`
	Site  string `json:"site"`
	Count uint64 `json:"count"`
}

type schedulerView struct {
	Index           int           `json:"index"`
	Fiber           uint64        `json:"fiber,omitempty"` // that it runs
	For             time.Duration `json:"for_ns,omitempty"`
	StandIn         bool          `json:"stand_in"`
	CPU             int           `json:"cpu"`
	Asleep          bool          `json:"asleep"`
	Queued          int           `json:"queued"`
	Spawned         uint64        `json:"spawned"`
	Ended           uint64        `json:"ended"`
	Parks           uint64        `json:"parks"`
	Wakes           uint64        `json:"wakes"`
	Searches        uint64        `json:"searches"`
	Stolen          uint64        `json:"stolen"`
	Lost            uint64        `json:"lost"`
	Sleeps          uint64        `json:"sleeps"`
	Polls           uint64        `json:"polls"`
	Fired           uint64        `json:"fired"`
	ProcessorYields uint64        `json:"processor_yields"`
	Passes          uint64        `json:"passes"`
	OnCore          float64       `json:"on_core"`
	Moves           uint64        `json:"moves"`

	// From the call to a sleeping scheduler until it came.
	WakeUps  uint64        `json:"wake_ups"`
	WakeP50  time.Duration `json:"wake_p50_ns"`
	WakeP99  time.Duration `json:"wake_p99_ns"`
	WakeMost time.Duration `json:"wake_most_ns"`

	// From when a fiber was queued until it ran, of those that were measured.
	Delays    uint64        `json:"delays"`
	DelayP50  time.Duration `json:"delay_p50_ns"`
	DelayP99  time.Duration `json:"delay_p99_ns"`
	DelayMost time.Duration `json:"delay_most_ns"`
}

type waitView struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Count  int    `json:"count"`
}

type fiberView struct {
	ID     uint64        `json:"id"`
	Name   string        `json:"name,omitempty"`
	State  string        `json:"state"`
	Reason string        `json:"reason,omitempty"`
	Wait   time.Duration `json:"wait_ns,omitempty"`
	Func   string        `json:"func,omitempty"`
	Site   string        `json:"site,omitempty"`

	Parent uint64        `json:"parent"`           // who spawned it, 0 for none
	Doing  string        `json:"doing"`            // running, queued, waiting; runnable where that is not known
	On     *int          `json:"on,omitempty"`     // the scheduler, if it runs
	For    time.Duration `json:"for_ns,omitempty"` // how long it has been doing that
	Age    time.Duration `json:"age_ns,omitempty"` // since it was spawned
	Wants  *objectView   `json:"wants,omitempty"`  // what it waits at
}

// An objectView is something to wait at.
type objectView struct {
	Kind string `json:"kind"`
	ID   uint64 `json:"id"`
}

// Waited returns how long the fiber has been doing what it does, for people.
func (f fiberView) Waited() string {
	if f.For == 0 && f.State != fibers.Waiting.String() {
		return ""
	}
	return people(f.For)
}

// people renders a time for people.
func people(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// noRuntimes is said where there is nothing to see.
const noRuntimes = "no runtime is open: fibers.Run, fibers.New or fibers.Go makes one"

// look gathers what q asks for.
func look(ctx context.Context, rts []*fibers.Runtime, q query) (view, error) {
	v := view{Time: time.Now(), Limit: q.Limit, Verdicts: []verdict{}, By: q.By, Groups: []groupView{}, Runtimes: []runtimeView{}}
	if len(rts) == 0 {
		v.Note = noRuntimes
	}
	g := newGroups(q.By)
	for _, rt := range rts {
		r, err := lookAt(ctx, rt, q, g)
		if err != nil {
			return v, err
		}
		v.Runtimes = append(v.Runtimes, r)
	}
	v.Groups = g.views(mostGroups)
	return v, nil
}

// A top keeps the first fibers in the order of a query, and no more.
type top struct {
	q     *query
	infos []fibers.FiberInfo
}

func (t *top) Len() int           { return len(t.infos) }
func (t *top) Less(i, j int) bool { return t.q.before(&t.infos[j], &t.infos[i]) } // the last one first
func (t *top) Swap(i, j int)      { t.infos[i], t.infos[j] = t.infos[j], t.infos[i] }
func (t *top) Push(x any)         { t.infos = append(t.infos, x.(fibers.FiberInfo)) }
func (t *top) Pop() any {
	x := t.infos[len(t.infos)-1]
	t.infos = t.infos[:len(t.infos)-1]
	return x
}

func (t *top) add(i *fibers.FiberInfo) {
	switch {
	case len(t.infos) < t.q.Limit:
		heap.Push(t, *i)
	case t.q.Limit > 0 && t.q.before(i, &t.infos[0]):
		t.infos[0] = *i
		heap.Fix(t, 0)
	}
}

func lookAt(ctx context.Context, rt *fibers.Runtime, q query, g *groups) (runtimeView, error) {
	v := runtimeView{Stats: newStatsView(rt.Stats()), Waits: []waitView{}, Fibers: []fiberView{}} // empty lists, not null
	counts := map[waitView]int{}
	first := &top{q: &q}
	done := ctx.Done()
	for i := range rt.EachFiber {
		if v.Total++; v.Total%4096 == 0 {
			select {
			case <-done:
				return v, ctx.Err()
			default:
			}
		}
		if !q.matches(&i) {
			continue
		}
		v.Matched++
		counts[waitView{State: i.State.String(), Reason: i.Reason}]++
		g.add(&i)
		first.add(&i)
	}
	for w, n := range counts {
		w.Count = n
		v.Waits = append(v.Waits, w)
	}
	slices.SortFunc(v.Waits, func(a, b waitView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(first.infos, func(a, b fibers.FiberInfo) int {
		if q.before(&a, &b) {
			return -1
		}
		return 1
	})
	for n := range first.infos {
		v.Fibers = append(v.Fibers, newFiberView(&first.infos[n]))
	}
	return v, nil
}

func newFiberView(i *fibers.FiberInfo) fiberView {
	f := fiberView{
		ID: i.ID, Name: i.Name, State: i.State.String(), Reason: i.Reason, Func: i.Func, Site: i.Site,
		Parent: i.Parent, Doing: i.Doing(), For: i.For, Age: i.Age,
	}
	if i.State == fibers.Waiting {
		f.Wait = i.For
		f.Wants = &objectView{i.Wants.Kind, i.Wants.ID}
	}
	if i.Running {
		f.On = &i.Scheduler
	}
	return f
}

func newStatsView(st fibers.Stats) statsView {
	v := statsView{
		Fibers: st.Fibers, Spawned: st.Spawned, Coroutines: st.Coroutines, StandIns: st.StandIns, Unseated: st.Unseated, Blocking: blockingView(st.Blocking), Blockers: []blockerView{},
		Pinned: st.Pinned, Schedulers: make([]schedulerView, len(st.Schedulers)),
	}
	for _, b := range st.Blockers {
		v.Blockers = append(v.Blockers, blockerView{b.Func, b.Site, b.Count})
	}
	if st.PinError != nil {
		v.PinError = st.PinError.Error()
	}
	for i, s := range st.Schedulers {
		v.Schedulers[i] = schedulerView{
			Index: s.Index, StandIn: s.StandIn, CPU: s.CPU, Asleep: s.Asleep, Queued: s.Queued,
			Spawned: s.Spawned, Ended: s.Ended, Parks: s.Parks, Wakes: s.Wakes,
			Searches: s.Searches, Stolen: s.Stolen, Sleeps: s.Sleeps, ProcessorYields: s.ProcessorYields,
			Passes: s.Passes, OnCore: s.OnCore, Moves: s.Moves,
			Fiber: s.Fiber, For: s.For, Delays: s.Delays.Count(), DelayP50: s.Delays.Quantile(0.5), DelayP99: s.Delays.Quantile(0.99), DelayMost: s.Delays.Quantile(1),
			Lost: s.Lost, Polls: s.Polls, Fired: s.Fired,
			WakeUps: s.WakeUps.Count(), WakeP50: s.WakeUps.Quantile(0.5), WakeP99: s.WakeUps.Quantile(0.99), WakeMost: s.WakeUps.Quantile(1),
		}
	}
	return v
}
