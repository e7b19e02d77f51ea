package main

import (
	"context"
	"fmt"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"time"
)

// What parties that wait cost in memory, and what of it comes back when they
// have ended.

func memoryWorkloads(sc scale) []*workload {
	var ws []*workload
	for _, n := range memorySizes(sc) {
		ws = append(ws, &workload{
			suite: "memory",
			rows: []row{{name: "memory/" + count(n), unit: "B each",
				about: "memory of " + count(n) + " parties that wait on a channel, in a process of their own"}},
			single: true, onDemand: n >= 1_000_000,
			budget: time.Duration(n) * 6 * time.Microsecond, rounds: 1,
			skip: needMemory(n),
			sides: both(func(p params, s side) errand {
				return errand{Kind: "parked", Side: s, Schedulers: p.schedulers, N: n}
			}),
		})
	}
	burst := sc.of([3]int{300_000, 30_000, 3000})
	return append(ws, &workload{
		suite: "memory",
		rows: []row{{name: "memory/given-back", unit: "%", more: true,
			about: "of the memory of " + count(burst) + " parties, what is the system's again some seconds after they ended"}},
		single: true, apart: true,
		note: keptNote,
		skip: needMemory(2 * burst),
		sides: both(func(p params, s side) errand {
			return errand{Kind: "returned", Side: s, Schedulers: p.schedulers, N: burst, For: waiting(p)}
		}),
	})
}

func memorySizes(sc scale) []int {
	switch sc {
	case full:
		return []int{100_000, 1_000_000}
	case small:
		return []int{100_000}
	}
	return []int{5000}
}

// waiting is how long the processes apart wait.
func waiting(p params) time.Duration {
	return time.Duration(p.scale.of([3]int{10_000, 2000, 20})) * time.Millisecond
}

// both sends the same errand to a child for each side.
func both(what func(p params, s side) errand) (f [sides]func(context.Context, params) (sample, error)) {
	for s := range sides {
		f[s] = func(ctx context.Context, p params) (sample, error) { return send(ctx, what(p, s)) }
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

// measureParked is the errand of memory/…: bytes for each party that waits.
func measureParked(e errand) (o outcome, err error) {
	// The first party of a kind pays for what all share.
	first, err := gather(e.Side, e.Schedulers, gatherBatch)
	if err != nil {
		return o, err
	}
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return o, err
	}
	c, err := gather(e.Side, e.Schedulers, e.N)
	if err != nil {
		return o, err
	}
	goruntime.GC()
	after, err := resident()
	if err != nil {
		return o, err
	}
	o.Value = float64(after-before) / float64(e.N)
	if err = first.release(); err != nil {
		return o, err
	}
	return o, c.release()
}

// measureReturned is the errand of memory/given-back: the percentage. On
// goroutines Go is told to give back what it can (debug.FreeOSMemory); fibers
// must do it by themselves.
func measureReturned(e errand) (o outcome, err error) {
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return o, err
	}
	c, err := gather(e.Side, e.Schedulers, e.N)
	if err != nil {
		return o, err
	}
	goruntime.GC()
	peak, err := resident()
	if err != nil {
		return o, err
	}
	if err = c.release(); err != nil {
		return o, err
	}
	if e.Side == onGoroutines {
		debug.FreeOSMemory()
	}
	share := func(now int64) float64 { return 100 * float64(peak-now) / float64(max(peak-before, 1)) }
	o.Extra = map[string]float64{"peak_bytes_each": float64(peak-before) / float64(e.N)}
	for start := time.Now(); time.Since(start) < e.For; {
		time.Sleep(e.For / 20)
		now, err := resident()
		if err != nil {
			return o, err
		}
		o.Value = share(now)
		if _, known := o.Extra["seconds_to_half"]; !known && o.Value >= 50 {
			o.Extra["seconds_to_half"] = time.Since(start).Seconds()
		}
	}
	debug.FreeOSMemory()
	kept, err := resident()
	if err != nil {
		return o, err
	}
	o.Extra["kept_bytes_each"] = float64(kept-before) / float64(e.N)
	return o, c.close()
}

// keptNote says what Go never gives back: its records of goroutines.
func keptNote(r *result) string {
	p := r.pairs[len(r.pairs)-1]
	return fmt.Sprintf("kept after debug.FreeOSMemory: %.0f B a fiber, %.0f B a goroutine (Go's g records)",
		p.samples[onFibers].extra["kept_bytes_each"], p.samples[onGoroutines].extra["kept_bytes_each"])
}
