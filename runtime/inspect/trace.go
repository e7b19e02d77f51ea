package inspect

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// WriteTrace writes what happened in the last d in each of the runtimes given, or all
// that are open, as JSON that chrome://tracing and ui.perfetto.dev show: a track for
// each scheduler with the fibers that ran there, one for each named fiber with what it
// waited for, and an arrow from whoever woke a fiber to where it ran then.
//
// It writes what a recorder has kept: see fibers.Runtime.Record. Runtimes without one
// are left out; if none has one, WriteTrace returns ErrNotRecording.
func WriteTrace(w io.Writer, d time.Duration, rts ...*fibers.Runtime) error {
	if len(rts) == 0 {
		rts = fibers.Runtimes()
	}
	var recs []*fibers.Recorder
	for _, rt := range rts {
		if r := rt.Recorder(); r != nil {
			recs = append(recs, r)
		}
	}
	if len(recs) == 0 {
		return ErrNotRecording
	}
	return writeTrace(w, d, recs)
}

// ErrNotRecording is returned by WriteTrace if nothing is recorded.
var ErrNotRecording = errors.New("inspect: no runtime records: call its Record first")

// recordFor has all runtimes record for d, and writes that.
func recordFor(ctx context.Context, w io.Writer, d time.Duration, rts []*fibers.Runtime) error {
	var recs []*fibers.Recorder
	for _, rt := range rts {
		r := rt.Recorder()
		if r == nil {
			var err error
			if r, err = rt.Record(1 << 16); err != nil {
				continue // another request was faster: its recorder will stop
			}
			defer r.Stop()
		}
		recs = append(recs, r)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
	}
	return writeTrace(w, d, recs)
}

// A traceEvent is one of the Trace Event Format.
type traceEvent struct {
	Name string         `json:"name"`
	Kind string         `json:"ph"`
	At   float64        `json:"ts"` // µs
	For  *float64       `json:"dur,omitempty"`
	PID  int            `json:"pid"`
	TID  uint64         `json:"tid"`
	ID   uint64         `json:"id,omitempty"`
	Bind string         `json:"bp,omitempty"`
	Cat  string         `json:"cat,omitempty"`
	Args map[string]any `json:"args,omitempty"`
}

// schedulerTracks is where the tracks of schedulers begin: fibers have their numbers.
const schedulerTracks = 1 << 48

func writeTrace(w io.Writer, d time.Duration, recs []*fibers.Recorder) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	first := true
	var failed error
	emit := func(ev traceEvent) {
		if failed != nil {
			return
		}
		if !first {
			_ = b.WriteByte(',')
		}
		first = false
		failed = e.Encode(ev)
	}
	fmt.Fprint(b, `{"displayTimeUnit":"ns","traceEvents":[`)
	for pid, r := range recs {
		tracks(emit, pid+1, r.Events(d), r.Names())
	}
	fmt.Fprint(b, "]}\n")
	return errors.Join(failed, b.Flush())
}

// tracks makes the events of one runtime.
func tracks(emit func(traceEvent), pid int, events []fibers.Event, names map[uint64]string) {
	emit(traceEvent{Name: "process_name", Kind: "M", PID: pid, Args: map[string]any{"name": fmt.Sprintf("runtime %d", pid-1)}})
	type running struct {
		fiber uint64
		since time.Duration
	}
	runs := map[int]running{}
	parked := map[uint64]fibers.Event{}
	woken := map[uint64]uint64{} // the number of the arrow to a fiber
	known := map[int]bool{}
	shown := map[uint64]bool{}
	arrows := uint64(0)
	name := func(id uint64) string {
		if n := names[id]; n != "" {
			return fmt.Sprintf("%s (%d)", n, id)
		}
		return fmt.Sprintf("fiber %d", id)
	}
	micro := func(d time.Duration) float64 { return float64(d) / 1e3 }
	end := func(s int, at time.Duration) {
		if r, ok := runs[s]; ok {
			dur := micro(at - r.since)
			emit(traceEvent{Name: name(r.fiber), Kind: "X", At: micro(r.since), For: &dur, PID: pid, TID: schedulerTracks + uint64(s), Cat: "run", Args: map[string]any{"fiber": r.fiber}})
			delete(runs, s)
		}
	}
	for _, ev := range events {
		tid := schedulerTracks + uint64(ev.Scheduler)
		if !known[ev.Scheduler] {
			known[ev.Scheduler] = true
			emit(traceEvent{Name: "thread_name", Kind: "M", PID: pid, TID: tid, Args: map[string]any{"name": fmt.Sprintf("scheduler %d", ev.Scheduler)}})
		}
		switch ev.Kind {
		case fibers.EventRun:
			end(ev.Scheduler, ev.At)
			runs[ev.Scheduler] = running{ev.Fiber, ev.At}
			if arrow, ok := woken[ev.Fiber]; ok {
				delete(woken, ev.Fiber)
				emit(traceEvent{Name: "wake", Kind: "f", Bind: "e", At: micro(ev.At), PID: pid, TID: tid, ID: arrow, Cat: "wake"})
			}
			if p, ok := parked[ev.Fiber]; ok {
				delete(parked, ev.Fiber)
				if names[ev.Fiber] != "" {
					if !shown[ev.Fiber] {
						shown[ev.Fiber] = true
						emit(traceEvent{Name: "thread_name", Kind: "M", PID: pid, TID: ev.Fiber, Args: map[string]any{"name": name(ev.Fiber)}})
					}
					dur := micro(ev.At - p.At)
					emit(traceEvent{Name: p.Reason, Kind: "X", At: micro(p.At), For: &dur, PID: pid, TID: ev.Fiber, Cat: "wait", Args: map[string]any{"object": p.Object.String()}})
				}
			}
		case fibers.EventPark:
			end(ev.Scheduler, ev.At)
			parked[ev.Fiber] = ev
		case fibers.EventYield, fibers.EventEnd:
			end(ev.Scheduler, ev.At)
		case fibers.EventWake, fibers.EventSpawn:
			if ev.Other != 0 {
				arrows++
				woken[ev.Fiber] = arrows
				emit(traceEvent{Name: "wake", Kind: "s", At: micro(ev.At), PID: pid, TID: tid, ID: arrows, Cat: "wake"})
			}
			if ev.Kind == fibers.EventSpawn {
				emit(traceEvent{Name: "spawn " + name(ev.Fiber), Kind: "i", At: micro(ev.At), PID: pid, TID: tid, Cat: "spawn", Args: map[string]any{"fiber": ev.Fiber, "parent": ev.Other}})
			}
		case fibers.EventSteal:
			emit(traceEvent{Name: "steal " + name(ev.Fiber), Kind: "i", At: micro(ev.At), PID: pid, TID: tid, Cat: "steal", Args: map[string]any{"from": ev.Other}})
		case fibers.EventScheduler:
			what := "begins"
			if ev.Other == 1 {
				what = "stand-in begins"
			}
			emit(traceEvent{Name: what, Kind: "i", At: micro(ev.At), PID: pid, TID: tid, Cat: "scheduler"})
		}
	}
	if len(events) > 0 {
		for s := range known {
			end(s, events[len(events)-1].At)
		}
	}
}
