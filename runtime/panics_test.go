package runtime_test

import (
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

type unprintable struct{ text string }

func (u *unprintable) Error() string { return u.text }

type stringer struct{}

func (stringer) String() string { return "value of a Stringer" }

// crashes are panics that leave a fiber of a runtime without a handler.
var crashes = map[string]struct {
	panic func()
	text  string
}{
	"string":   {func() { panic("value of a string") }, "value of a string"},
	"error":    {func() { panic(fmt.Errorf("outer: %w", errors.New("inner"))) }, "outer: inner"},
	"Stringer": {func() { panic(stringer{}) }, "value of a Stringer"},
	"int":      {func() { panic(4711) }, "4711"},
	"nil":      {func() { panic(nil) }, "panic called with nil argument"},
	"nil map":  {func() { assign(nil) }, "assignment to entry in nil map"},
	"index":    {func() { var s []int; s[len(s)+3] = 1 }, "index out of range [3] with length 0"},
	"nil pointer": {func() { var p *unprintable; p.text = "" },
		"invalid memory address or nil pointer dereference"},
	"error that panics itself": {func() { var e *unprintable; panic(e) }, "unprintable"},
}

func assign(m map[int]int) { m[1] = 1 }

//go:noinline
func theFiberThatPanics(f func()) { f() }

func init() {
	for name, c := range crashes {
		programs["crash: "+name] = func() {
			_ = fibers.Run(func() {
				fibers.GoNamed("culprit", func() { theFiberThatPanics(c.panic) })
				fibers.Sleep(time.Hour)
			})
		}
	}
	programs["panic during a Goexit"] = func() {
		var handled atomic.Int64
		err := fibers.Run(func() {
			const n = 5
			for range n {
				fibers.Go(func() {
					defer func() { panic("deferred") }()
					goruntime.Goexit()
				})
			}
			for handled.Load() < n {
				fibers.Yield()
			}
			t := fibers.Spawn(func() (int, error) { return 1, nil })
			v, err := t.Await()
			check(v == 1 && err == nil, "a task after that")
		}, fibers.WithSchedulers(1), fibers.WithGrace(2*time.Second), fibers.WithPanicHandler(
			func(*fibers.Fiber, any, []byte) { handled.Inc() }))
		check(err == nil, fmt.Sprint(err))
	}
	programs["panic in a deferred function at Close"] = func() {
		var handled atomic.Int64
		rt, err := fibers.New(fibers.WithSchedulers(1), fibers.WithGrace(2*time.Second),
			fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) { handled.Inc() }))
		check(err == nil, fmt.Sprint(err))
		up := make(chan struct{})
		rt.Go(func() {
			defer func() { panic("deferred") }()
			close(up)
			fibers.Sleep(time.Hour)
		})
		<-up
		err = rt.Close()
		check(err == nil, fmt.Sprint(err))
		check(handled.Load() == 1, "handler calls")
	}
	programs["handler exits"] = func() {
		var called atomic.Int64
		err := fibers.Run(func() {
			fibers.Go(func() { panic("x") })
			for called.Load() == 0 {
				fibers.Yield()
			}
			_, err := fibers.Spawn(func() (int, error) { return 1, nil }).Await()
			check(err == nil, "a task after that")
		}, fibers.WithSchedulers(1), fibers.WithGrace(2*time.Second), fibers.WithPanicHandler(
			func(*fibers.Fiber, any, []byte) { called.Inc(); goruntime.Goexit() }))
		check(err == nil, fmt.Sprint(err))
	}
	programs["handler exits in main"] = func() {
		err := fibers.Run(func() { panic("x") }, fibers.WithGrace(2*time.Second),
			fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) { goruntime.Goexit() }))
		var p *fibers.PanicError
		check(errors.As(err, &p), fmt.Sprint(err))
	}
	programs["handler waits when the runtime ends"] = func() {
		up := make(chan struct{})
		rt, err := fibers.New(fibers.WithSchedulers(1), fibers.WithGrace(2*time.Second),
			fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) { close(up); fibers.Sleep(time.Hour) }))
		check(err == nil, fmt.Sprint(err))
		rt.Go(func() { panic("x") })
		<-up
		err = rt.Close()
		check(err == nil, fmt.Sprint(err))
	}
	programs["handler panics"] = func() {
		_ = fibers.Run(func() {
			fibers.Go(func() { panic("first") })
			fibers.Sleep(time.Hour)
		}, fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) { panic("second") }))
	}
	programs["handler panics in main"] = func() {
		var calls atomic.Int64
		_ = fibers.Run(func() { panic("first") }, fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) {
			if calls.Inc() == 1 {
				panic("second")
			}
			println("the handler was called for its own panic")
		}))
	}
}

func TestUnhandledPanicEndsTheProcess(t *testing.T) {
	for name, c := range crashes {
		t.Run(name, func(t *testing.T) {
			out, code := rerun(t, "crash: "+name)
			if code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			for _, want := range []string{c.text, "theFiberThatPanics", "culprit"} {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q", want)
				}
			}
			if t.Failed() {
				t.Logf("output:\n%.2000s", out)
			}
		})
	}
}

// A recovered panic does not stop the Goexit under it.
func TestPanicDuringAGoexitHarmsNoScheduler(t *testing.T) {
	for _, name := range []string{"panic during a Goexit", "panic in a deferred function at Close"} {
		t.Run(name, func(t *testing.T) { mustRerun(t, name) })
	}
}

// The handler runs in the fiber and may do what a fiber does: exit (t.FailNow),
// or be ended while it waits.
func TestPanicHandlerThatDoesNotReturnHarmsNoScheduler(t *testing.T) {
	for _, name := range []string{"handler exits", "handler exits in main", "handler waits when the runtime ends"} {
		t.Run(name, func(t *testing.T) { mustRerun(t, name) })
	}
}

func TestPanicHandlerThatPanicsEndsTheProcess(t *testing.T) {
	for _, name := range []string{"handler panics", "handler panics in main"} {
		t.Run(name, func(t *testing.T) {
			out, code := rerun(t, name)
			if code != 2 || !strings.Contains(out, "second") {
				t.Errorf("exit code %d (−1: did not end), want 2; output:\n%.2000s", code, out)
			}
		})
	}
}
