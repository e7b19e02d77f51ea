// Package net has the suite net: an echo server and HTTP servers under load, whose parties are
// fibers over package poll, or goroutines over Go's package net. Server and load are processes
// of their own; the load is the same program for both.
package net

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// ChildTasks are the child tasks of these processes.
var ChildTasks = harness.ChildTasks{
	"echo":     serveTask(serveEcho),
	"fasthttp": serveTask(serveFast),
	"nethttp":  serveTask(serveNetHTTP),
	"load":     runLoad,
}

// Workloads returns the suite net.
func Workloads(sc harness.Scale) []*harness.Workload {
	second := time.Duration(sc.Of([3]int{200, 100, 30})) * time.Millisecond
	var ws []*harness.Workload
	echo := func(name string, l loadTask, about string, budget time.Duration) *harness.Workload {
		l.For, l.Warm = second, second/4
		if l.Conns > 1000 { // a round over all of them takes long
			l.For, l.Warm = 2*second, second/2
		}
		w := &harness.Workload{
			Suite: "net", Rows: loadRows(name, about, l), Single: true,
			Budget: budget, Skip: needLoad(l.Conns),
			Sides: underLoad("echo", l, name == "echo/64"), Note: loadNote,
		}
		ws = append(ws, w)
		return w
	}
	echo("echo/1", loadTask{Conns: 1, Size: 64}, "64 bytes and back over 1 TCP connection", time.Second)
	echo("echo/64", loadTask{Conns: 64, Size: 64}, "64 bytes and back over 64 TCP connections", 1500*time.Millisecond).Single = false
	echo("echo/1000", loadTask{Conns: 1000, Size: 64}, "64 bytes and back over 1000 TCP connections", 1500*time.Millisecond)
	echo("echo/16K", loadTask{Conns: 64, Size: 16 << 10}, "16 KiB and back over 64 TCP connections", time.Second)
	echo("echo/open", loadTask{Conns: 64, Size: 64, Rate: 10_000}, "64 bytes and back, 10 000 times a second whatever comes back, over 64 TCP connections", time.Second)
	if sc == harness.Full {
		echo("echo/10k", loadTask{Conns: 10_000, Size: 64}, "64 bytes and back over 10 000 TCP connections", 3*time.Second).Optional = true
	}
	ws[1].Rows = append(ws[1].Rows, harness.Row{Name: "echo/64/switches", Unit: "a req",
		About: "the same: how often a thread of the server left its processor, voluntarily or not, for each request"})
	web := func(name, server, about string) {
		l := loadTask{Conns: 64, HTTP: true, For: second, Warm: second / 4}
		ws = append(ws, &harness.Workload{
			Suite: "net", Rows: loadRows(name, about, l), Single: true,
			Budget: 1200 * time.Millisecond, Skip: needLoad(l.Conns),
			Sides: underLoad(server, l, false), Note: loadNote,
		})
	}
	web("http/fasthttp", "fasthttp", "HTTP hello over 64 kept connections, fasthttp, a party each")
	web("http/net", "nethttp", "HTTP hello over 64 kept connections, http.Server over poll or over net")
	idle := sc.Of([3]int{2000, 1000, 50})
	ws = append(ws, &harness.Workload{
		Suite: "net",
		Rows: []harness.Row{{Name: "conn/memory", Unit: "B each",
			About: "memory of the server for each of " + harness.RoundNumber(idle) + " idle connections, the parties and their 4 KiB buffers included"}},
		Single: true, Budget: time.Second, Skip: needLoad(idle + sharing),
		Sides: bothServers(func(ctx context.Context, s *server) (harness.Sample, error) { return idleMemory(ctx, s, idle) }, "echo"),
	})
	return append(ws, lineWorkloads()...)
}

// loadRows are the rows of a workload under load.
func loadRows(name, about string, l loadTask) []harness.Row {
	rows := []harness.Row{
		{Name: name, Unit: "req/s", More: true, About: about + ": requests a second"},
		{Name: name + "/p50", Unit: "µs", About: "the same: median time of a request"},
		{Name: name + "/p99", Unit: "µs", About: "the same: 99th percentile"},
		{Name: name + "/p99.9", Unit: "µs", About: "the same: 99.9th percentile"},
	}
	if l.Rate > 0 {
		return rows[1:] // the rate is given
	}
	return rows
}

// loadNote says how much processor time a request took in the server, and whether
// some had no answer.
func loadNote(r *harness.Result) string {
	var notes []string
	p := r.Pairs[len(r.Pairs)-1]
	f, g := p.Samples[harness.OnFibers].Extra["server_cpu_us"], p.Samples[harness.OnGoroutines].Extra["server_cpu_us"]
	if f != 0 && g != 0 {
		notes = append(notes, fmt.Sprintf("server's CPU a request %.1f and %.1f µs", f, g))
	}
	f, g = 0, 0
	for _, p := range r.Pairs {
		f += p.Samples[harness.OnFibers].Extra["unanswered"]
		g += p.Samples[harness.OnGoroutines].Extra["unanswered"]
	}
	if f+g > 0 {
		notes = append(notes, fmt.Sprintf("requests without an answer: %.0f and %.0f", f, g))
	}
	return strings.Join(notes, "; ")
}

// bothServers starts a server for each side and measures it.
func bothServers(measure func(ctx context.Context, s *server) (harness.Sample, error), kind string) (f [harness.Sides]harness.Run) {
	for side := range harness.Sides {
		f[side] = func(ctx context.Context, p harness.Params) (harness.Sample, error) {
			s, err := startServer(ctx, harness.ChildTask{Kind: kind, Side: side, Schedulers: p.Schedulers})
			if err != nil {
				return harness.Sample{}, err
			}
			defer s.stop()
			return measure(ctx, s)
		}
	}
	return f
}

// underLoad puts a load on a server of each side. With switches there is a row of those.
func underLoad(kind string, l loadTask, switches bool) [harness.Sides]harness.Run {
	return bothServers(func(ctx context.Context, s *server) (harness.Sample, error) {
		l := l
		l.Addr = s.addr
		before, switchedBefore := s.cpu(), s.switches()
		got, err := harness.Send(ctx, l.child())
		if err != nil {
			return harness.Sample{}, err
		}
		rows := []float64{got.Values[0], got.Extra["p50"], got.Extra["p99"], got.Extra["p999"]}
		if l.Rate > 0 {
			rows = rows[1:]
		}
		cpu, switched := s.cpu()-before, s.switches()-switchedBefore
		extra := got.Extra
		if n := extra["requests_in_all"]; n > 0 {
			extra["server_cpu_us"] = float64(cpu.Microseconds()) / n
			extra["server_switches"] = float64(switched) / n
		}
		if switches {
			rows = append(rows, extra["server_switches"])
		}
		return harness.Sample{Values: rows, Extra: extra}, nil
	}, kind)
}

// sharing is how many connections there are before memory is measured, for what all share.
const sharing = 1000

// idleMemory is what the server grows by for each of n connections that have said
// hello and wait.
func idleMemory(ctx context.Context, s *server, n int) (harness.Sample, error) {
	if err := s.hello(sharing); err != nil {
		return harness.Sample{}, err
	}
	before, err := s.resident()
	if err != nil {
		return harness.Sample{}, err
	}
	if err := s.hello(n); err != nil {
		return harness.Sample{}, err
	}
	after, err := s.resident()
	if err != nil {
		return harness.Sample{}, err
	}
	return harness.Sample{Values: []float64{float64(after-before) / float64(n)}}, ctx.Err()
}
