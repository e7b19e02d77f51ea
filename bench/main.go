// Command bench measures fibers against native goroutines on the cores of this
// machine:
//
//	go run ./bench
//
// takes a minute and a half, shows progress on stderr and prints one table. Each
// workload runs on both, taking turns within one process, on the same number of
// cores; what counts is the ratio of each such pair. README.md in this directory
// defines the rows, and says what is not equal between the two sides.
//
// # Where things are
//
//	main.go       flags, exit codes, Ctrl-C
//	registry.go   the list of workloads
//	run.go        rounds: who runs when
//	meter.go      what is measured of one run
//	stats.go      medians and ratios
//	table.go      the table; json.go: the same for machines; goformat.go: for benchstat
//	html.go       the report, with report.html
//	against.go    what has changed since a run that was kept
//	child.go      runs in processes of their own
//	meet.go       the channel of the engine's rows, latch.go their wait group
//	cml.go        what the rows of package cml share; cml*.go: these rows
//	the rest      one file for each family of workloads
//
// # Exit codes
//
// 0: done; 1: a workload failed or gave a wrong answer; 2: wrong arguments;
// 130: interrupted, after printing the table of what was finished.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	if text := os.Getenv(childVariable); text != "" {
		os.Exit(childMain(text))
	}
	os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags, checked.
type options struct {
	suites     []string // empty: all
	match      *regexp.Regexp
	schedulers []int
	rounds     int // 0: as many as fit
	quick      bool
	format     string // table, json or go
	wide       bool
	against    *document // nil: none
	html       string    // the file of the report; empty: none
	args       []string  // as given
	list       bool
	gops       bool
}

// everything reports whether neither a suite nor rows were asked for. (To list
// means all that there is.)
func (o *options) everything() bool { return len(o.suites) == 0 && o.match.String() == "" && !o.list }

func (o *options) scale() scale {
	if o.quick {
		return small
	}
	return full
}

// start is the program without the process around it; it returns the exit code.
func start(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var blocks []*block
	if err == nil {
		blocks, err = choose(o)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\nbench: run with -h for the flags, with -list for the rows\n", err)
		return exitUsage
	}
	if o.list {
		list(stdout, blocks)
		return 0
	}
	if o.gops {
		stop, err := serve()
		if err != nil {
			fmt.Fprintf(stderr, "bench: -gops: %v\n", err)
			return exitFailed
		}
		defer stop()
	}

	var report *page
	if o.html != "" { // now, so that a minute is not spent in vain
		if report, err = newPage(o.html); err != nil {
			fmt.Fprintf(stderr, "bench: -html: %v\nbench: nothing was run\n", err)
			return exitUsage
		}
	}

	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt)
	defer release()
	env := observe(o)
	r := &runner{scale: o.scale(), rounds: o.rounds, blocks: blocks, progress: newProgress(stderr, blocks)}
	done := make(chan error, 1)
	go func() { done <- r.run(ctx) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		release() // a second Ctrl-C ends the process at once
		select {
		case err = <-done:
		case <-time.After(childGrace):
		}
	}
	interrupted := ctx.Err() != nil
	r.progress.clear()
	lines := r.lines()
	text := bufio.NewWriter(stdout) // it keeps the first error
	o.print(text, env, lines, interrupted)
	lost := text.Flush()
	if report != nil {
		lost = errors.Join(lost, report.write(newReport(env, lines, interrupted, o.args)))
	}
	if lost != nil {
		fmt.Fprintf(stderr, "bench: the result cannot be written: %v\n", lost)
	}
	switch {
	case interrupted:
		fmt.Fprintln(stderr, "bench: interrupted; the table has what was finished")
		return exitInterrupted
	case err != nil:
		fmt.Fprintf(stderr, "bench: FAILED: %v\n", err)
		return exitFailed
	case lost != nil:
		return exitFailed
	}
	return 0
}

// print prints what the options ask for.
func (o *options) print(out io.Writer, env environment, lines []line, interrupted bool) {
	switch {
	case o.format == "json":
		printJSON(out, env, lines, interrupted)
	case o.format == "go":
		printGo(out, env, lines)
	case o.against != nil:
		printAgainst(out, o.against, newDocument(env, lines, interrupted))
	default:
		printTable(out, env, lines, o.wide)
	}
}

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{args: args}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	suites := strings.Join(suiteNames(), ", ")
	suite := fs.String("suite", "all", "which `suites`, as cml,net: all, "+suites)
	pattern := fs.String("run", "", "only the rows whose name matches this `regexp`")
	counts := fs.String("schedulers", "", "numbers of schedulers and cores, as `1,2` (default 1, 2, 4 … up to the CPUs)")
	fs.IntVar(&o.rounds, "rounds", 0, "rounds of each row; 0 is as many as fit in the row's share of a minute")
	fs.BoolVar(&o.quick, "quick", false, "small sizes, at most 20 s: shows that all works, measures little")
	fs.StringVar(&o.format, "format", "table", "`form` of the result: table; json, with every sample; go, for benchstat")
	asJSON := fs.Bool("json", false, "the same as -format json")
	fs.BoolVar(&o.wide, "wide", false, "a table with processor time and notes in columns, wider than 80")
	against := fs.String("against", "", "print what has changed since the run whose -json is in this `file`")
	fs.StringVar(&o.html, "html", "", "write a report with plots to this `file`, too")
	fs.BoolVar(&o.list, "list", false, "list the rows and what they measure, and run nothing")
	fs.BoolVar(&o.gops, "gops", false, "serve the gops agent, with fiber labels, while it runs")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stdout, "usage: bench [flags]\nFibers against goroutines, on the cores of this machine: see bench/README.md.")
			fs.SetOutput(stdout)
			fs.PrintDefaults()
		}
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *suite != "all" {
		for name := range strings.SplitSeq(*suite, ",") {
			if name = strings.TrimSpace(name); !slices.Contains(suiteNames(), name) {
				return nil, fmt.Errorf("-suite %q: there are all, %s", name, suites)
			}
			o.suites = append(o.suites, name)
		}
	}
	if o.rounds < 0 {
		return nil, fmt.Errorf("-rounds %d: cannot be negative", o.rounds)
	}
	if *asJSON {
		o.format = "json"
	}
	switch {
	case !slices.Contains([]string{"table", "json", "go"}, o.format):
		return nil, fmt.Errorf("-format %q: there are table, json, go", o.format)
	case o.list && o.format != "table":
		return nil, errors.New("-list and -json or -format exclude each other")
	case *against != "" && o.format != "table":
		return nil, errors.New("-against and -json or -format exclude each other: keep this run first, then compare another")
	}
	var err error
	if *against != "" {
		if o.against, err = readDocument(*against); err != nil {
			return nil, fmt.Errorf("-against: %w", err)
		}
	}
	if o.match, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	if o.schedulers, err = parseCounts(*counts); err != nil {
		return nil, fmt.Errorf("-schedulers: %w", err)
	}
	return o, nil
}

// parseCounts reads a list of numbers of schedulers; the empty one stands for
// the powers of two up to the number of CPUs, and that number.
func parseCounts(text string) ([]int, error) {
	var counts []int
	if text == "" {
		cpus := min(goruntime.GOMAXPROCS(0), fibers.MaxSchedulers)
		for n := 1; n < cpus; n *= 2 {
			counts = append(counts, n)
		}
		return append(counts, cpus), nil
	}
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("%q is not a number; write a list as 1,2", word)
		}
		if n < 1 || n > fibers.MaxSchedulers {
			return nil, fmt.Errorf("%d: allowed are 1 to %d", n, fibers.MaxSchedulers)
		}
		if slices.Contains(counts, n) {
			return nil, fmt.Errorf("%d is there twice", n)
		}
		counts = append(counts, n)
	}
	slices.Sort(counts)
	return counts, nil
}

// choose returns the blocks to run, or an error that says why there is none.
func choose(o *options) ([]*block, error) {
	var blocks []*block
	most, matched, needs := o.schedulers[len(o.schedulers)-1], false, 0
	for _, w := range registry(o.scale()) {
		if len(o.suites) > 0 && !slices.Contains(o.suites, w.suite) || w.onDemand && o.everything() {
			continue
		}
		b := &block{workload: w}
		for i, row := range w.rows {
			if o.match.MatchString(row.name) {
				b.rows = append(b.rows, i)
			}
		}
		if len(b.rows) == 0 {
			continue
		}
		matched = true
		if w.exactly > 0 {
			b.results = append(b.results, &result{schedulers: w.exactly})
		}
		for _, n := range o.schedulers {
			if w.exactly == 0 && n >= w.least && (!w.single || n == most) {
				b.results = append(b.results, &result{schedulers: n})
			}
		}
		if len(b.results) > 0 {
			blocks = append(blocks, b)
		} else {
			needs = w.least
		}
	}
	switch {
	case len(blocks) > 0:
		return blocks, nil
	case matched:
		return nil, fmt.Errorf("nothing to run: the row needs at least %d schedulers", needs)
	}
	if len(o.suites) == 0 {
		return nil, fmt.Errorf("no row matches -run %q", o.match)
	}
	return nil, fmt.Errorf("no row of suite %s matches -run %q", strings.Join(o.suites, ", "), o.match)
}

func list(out io.Writer, blocks []*block) {
	for _, b := range blocks {
		for _, i := range b.rows {
			row := b.workload.rows[i]
			fmt.Fprintf(out, "%-10s %-18s %-6s %s\n", b.workload.suite, row.name, row.unit, row.about)
		}
	}
}
