package harness

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
// again with a child task in the environment, and reads the outcome from its
// standard output. The child ends when its standard input does, so that none
// outlives the parent.

const childVariable = "FIBERS_BENCH_CHILD"

const childFailed = 1 // the exit code

// ChildGrace is how long an interrupted parent waits for its children to end.
const ChildGrace = 500 * time.Millisecond

// A ChildTask is what a child is to do.
type ChildTask struct {
	Kind       string          // the key in ChildTasks
	Side       Side            // on which
	Schedulers int             // and GOMAXPROCS
	N          int             // how many parties
	For        time.Duration   // how long it lasts, where that is to be said
	Detail     json.RawMessage `json:",omitempty"` // what else its kind wants
}

// An Outcome is what it reports.
type Outcome struct {
	Value float64
	Extra map[string]float64
	Err   string
}

// ChildTasks are what a child can do, by kind.
type ChildTasks map[string]func(e ChildTask) (Outcome, error)

// Command returns the process that will do it, and what it will have said on its
// standard error. It ends when its standard input does, which the caller makes.
func (e ChildTask) Command(ctx context.Context) (cmd *exec.Cmd, said *strings.Builder, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return nil, nil, err
	}
	cmd, said = exec.CommandContext(ctx, self), new(strings.Builder)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = said
	return cmd, said, nil
}

// Send runs a child task in a process of its own.
func Send(ctx context.Context, e ChildTask) (Sample, error) {
	cmd, said, err := e.Command(ctx)
	if err != nil {
		return Sample{}, err
	}
	if _, err = cmd.StdinPipe(); err != nil { // closed when the child has ended, or with this process
		return Sample{}, err
	}
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return Sample{}, ctx.Err()
	}
	var o Outcome
	if err == nil {
		err = json.Unmarshal(out, &o)
	}
	if err != nil {
		return Sample{}, fmt.Errorf("the process of its own: %w: %s", err, said.String())
	}
	if o.Err != "" {
		return Sample{}, fmt.Errorf("the process of its own: %s", o.Err)
	}
	return Sample{Values: []float64{o.Value}, Extra: o.Extra}, nil
}

// BeChild does a child task and ends the process, if that is what it is for. A program whose
// workloads have child tasks calls it first, with all of them; so does the main of a test.
func BeChild(kinds ...ChildTasks) {
	if text := os.Getenv(childVariable); text != "" {
		os.Exit(childMain(text, kinds))
	}
}

// childMain is the child's main; it returns the exit code.
func childMain(text string, kinds []ChildTasks) int {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(childFailed)
	}()
	var e ChildTask
	o, err := Outcome{}, json.Unmarshal([]byte(text), &e)
	if err == nil {
		var run func(ChildTask) (Outcome, error)
		for _, k := range kinds {
			if f := k[e.Kind]; f != nil {
				run = f
			}
		}
		if run == nil {
			err = fmt.Errorf("no such child task: %q", e.Kind)
		} else {
			goruntime.GOMAXPROCS(e.Schedulers)
			o, err = run(e)
		}
	}
	if err != nil {
		o.Err = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
		return childFailed
	}
	return 0
}
