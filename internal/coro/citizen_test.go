package coro

import (
	"bytes"
	goruntime "runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"
)

// What others do to goroutines they may do to coroutines: collect garbage, shrink
// stacks, look at them, trace and profile them.

// crew makes coroutines each of which, in each round, grows its stack, sleeps deep down
// with pointers into heap and stack, and sleeps again with its stack shallow. They hand
// over in a chain, so that each sleeps in the slot of another.
func crew(t *testing.T, n, rounds int, between func()) {
	var root Coro
	ws := make([]*worker, n)
	for i := range ws {
		ws[i] = newWorker()
	}
	for range rounds {
		for i, w := range ws {
			after := &root
			if i+1 < n {
				after = &ws[i+1].Coro
			}
			w.back = &root
			w.job = func(w *worker) {
				if !holdsOn(w, after, 20+i%50) {
					t.Error("a stack was damaged while its coroutine slept")
				}
			}
		}
		root.Switch(&ws[0].Coro) // all are deep down now, and handed over in a row
		between()
		for _, w := range ws {
			root.Switch(&w.Coro) // ends its job
		}
		between()
	}
	endAll(t, &root, ws)
}

//go:noinline
func holdsOn(w *worker, to *Coro, depth int) bool {
	var onStack [16]*int
	for i := range onStack {
		onStack[i] = new(int)
		*onStack[i] = depth + i
	}
	right := true
	if depth > 0 {
		right = holdsOn(w, to, depth-1)
	} else {
		w.Switch(to)
	}
	for i, p := range onStack {
		right = right && *p == depth+i
	}
	return right
}

func TestCollectorSeesSleepers(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	crew(t, 50, 10, goruntime.GC)
}

// The collector works at the same time, on another thread.
func TestCollectorBeside(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				goruntime.GC()
			}
		}
	}()
	crew(t, 50, 60, func() {})
	close(stop)
	<-stopped
}

func TestTracebackOfSleepers(t *testing.T) {
	crew(t, 30, 2, func() {
		// Enough for all; other tests may have left goroutines that are still ending.
		stacks := make([]byte, 8<<20)
		stacks = stacks[:goruntime.Stack(stacks, true)]
		if n := bytes.Count(stacks, []byte("coroutine]:")); n < 30 {
			t.Errorf("runtime.Stack shows %d coroutines, want 30", n)
		}
		var profile bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			t.Error(err)
		}
		if !strings.Contains(profile.String(), "coro.(*worker).main") {
			t.Error("the goroutine profile does not show the coroutines")
		}
		if slices.ContainsFunc([]string{"unknown pc", "unexpected return pc", "runtime: g "}, func(s string) bool {
			return bytes.Contains(stacks, []byte(s))
		}) {
			t.Errorf("a stack could not be read:\n%s", stacks)
		}
	})
}

func TestTraceBeside(t *testing.T) {
	var out bytes.Buffer
	if err := trace.Start(&out); err != nil {
		t.Skip(err)
	}
	crew(t, 20, 50, func() {})
	trace.Stop()
	if out.Len() == 0 {
		t.Error("the trace is empty")
	}
}

func TestProfileBeside(t *testing.T) {
	var out bytes.Buffer
	if err := pprof.StartCPUProfile(&out); err != nil {
		t.Skip(err)
	}
	// Long enough for some samples of the profiler, which takes a hundred a second.
	for begin := time.Now(); time.Since(begin) < 300*time.Millisecond; {
		crew(t, 20, 20, func() {})
	}
	pprof.StopCPUProfile()
	if out.Len() == 0 {
		t.Error("the profile is empty")
	}
}
