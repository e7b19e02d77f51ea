package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

// shown are the rows of the figure: each suite with what is won there and what is lost.
// The others are in docs/performance.md.
var shown = []struct {
	head string
	rows []struct{ workload, about string }
}{
	{"switch, spawn", []struct{ workload, about string }{
		{"yield/100", "a yield, among 100"},
		{"wake/p50", "a wake-up, the waker goes on"},
		{"spawn/finish", "spawn, and end"},
		{"spawn/park/1000", "spawn 1000, each waits once"},
	}},
	{"fork and join", []struct{ workload, about string }{
		{"fork/both", "a branch in every call"},
		{"skynet/1M", "a tree of a million parties"},
		{"sort", "5 million ints, by slices.Sort there"},
		{"for", "a loop of 20 ms"},
	}},
	{"operations", []struct{ workload, about string }{
		{"pingpong", "a value there and back"},
		{"select/8", "a choice of 8, made before"},
		{"select/in-place", "a choice of 3, made in place"},
		{"timeout/after", "a time-out made each time"},
		{"swap", "an exchange"},
		{"mutex/held", "a lock that others want"},
	}},
	{"timers, memory", []struct{ workload, about string }{
		{"sleep/100µs", "how late a sleep of 100 µs is"},
		{"memory/100k", "bytes for one that waits"},
	}},
	{"network", []struct{ workload, about string }{
		{"echo/64", "echo, 64 connections"},
		{"http/net", "net/http"},
	}},
	{"Go's own ways", []struct{ workload, about string }{
		{"library/50", "a library on goroutines"},
		{"native/sleep", "1000 in time.Sleep"},
		{"native/many", "20 000 at one native channel"},
	}},
}

const (
	width = 800.0
	left  = 362.0 // of the plot
	right = 606.0

	ratioEnd = 662.0
	least    = 1.0 / 64
	most     = 16.0
	height   = 19.0 // of a row
	top      = 76.0
	about    = 134.0 // where the row is named
	few      = 3     // rounds, below which nothing is said of the spread
)

// at returns where a ratio is, on a logarithmic axis.
func at(ratio float64) float64 {
	return left + (right-left)*math.Log2(min(max(ratio, least), most)/least)/math.Log2(most/least)
}

const style = `
 svg { font: 12.5px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
 .page { fill: #fff; stroke: #d8dde3 } text { fill: #1b1f24 } .faint { fill: #5b6470 } .head { font-weight: 600 } .title { font-weight: 600; font-size: 16px }
 .grid { stroke: #e1e5ea } .one { stroke: #5b6470; stroke-dasharray: 4 3 }
 .wins { stroke: #0a7d43; fill: #0a7d43 } .loses { stroke: #c0392b; fill: #c0392b } .even { stroke: #7d848d; fill: #7d848d }
 line.wins, line.loses, line.even { stroke-width: 4; stroke-linecap: round; opacity: .5 } text.wins, text.loses, text.even { stroke: none; font-weight: 600 }
 @media (prefers-color-scheme: dark) {
  .page { fill: #15181c; stroke: #333a42 } text { fill: #e6e9ed } .faint { fill: #a3acb6 } .grid { stroke: #2c323a } .one { stroke: #a3acb6 }
  .wins { stroke: #4cc38a; fill: #4cc38a } .loses { stroke: #ff7b6b; fill: #ff7b6b } .even { stroke: #98a0a9; fill: #98a0a9 }
 }
`

// draw returns the figure. It is an error if the run lacks a row of it.
func draw(r *run) ([]byte, error) {
	var b bytes.Buffer
	text := func(class string, x, y float64, anchor, s string) {
		fmt.Fprintf(&b, "<text class=%q x=\"%g\" y=\"%.1f\" text-anchor=%q>%s</text>\n", class, x, y, anchor, html.EscapeString(s))
	}
	y := top
	for _, group := range shown {
		y += height/3 + height*float64(len(group.rows))
	}
	bottom := y
	e := r.Environment
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %.0f\" role=\"img\" aria-label=\"Ratios of fibers to goroutines in rows of the benchmark\">\n<style>%s</style>\n", width, bottom+48, style)
	fmt.Fprintf(&b, "<rect class=\"page\" x=\".5\" y=\".5\" width=\"%g\" height=\"%.0f\" rx=\"8\"/>\n", width-1, bottom+47)
	text("title", 16, 28, "start", "Fibers to goroutines, ratio in each row of the benchmark")
	text("faint", 16, 47, "start", "Left of 1 fibers are better, whatever is measured. Point: median of the rounds; bar: quartiles.")
	for _, x := range []float64{1 / 64.0, 1 / 16.0, 1 / 4.0, 1, 4, 16} {
		class, label := "grid", fmt.Sprint(x)
		if x == 1 {
			class = "one"
		} else if x < 1 {
			label = fmt.Sprintf("1/%.0f", 1/x)
		}
		fmt.Fprintf(&b, "<line class=%q x1=\"%.1f\" x2=\"%.1f\" y1=\"%g\" y2=\"%.1f\"/>\n", class, at(x), at(x), top+2, bottom+4)
		text("faint", at(x), top-4, "middle", label)
	}
	text("faint", ratioEnd, top-4, "end", "ratio")
	text("faint", width-16, top-4, "end", "fibers, goroutines")
	y = top
	for _, group := range shown {
		y += height / 3
		text("head", 16, y+height/2+4, "start", group.head)
		for _, s := range group.rows {
			x := r.find(s.workload)
			if x == nil {
				return nil, fmt.Errorf("the run has no row %s", s.workload)
			}
			middle := y + height/2
			class := x.verdict()
			text("row", about, middle+4, "start", s.about)
			if x.Rounds >= few {
				fmt.Fprintf(&b, "<line class=%q x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", class, at(x.Ratio.Low), at(x.Ratio.High), middle, middle)
			}
			fmt.Fprintf(&b, "<circle class=%q cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", class, at(x.Ratio.Median), middle)
			text("row", ratioEnd, middle+4, "end", short(x.Ratio.Median))
			text("faint", width-16, middle+4, "end", fmt.Sprintf("%s, %s %s", short(x.Fibers.Median), short(x.Goroutines.Median), x.Unit))
			y += height
		}
	}
	machine := fmt.Sprintf("%s · %s", r.Date, e.Go)
	if e.CPU != "" {
		machine += " · " + e.CPU
	}
	machine += fmt.Sprintf(", %d cores · %s, switch %s", e.CPUs, e.System, e.Switch)
	text("faint", 16, bottom+32, "start", machine)
	x := width - 16.0
	for _, key := range []struct {
		class, text string
		wide        float64
	}{{"even", "undecided", 70}, {"loses", "goroutines win", 106}, {"wins", "fibers win", 0}} {
		text(key.class, x, bottom+32, "end", key.text)
		x -= key.wide + 12
	}
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

// verdict is that of the benchmark's last line: who has three quarters of the rounds at least.
func (x *row) verdict() string {
	switch {
	case x.Rounds < few:
	case x.Ratio.High < 1:
		return "wins"
	case x.Ratio.Low > 1:
		return "loses"
	}
	return "even"
}

// short writes a number with two or three digits.
func short(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.0f k", v/1000)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
