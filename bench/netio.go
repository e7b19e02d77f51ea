package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Servers under load: an echo server and an HTTP server, whose parties are fibers
// over package poll, or goroutines over package net. Server and load are processes
// of their own; the load is the same program for both.

// netioErrands are the errands of these processes.
var netioErrands = map[string]func(errand) (outcome, error){
	"echo":     serveErrand(serveEcho),
	"fasthttp": serveErrand(serveFast),
	"nethttp":  serveErrand(serveNetHTTP),
	"load":     runLoad,
}

func netioWorkloads(sc scale) []*workload {
	second := time.Duration(sc.of([3]int{350, 120, 30})) * time.Millisecond
	var ws []*workload
	echo := func(name string, l loadErrand, about string, budget time.Duration) *workload {
		l.For, l.Warm = second, second/4
		if l.Conns > 1000 { // a round over all of them takes long
			l.For, l.Warm = 2*second, second/2
		}
		w := &workload{
			suite: "net", rows: loadRows(name, about, l), single: true,
			budget: budget, rounds: 1, skip: needLoad(l.Conns),
			sides: underLoad("echo", l), note: loadNote,
		}
		ws = append(ws, w)
		return w
	}
	echo("echo/1", loadErrand{Conns: 1, Size: 64}, "64 bytes and back over 1 TCP connection", time.Second)
	echo("echo/64", loadErrand{Conns: 64, Size: 64}, "64 bytes and back over 64 TCP connections", 2*time.Second).single = false
	echo("echo/1000", loadErrand{Conns: 1000, Size: 64}, "64 bytes and back over 1000 TCP connections", 2*time.Second)
	echo("echo/16K", loadErrand{Conns: 64, Size: 16 << 10}, "16 KiB and back over 64 TCP connections", time.Second)
	echo("echo/open", loadErrand{Conns: 64, Size: 64, Rate: 10_000}, "64 bytes and back, 10 000 times a second whatever comes back, over 64 TCP connections", time.Second)
	if sc == full {
		echo("echo/10k", loadErrand{Conns: 10_000, Size: 64}, "64 bytes and back over 10 000 TCP connections", time.Second).optional = true
	}
	web := func(name, server, about string) {
		l := loadErrand{Conns: 64, HTTP: true, For: second, Warm: second / 4}
		ws = append(ws, &workload{
			suite: "net", rows: loadRows(name, about, l), single: true,
			budget: 1200 * time.Millisecond, rounds: 1, skip: needLoad(l.Conns),
			sides: underLoad(server, l), note: loadNote,
		})
	}
	web("http/fasthttp", "fasthttp", "HTTP hello over 64 kept connections, fasthttp, a party each")
	web("http/net", "nethttp", "HTTP hello over 64 kept connections, http.Server over poll or over net")
	idle := sc.of([3]int{5000, 1000, 50})
	return append(ws, &workload{
		suite: "net",
		rows: []row{{name: "conn/memory", unit: "B each",
			about: "memory of the server for each of " + count(idle) + " idle connections, the parties and their 4 KiB buffers included"}},
		single: true, budget: time.Second, rounds: 1, skip: needLoad(idle + gatherBatch),
		sides: bothServers(func(ctx context.Context, s *server) (sample, error) { return idleMemory(ctx, s, idle) }, "echo"),
	})
}

// loadRows are the rows of a workload under load.
func loadRows(name, about string, l loadErrand) []row {
	rows := []row{
		{name: name, unit: "req/s", more: true, about: about + ": requests a second"},
		{name: name + "/p50", unit: "µs", about: "the same: median time of a request"},
		{name: name + "/p99", unit: "µs", about: "the same: 99th percentile"},
		{name: name + "/p99.9", unit: "µs", about: "the same: 99.9th percentile"},
	}
	if l.Rate > 0 {
		return rows[1:] // the rate is given
	}
	return rows
}

// loadNote says how much processor time a request took in the server, and whether
// some had no answer.
func loadNote(r *result) string {
	var notes []string
	p := r.pairs[len(r.pairs)-1]
	f, g := p.samples[onFibers].extra["server_cpu_us"], p.samples[onGoroutines].extra["server_cpu_us"]
	if f != 0 && g != 0 {
		notes = append(notes, fmt.Sprintf("server's CPU a request %.1f and %.1f µs", f, g))
	}
	f, g = 0, 0
	for _, p := range r.pairs {
		f += p.samples[onFibers].extra["unanswered"]
		g += p.samples[onGoroutines].extra["unanswered"]
	}
	if f+g > 0 {
		notes = append(notes, fmt.Sprintf("requests without an answer: %.0f and %.0f", f, g))
	}
	return strings.Join(notes, "; ")
}

// bothServers starts a server for each side and measures it.
func bothServers(measure func(ctx context.Context, s *server) (sample, error), kind string) (f [sides]func(context.Context, params) (sample, error)) {
	for side := range sides {
		f[side] = func(ctx context.Context, p params) (sample, error) {
			s, err := startServer(ctx, errand{Kind: kind, Side: side, Schedulers: p.schedulers})
			if err != nil {
				return sample{}, err
			}
			defer s.stop()
			return measure(ctx, s)
		}
	}
	return f
}

// underLoad puts a load on a server of each side.
func underLoad(kind string, l loadErrand) [sides]func(context.Context, params) (sample, error) {
	return bothServers(func(ctx context.Context, s *server) (sample, error) {
		l := l
		l.Addr = s.addr
		before := s.cpu()
		got, err := send(ctx, errand{Kind: "load", Schedulers: 1, Load: &l})
		if err != nil {
			return sample{}, err
		}
		rows := []float64{got.values[0], got.extra["p50"], got.extra["p99"], got.extra["p999"]}
		if l.Rate > 0 {
			rows = rows[1:]
		}
		cpu := s.cpu() - before
		extra := got.extra
		if n := extra["requests_in_all"]; n > 0 {
			extra["server_cpu_us"] = float64(cpu.Microseconds()) / n
		}
		return sample{values: rows, extra: extra}, nil
	}, kind)
}

// idleMemory is what the server grows by for each of n connections that have said
// hello and wait.
func idleMemory(ctx context.Context, s *server, n int) (sample, error) {
	if err := s.hello(gatherBatch); err != nil { // what all share
		return sample{}, err
	}
	before, err := s.resident()
	if err != nil {
		return sample{}, err
	}
	if err := s.hello(n); err != nil {
		return sample{}, err
	}
	after, err := s.resident()
	if err != nil {
		return sample{}, err
	}
	return sample{values: []float64{float64(after-before) / float64(n)}}, ctx.Err()
}
