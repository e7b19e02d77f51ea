package inspect

import (
	"cmp"
	"slices"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A view is what the page shows. Its JSON form is a promise: fields are added,
// never renamed.
type view struct {
	Time     time.Time     `json:"time"`
	Limit    int           `json:"limit"`
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
	Pinned     bool            `json:"pinned"`
	PinError   string          `json:"pin_error,omitempty"`
	Schedulers []schedulerView `json:"schedulers"`
}

type schedulerView struct {
	Index    int     `json:"index"`
	StandIn  bool    `json:"stand_in"`
	CPU      int     `json:"cpu"`
	Asleep   bool    `json:"asleep"`
	Queued   int     `json:"queued"`
	Spawned  uint64  `json:"spawned"`
	Ended    uint64  `json:"ended"`
	Parks    uint64  `json:"parks"`
	Wakes    uint64  `json:"wakes"`
	Searches uint64  `json:"searches"`
	Stolen   uint64  `json:"stolen"`
	Lost     uint64  `json:"lost"`
	Sleeps   uint64  `json:"sleeps"`
	Polls    uint64  `json:"polls"`
	Fired    uint64  `json:"fired"`
	Breaths  uint64  `json:"breaths"`
	Turns    uint64  `json:"turns"`
	OnCore   float64 `json:"on_core"`
	Moves    uint64  `json:"moves"`

	// From the call to a sleeping scheduler until it came.
	WakeUps  uint64        `json:"wake_ups"`
	WakeP50  time.Duration `json:"wake_p50_ns"`
	WakeP99  time.Duration `json:"wake_p99_ns"`
	WakeMost time.Duration `json:"wake_most_ns"`
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
}

// Waited returns how long the fiber has waited, for people.
func (f fiberView) Waited() string { return f.Wait.Round(time.Millisecond).String() }

// look gathers what q asks for.
func look(rts []*fibers.Runtime, q query) view {
	v := view{Time: time.Now(), Limit: q.Limit}
	for _, rt := range rts {
		v.Runtimes = append(v.Runtimes, lookAt(rt, q))
	}
	return v
}

func lookAt(rt *fibers.Runtime, q query) runtimeView {
	infos := rt.Fibers()
	v := runtimeView{
		Stats: newStatsView(rt.Stats()),
		Total: len(infos),
		Waits: []waitView{}, // an empty list, not null
	}
	infos = slices.DeleteFunc(infos, func(i fibers.FiberInfo) bool { return !q.matches(&i) })
	v.Matched = len(infos)

	counts := map[waitView]int{}
	for _, i := range infos {
		counts[waitView{State: i.State.String(), Reason: i.Reason}]++
	}
	for w, n := range counts {
		w.Count = n
		v.Waits = append(v.Waits, w)
	}
	slices.SortFunc(v.Waits, func(a, b waitView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})

	q.sort(infos)
	v.Fibers = make([]fiberView, min(q.Limit, len(infos)))
	for n := range v.Fibers {
		i := &infos[n]
		v.Fibers[n] = fiberView{
			ID: i.ID, Name: i.Name, State: i.State.String(), Reason: i.Reason,
			Wait: i.For, Func: i.Func, Site: i.Site,
		}
	}
	return v
}

func newStatsView(st fibers.Stats) statsView {
	v := statsView{
		Fibers: st.Fibers, Spawned: st.Spawned, Coroutines: st.Coroutines, StandIns: st.StandIns,
		Pinned: st.Pinned, Schedulers: make([]schedulerView, len(st.Schedulers)),
	}
	if st.PinError != nil {
		v.PinError = st.PinError.Error()
	}
	for i, s := range st.Schedulers {
		v.Schedulers[i] = schedulerView{
			Index: s.Index, StandIn: s.StandIn, CPU: s.CPU, Asleep: s.Asleep, Queued: s.Queued,
			Spawned: s.Spawned, Ended: s.Ended, Parks: s.Parks, Wakes: s.Wakes,
			Searches: s.Searches, Stolen: s.Stolen, Sleeps: s.Sleeps, Breaths: s.Breaths,
			Turns: s.Turns, OnCore: s.OnCore, Moves: s.Moves,
			Lost: s.Lost, Polls: s.Polls, Fired: s.Fired,
			WakeUps: s.WakeUps.Count(), WakeP50: s.WakeUps.Quantile(0.5), WakeP99: s.WakeUps.Quantile(0.99), WakeMost: s.WakeUps.Quantile(1),
		}
	}
	return v
}
