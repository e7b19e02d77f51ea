package inspect

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Metrics in the text form of OpenMetrics 1.0, or the older one of Prometheus, which has
// no units and no end, and whose counters bear the suffix of their samples. Their names
// are documented here, once: what help says.

// A metric is one family.
type metric struct {
	name, kind, unit, help string
	of                     func(emit func(value float64, labels ...string), rt string, st *fibers.Stats)
}

// perScheduler makes the samples of a family with one value for each scheduler.
func perScheduler(f func(s *fibers.SchedulerStats) float64) func(func(float64, ...string), string, *fibers.Stats) {
	return func(emit func(float64, ...string), rt string, st *fibers.Stats) {
		for i := range st.Schedulers {
			s := &st.Schedulers[i]
			emit(f(s), "runtime", rt, "scheduler", strconv.Itoa(s.Index))
		}
	}
}

func perRuntime(f func(st *fibers.Stats) float64) func(func(float64, ...string), string, *fibers.Stats) {
	return func(emit func(float64, ...string), rt string, st *fibers.Stats) { emit(f(st), "runtime", rt) }
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var metrics = []metric{
	{"fibers_alive", "gauge", "", "Fibers that are alive.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.Fibers) })},
	{"fibers_spawned", "counter", "", "Fibers made.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.Spawned) })},
	{"fibers_idle_coroutines", "gauge", "", "Stacks without a fiber that no scheduler holds.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.Coroutines) })},
	{"fibers_stand_ins", "counter", "", "Times that a stand-in took the place of a stalled scheduler.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.StandIns) })},
	{"fibers_blocking_running", "gauge", "", "Calls of Blocking that run.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.Blocking.Running) })},
	{"fibers_blocking_waiting", "gauge", "", "Fibers that wait for a thread for one, where they are limited.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.Blocking.Waiting) })},
	{"fibers_unseated", "gauge", "", "Schedulers without a seat, which a fiber keeps.", perRuntime(func(s *fibers.Stats) float64 { return float64(s.Unseated) })},
	{"fibers_scheduler_asleep", "gauge", "", "1 if the scheduler has nothing to do.", perScheduler(func(s *fibers.SchedulerStats) float64 { return truth(s.Asleep) })},
	{"fibers_scheduler_queued", "gauge", "", "Fibers in its queues.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Queued) })},
	{"fibers_scheduler_ended", "counter", "", "Fibers that ended on it.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Ended) })},
	{"fibers_scheduler_parks", "counter", "", "Waits begun on it.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Parks) })},
	{"fibers_scheduler_wakes", "counter", "", "Fibers that its fibers woke.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Wakes) })},
	{"fibers_scheduler_searches", "counter", "", "Times it looked for work at the others.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Searches) })},
	{"fibers_scheduler_stolen", "counter", "", "Fibers that it took from others.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Stolen) })},
	{"fibers_scheduler_lost", "counter", "", "Attempts at that in which another was faster.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Lost) })},
	{"fibers_scheduler_sleeps", "counter", "", "Times it slept for want of work.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Sleeps) })},
	{"fibers_scheduler_polls", "counter", "", "Times it waited for descriptors.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Polls) })},
	{"fibers_scheduler_timers_fired", "counter", "", "Timers that it fired.", perScheduler(func(s *fibers.SchedulerStats) float64 { return float64(s.Fired) })},
	{"fibers_scheduler_on_core", "gauge", "ratio", "Share of looks at which it was on its core.", perScheduler(func(s *fibers.SchedulerStats) float64 { return s.OnCore })},
}

// writeMetrics writes the metrics of the runtimes, in the older form if old is true.
func writeMetrics(w io.Writer, rts []*fibers.Runtime, old bool) {
	head := func(name, kind, unit, help string) {
		if old {
			if kind == "counter" {
				name += "_total"
			}
			unit = ""
		}
		fmt.Fprintf(w, "# TYPE %s %s\n", name, kind)
		if unit != "" {
			fmt.Fprintf(w, "# UNIT %s %s\n", name, unit)
		}
		fmt.Fprintf(w, "# HELP %s %s\n", name, help)
	}
	all := make([]fibers.Stats, len(rts))
	for i, rt := range rts {
		all[i] = rt.Stats()
	}
	for _, m := range metrics {
		name := m.name
		if m.unit != "" {
			name += "_" + m.unit
		}
		head(name, m.kind, m.unit, m.help)
		suffix := ""
		if m.kind == "counter" {
			suffix = "_total"
		}
		for i := range all {
			m.of(func(v float64, labels ...string) { sample(w, name+suffix, v, labels) }, strconv.Itoa(i), &all[i])
		}
	}
	head("fibers_wake_up_seconds", "histogram", "seconds", "From when a sleeping scheduler was called until it came.")
	histogram(w, all, "fibers_wake_up_seconds", func(s *fibers.SchedulerStats) *fibers.Latencies { return &s.WakeUps })
	head("fibers_delay_seconds", "histogram", "seconds", "From when a fiber was queued until it ran, of one in 32.")
	histogram(w, all, "fibers_delay_seconds", func(s *fibers.SchedulerStats) *fibers.Latencies { return &s.Delays })
	head("fibers_site_alive", "gauge", "", "Fibers alive by where they were spawned, while somebody watches.")
	var g groups
	g.all = map[string]*groupView{}
	for _, s := range fibers.Sites() {
		key := place(s.Site, s.Func)
		if v := g.all[key]; v != nil {
			v.Count += int(s.Alive)
		} else {
			g.all[key] = &groupView{Key: key, Count: int(s.Alive)}
		}
	}
	for _, v := range g.views(50) {
		sample(w, "fibers_site_alive", float64(v.Count), []string{"site", v.Key})
	}
	if !old {
		fmt.Fprint(w, "# EOF\n")
	}
}

// sample writes one line.
func sample(w io.Writer, name string, v float64, labels []string) {
	fmt.Fprint(w, name)
	for i := 0; i+1 < len(labels); i += 2 {
		sep := ","
		if i == 0 {
			sep = "{"
		}
		fmt.Fprintf(w, `%s%s="%s"`, sep, labels[i], labelEscapes.Replace(strings.ToValidUTF8(labels[i+1], "�")))
	}
	if len(labels) > 0 {
		fmt.Fprint(w, "}")
	}
	fmt.Fprintf(w, " %s\n", strconv.FormatFloat(v, 'g', -1, 64))
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// histogram writes times, for each scheduler.
func histogram(w io.Writer, all []fibers.Stats, name string, of func(*fibers.SchedulerStats) *fibers.Latencies) {
	for i := range all {
		for j := range all[i].Schedulers {
			s := &all[i].Schedulers[j]
			labels := []string{"runtime", strconv.Itoa(i), "scheduler", strconv.Itoa(s.Index)}
			l, n := of(s), uint64(0)
			for k, c := range l[:len(l)-1] {
				n += c
				le := strconv.FormatFloat((time.Microsecond << k).Seconds(), 'g', -1, 64)
				sample(w, name+"_bucket", float64(n), append(labels[:4:4], "le", le))
			}
			n += l[len(l)-1]
			sample(w, name+"_bucket", float64(n), append(labels[:4:4], "le", "+Inf"))
			sample(w, name+"_count", float64(n), labels)
		}
	}
}
