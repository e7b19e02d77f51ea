// Command bench measures fibers against native goroutines on the cores of this
// machine:
//
//	go run ./bench
//
// takes a good minute, shows progress on stderr and prints one table. Each
// workload runs on both, taking turns within one process, on the same number of
// cores; what counts is the ratio of each such pair. README.md in this directory
// defines the rows, and says what is not equal between the two sides.
//
// # Where things are
//
//	main.go                flags, exit codes, Ctrl-C
//	registry.go            the list of workloads
//	internal/harness       runs them and prints what they gave; its doc has the files
//	internal/engine        the suites switch, spawn, fair, parallel
//	internal/operations    the suite cml
//	internal/forkjoin, internal/net, internal/timers, internal/border
//	                       the suites of these names
//	internal/memory        the suites memory, idle
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

	"github.com/seed222ee791/fibers/bench/internal/harness"
	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	harness.BeChild(childTasks...)
	os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags, checked.
type options struct {
	harness.Selection
	rounds  int // 0: as many as fit
	quick   bool
	format  string // table, json or go
	wide    bool
	against *harness.Document // nil: none
	html    string            // the file of the report; empty: none
	args    []string          // as given
	list    bool
	gops    bool
}

func (o *options) scale() harness.Scale {
	if o.quick {
		return harness.Small
	}
	return harness.Full
}

// start is the program without the process around it; it returns the exit code.
func start(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var blocks []*harness.Block
	if err == nil {
		blocks, err = harness.Choose(registry(o.scale()), o.Selection)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\nbench: run with -h for the flags, with -list for the rows\n", err)
		return exitUsage
	}
	if o.list {
		harness.List(stdout, blocks)
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

	var report *harness.Page
	if o.html != "" { // now, so that a minute is not spent in vain
		if report, err = harness.NewPage(o.html); err != nil {
			fmt.Fprintf(stderr, "bench: -html: %v\nbench: nothing was run\n", err)
			return exitUsage
		}
	}

	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt)
	defer release()
	env := harness.Observe(o.Schedulers, o.rounds, o.quick)
	r := harness.NewRunner(o.scale(), o.rounds, blocks, stderr)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		release() // a second Ctrl-C ends the process at once
		select {
		case err = <-done:
		case <-time.After(harness.ChildGrace):
		}
	}
	interrupted := ctx.Err() != nil
	lines := r.Done()
	text := bufio.NewWriter(stdout) // it keeps the first error
	o.print(text, env, lines, interrupted)
	lost := text.Flush()
	if report != nil {
		lost = errors.Join(lost, report.Finish(harness.NewReport(env, lines, interrupted, o.args)))
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
func (o *options) print(out io.Writer, env harness.Environment, lines []harness.Line, interrupted bool) {
	switch {
	case o.format == "json":
		harness.PrintJSON(out, env, lines, interrupted)
	case o.format == "go":
		harness.PrintGo(out, env, lines)
	case o.against != nil:
		harness.PrintAgainst(out, o.against, harness.NewDocument(env, lines, interrupted))
	default:
		harness.PrintTable(out, env, lines, o.wide)
	}
}

// exclusive are flags of which one would be forgotten over the other.
var exclusive = [][2]string{
	{"list", "json"}, {"list", "format"}, {"list", "against"}, {"list", "html"},
	{"json", "format"}, {"against", "json"}, {"against", "format"},
	{"wide", "json"}, {"wide", "format"}, {"wide", "against"},
}

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{args: args}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	names := harness.Suites(registry(harness.Full))
	all := strings.Join(names, ", ")
	suite := fs.String("suite", "all", "which `suites`, as cml,net: all, "+all)
	pattern := fs.String("run", "", "only the rows whose name matches this `regexp`")
	counts := fs.String("schedulers", "", "numbers of schedulers and cores, as `1,2` (default 1, 2, 4 … up to the CPUs)")
	fs.IntVar(&o.rounds, "rounds", 0, "rounds of each row; 0 is three, and more of what is cheap or wide, in a good minute")
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
			if name = strings.TrimSpace(name); !slices.Contains(names, name) {
				return nil, fmt.Errorf("-suite %q: there are all, %s", name, all)
			}
			o.Suites = append(o.Suites, name)
		}
	}
	if o.rounds < 0 {
		return nil, fmt.Errorf("-rounds %d: cannot be negative", o.rounds)
	}
	if !slices.Contains([]string{"table", "json", "go"}, o.format) {
		return nil, fmt.Errorf("-format %q: there are table, json, go", o.format)
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.format == "table" && !*asJSON {
		delete(given, "format") // that is said for clearness
	}
	for _, pair := range exclusive {
		if given[pair[0]] && given[pair[1]] {
			return nil, fmt.Errorf("-%s and -%s exclude each other", pair[0], pair[1])
		}
	}
	if *asJSON {
		o.format = "json"
	}
	var err error
	if *against != "" {
		if o.against, err = harness.ReadDocument(*against); err != nil {
			return nil, fmt.Errorf("-against: %w", err)
		}
	}
	if o.Match, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	if o.Schedulers, err = parseCounts(*counts); err != nil {
		return nil, fmt.Errorf("-schedulers: %w", err)
	}
	o.Everything = len(o.Suites) == 0 && *pattern == "" && !o.list // to list means all that there is
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
