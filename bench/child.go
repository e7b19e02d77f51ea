package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"
	"time"
)

// Some workloads want a process of their own: what they measure is the
// process's, its memory or its processor time. The parent runs this program
// again with an errand in the environment, and reads the outcome from its
// standard output. The child ends when its standard input does, so that none
// outlives the parent.

const childVariable = "FIBERS_BENCH_CHILD"

// childGrace is how long an interrupted parent waits for its children to end.
const childGrace = 500 * time.Millisecond

// An errand is what a child is to do.
type errand struct {
	Kind       string        // of errands
	Side       side          // on which
	Schedulers int           // and GOMAXPROCS
	N          int           // how many parties
	For        time.Duration // how long it lasts, where that is to be said
	Load       *loadErrand   `json:",omitempty"` // of a load on a server
}

// An outcome is what it reports.
type outcome struct {
	Value float64
	Extra map[string]float64
	Err   string
}

// errands are the kinds: see memory.go, idle.go and netio.go.
func errands(kind string) func(e errand) (outcome, error) {
	switch kind {
	case "parked":
		return measureParked
	case "returned":
		return measureReturned
	case "idle":
		return measureIdle
	}
	return netioErrands[kind]
}

// send runs an errand in a child.
func send(ctx context.Context, e errand) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	var said strings.Builder
	cmd.Stderr = &said
	if _, err = cmd.StdinPipe(); err != nil { // closed when the child has ended, or with this process
		return sample{}, err
	}
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return sample{}, ctx.Err()
	}
	var o outcome
	if err == nil {
		err = json.Unmarshal(out, &o)
	}
	if err != nil {
		return sample{}, fmt.Errorf("the process of its own: %w: %s", err, said.String())
	}
	if o.Err != "" {
		return sample{}, fmt.Errorf("the process of its own: %s", o.Err)
	}
	return sample{values: []float64{o.Value}, extra: o.Extra}, nil
}

// childMain is the child's main; it returns the exit code.
func childMain(text string) int {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(exitFailed)
	}()
	var e errand
	o, err := outcome{}, json.Unmarshal([]byte(text), &e)
	if err == nil {
		run := errands(e.Kind)
		if run == nil {
			err = fmt.Errorf("no such errand: %q", e.Kind)
		} else {
			goruntime.GOMAXPROCS(e.Schedulers)
			o, err = run(e)
		}
	}
	if err != nil {
		o.Err = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
		return exitFailed
	}
	return 0
}
