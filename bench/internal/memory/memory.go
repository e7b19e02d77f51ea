// Package memory has the suites memory and idle: what parties that wait cost in memory and in
// processor time, and what of the memory comes back when they have ended.
package memory

import (
	"context"
	"fmt"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// Workloads returns the suite memory.
func Workloads(sc harness.Scale) []*harness.Workload {
	var ws []*harness.Workload
	for _, n := range memorySizes(sc) {
		ws = append(ws, &harness.Workload{
			Suite: "memory",
			Rows: []harness.Row{{Name: "memory/" + harness.RoundNumber(n), Unit: "B each",
				About: "memory of " + harness.RoundNumber(n) + " parties that wait on a channel, in a process of their own"}},
			Single: true, OnDemand: n >= 1_000_000,
			Budget: time.Duration(n) * 6 * time.Microsecond,
			Skip:   needMemory(n),
			Sides: both(func(p harness.Params, s harness.Side) harness.ChildTask {
				return harness.ChildTask{Kind: "parked", Side: s, Schedulers: p.Schedulers, N: n}
			}),
		})
	}
	n := sc.Of([3]int{100_000, 20_000, 2000})
	ws = append(ws, &harness.Workload{
		Suite: "memory",
		Rows: []harness.Row{{Name: "memory/choice", Unit: "B each",
			About: "memory of " + harness.RoundNumber(n) + " parties that each wait in a choice of two channels, in a process of their own"}},
		Single: true, Budget: time.Duration(n) * 6 * time.Microsecond,
		Skip: needMemory(n),
		Sides: both(func(p harness.Params, s harness.Side) harness.ChildTask {
			return harness.ChildTask{Kind: "choosing", Side: s, Schedulers: p.Schedulers, N: n}
		}),
	})
	burst := sc.Of([3]int{100_000, 30_000, 3000})
	return append(ws, &harness.Workload{
		Suite: "memory",
		Rows: []harness.Row{{Name: "memory/given-back", Unit: "%", More: true,
			About: "of the memory of " + harness.RoundNumber(burst) + " parties, what is the system's again some seconds after they ended"}},
		Single: true, Apart: true, Budget: waitingBudget,
		Note: keptNote,
		Skip: needMemory(6 * burst),
		Sides: both(func(p harness.Params, s harness.Side) harness.ChildTask {
			return harness.ChildTask{Kind: "returned", Side: s, Schedulers: p.Schedulers, N: burst, For: waiting(p)}
		}),
	})
}

// ChildTasks are what the rows of memory and idle do in processes of their own.
var ChildTasks = harness.ChildTasks{
	"parked":   func(e harness.ChildTask) (harness.Outcome, error) { return measureParked(e, false) },
	"choosing": func(e harness.ChildTask) (harness.Outcome, error) { return measureParked(e, true) },
	"returned": measureReturned,
	"idle":     measureIdle,
	"ticking":  measureTicking,
}

func memorySizes(sc harness.Scale) []int {
	switch sc {
	case harness.Full:
		return []int{100_000, 1_000_000}
	case harness.Small:
		return []int{100_000}
	}
	return []int{5000}
}

// waitingBudget is what the processes apart take, with their parties' coming and going.
const waitingBudget = 14 * time.Second

// waiting is how long the processes apart wait.
func waiting(p harness.Params) time.Duration {
	return time.Duration(p.Scale.Of([3]int{10_000, 2000, 20})) * time.Millisecond
}

// both sends the same child task to a child for each side.
func both(what func(p harness.Params, s harness.Side) harness.ChildTask) (f [harness.Sides]harness.Run) {
	for s := range harness.Sides {
		f[s] = func(ctx context.Context, p harness.Params) (harness.Sample, error) {
			return harness.Send(ctx, what(p, s))
		}
	}
	return f
}

// needMemory skips a workload of n parties where there is no room for them.
func needMemory(n int) func(context.Context) string {
	return func(context.Context) string {
		need := int64(n) * (4 << 10)
		if free, ok := available(); ok && free < need {
			return fmt.Sprintf("needs %.1f GB of memory, %.1f are free", float64(need)/1e9, float64(free)/1e9)
		}
		debug.FreeOSMemory() // what the rows before have left
		return ""
	}
}

// available returns the bytes of memory free for use, where that is known.
func available() (int64, bool) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	for l := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(l, "MemAvailable: %d kB", &kib); n == 1 {
			return kib << 10, true
		}
	}
	return 0, false
}

// measureParked is the child tasks of memory/… and memory/choice: bytes for each party that waits.
func measureParked(e harness.ChildTask, choose bool) (o harness.Outcome, err error) {
	// The first party of a kind pays for what all share.
	first, err := gather(e.Side, e.Schedulers, gatherBatch, choose)
	if err != nil {
		return o, err
	}
	debug.FreeOSMemory()
	before, err := harness.Resident()
	if err != nil {
		return o, err
	}
	c, err := gather(e.Side, e.Schedulers, e.N, choose)
	if err != nil {
		return o, err
	}
	goruntime.GC()
	after, err := harness.Resident()
	if err != nil {
		return o, err
	}
	o.Value = float64(after-before) / float64(e.N)
	if err = first.release(); err != nil {
		return o, err
	}
	return o, c.release()
}

// measureReturned is the child task of memory/given-back: the percentage. On
// goroutines Go is told to give back what it can (debug.FreeOSMemory); fibers
// must do it by themselves.
func measureReturned(e harness.ChildTask) (o harness.Outcome, err error) {
	debug.FreeOSMemory()
	before, err := harness.Resident()
	if err != nil {
		return o, err
	}
	c, err := gather(e.Side, e.Schedulers, e.N, false)
	if err != nil {
		return o, err
	}
	goruntime.GC()
	peak, err := harness.Resident()
	if err != nil {
		return o, err
	}
	if err = c.release(); err != nil {
		return o, err
	}
	if e.Side == harness.OnGoroutines {
		debug.FreeOSMemory()
	}
	share := func(now int64) float64 { return 100 * float64(peak-now) / float64(max(peak-before, 1)) }
	o.Extra = map[string]float64{"peak_bytes_each": float64(peak-before) / float64(e.N)}
	for start := time.Now(); time.Since(start) < e.For; {
		time.Sleep(e.For / 20)
		now, err := harness.Resident()
		if err != nil {
			return o, err
		}
		o.Value = share(now)
		if _, known := o.Extra["seconds_to_half"]; !known && o.Value >= 50 {
			o.Extra["seconds_to_half"] = time.Since(start).Seconds()
		}
	}
	debug.FreeOSMemory()
	kept, err := harness.Resident()
	if err != nil {
		return o, err
	}
	o.Extra["kept_bytes_each"] = float64(kept-before) / float64(e.N)
	return o, c.close()
}

// keptNote says what Go never gives back: its records of goroutines.
func keptNote(r *harness.Result) string {
	p := r.Pairs[len(r.Pairs)-1]
	return fmt.Sprintf("kept after debug.FreeOSMemory: %.0f B a fiber, %.0f B a goroutine (Go's g records)",
		p.Samples[harness.OnFibers].Extra["kept_bytes_each"], p.Samples[harness.OnGoroutines].Extra["kept_bytes_each"])
}
