package inspect_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// stall brings a runtime with the options to a deadlock, until it has been reported.
func stall(t *testing.T, reported <-chan struct{}, opts ...fibers.Option) {
	t.Helper()
	rt, err := fibers.New(append(opts, fibers.WithGrace(time.Second))...)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var a, b cml.Mutex
	locked := cml.NewBarrier(2)
	rt.Go(func() {
		fibers.GoNamed("ann", func() { a.Lock(); locked.Wait(); b.Lock() })
		fibers.GoNamed("bob", func() { b.Lock(); locked.Wait(); a.Lock() })
	})
	select {
	case <-reported:
	case <-time.After(time.Minute):
		t.Fatal("no stall was reported")
	}
}

func TestTraceOnStall(t *testing.T) {
	dir := t.TempDir()
	reported := make(chan struct{}, 100)
	var file string
	stall(t, reported, fibers.WithRecorder(1000), fibers.WithStallReport(20*time.Millisecond,
		inspect.TraceOnStall(dir, func(r fibers.Report, name string, err error) {
			if err != nil {
				t.Error(err)
			}
			if file == "" && len(r.Deadlocks) > 0 {
				file = name
				reported <- struct{}{}
			}
		})))
	trace, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var events struct {
		TraceEvents []struct{ Name string }
	}
	if err := json.Unmarshal(trace, &events); err != nil || len(events.TraceEvents) < 10 {
		t.Errorf("%v, %d events", err, len(events.TraceEvents))
	}
	want(t, string(trace), `"ann (`, `"bob (`)
	text, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	want(t, string(text), "deadlock of 2 fibers")
}

// What cannot be written is said.
func TestTraceOnStallFails(t *testing.T) {
	reported := make(chan struct{}, 100)
	var failed error
	stall(t, reported, fibers.WithStallReport(20*time.Millisecond,
		inspect.TraceOnStall(filepath.Join(t.TempDir(), "gone"), func(_ fibers.Report, _ string, err error) {
			failed = err
			reported <- struct{}{}
		})))
	if !errors.Is(failed, fs.ErrNotExist) {
		t.Error(failed)
	}
	stall(t, reported, fibers.WithStallReport(20*time.Millisecond,
		inspect.TraceOnStall(t.TempDir(), func(_ fibers.Report, _ string, err error) {
			failed = err
			reported <- struct{}{}
		})))
	if !errors.Is(failed, inspect.ErrNotRecording) {
		t.Error(failed)
	}
}

// The last ten are kept.
func TestTracesOfStallsAreBounded(t *testing.T) {
	dir := t.TempDir()
	f := inspect.TraceOnStall(dir, nil)
	for range 25 {
		f(fibers.Report{})
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 20 {
		t.Errorf("%d files", len(files))
	}
}

// What led to a deadlock is left in a file.
func ExampleTraceOnStall() {
	dir, err := os.MkdirTemp("", "stalls")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	over := cml.NewCond()
	err = fibers.Run(func() {
		var mu cml.Mutex
		mu.Lock()
		fibers.GoNamed("second", mu.Lock)
		over.Wait()
	}, fibers.WithRecorder(0), fibers.WithStallReport(20*time.Millisecond,
		inspect.TraceOnStall(dir, func(_ fibers.Report, file string, err error) {
			if over.Signal() {
				fmt.Println(filepath.Ext(file), err)
			}
		})))
	fmt.Println(err)
	// Output:
	// .json <nil>
	// <nil>
}
