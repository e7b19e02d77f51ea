package runtime_test

import (
	"errors"
	"fmt"
	"io/fs"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// caught returns what f panics with, or nil.
func caught(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// mustMisuse checks that f panics, here, with a text of this package.
func mustMisuse(t *testing.T, what string, f func()) {
	t.Helper()
	v := caught(f)
	if text, ok := v.(string); !ok || !strings.HasPrefix(text, "fibers: ") {
		t.Errorf("%s: panicked with %T %.100v, want a text that begins with fibers:", what, v, v)
	}
}

// everywhere runs f in a plain goroutine and in a fiber.
func everywhere(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("goroutine", f)
	t.Run("fiber", func(t *testing.T) {
		if err := newRuntime(t, fibers.WithSchedulers(2)).Run(func() { f(t) }); err != nil {
			t.Error(err)
		}
	})
}

func TestTaskGivesItsResultToAllAndAlways(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		failure := errors.New("failure")
		written := 0 // by the task alone, before it ends
		var open atomic.Bool
		task := fibers.Spawn(func() (string, error) {
			for !open.Load() {
				fibers.Yield()
			}
			written = 1
			return "value", failure
		})
		if task.Done() {
			t.Error("done before its end")
		}
		verify := func() {
			v, err := task.Await()
			if v != "value" || err != failure || !task.Done() || written != 1 {
				t.Errorf("Await returned %q, %v; done: %v, written: %d", v, err, task.Done(), written)
			}
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(verify)
		}
		others := make([]*fibers.Task[int], 8)
		for i := range others {
			others[i] = fibers.Spawn(func() (int, error) { verify(); verify(); return i, nil })
		}
		open.Store(true)
		for i, o := range others {
			if v, err := o.Await(); v != i || err != nil {
				t.Errorf("task %d returned %d, %v", i, v, err)
			}
		}
		wg.Wait()
		verify()
	})
}

func TestTaskOfAFiberRunsInItsRuntime(t *testing.T) {
	rt := newRuntime(t)
	if err := rt.Run(func() {
		for range 10 {
			_, _ = fibers.Spawn(func() (int, error) { return 0, nil }).Await()
		}
	}); err != nil {
		t.Error(err)
	}
	if n := rt.Stats().Spawned; n != 11 {
		t.Errorf("%d fibers were made in the runtime, want 11", n)
	}
	before := fibers.Default().Stats().Spawned
	_, _ = fibers.Spawn(func() (int, error) { return 0, nil }).Await()
	if n := fibers.Default().Stats().Spawned - before; n != 1 {
		t.Errorf("%d fibers were made in the Default runtime, want 1", n)
	}
}

//go:noinline
func deepDown(v any) { panic(v) }

func TestPanicOfATaskReachesEveryAwait(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		task := fibers.Spawn(func() (int, error) {
			deepDown(fmt.Errorf("wrapped: %w", fs.ErrExist))
			return 0, nil
		})
		await := func() { _, _ = task.Await() }
		first, ok := caught(await).(*fibers.PanicError)
		if !ok {
			t.Fatal("Await did not panic with a *PanicError")
		}
		if !errors.Is(first, fs.ErrExist) || first.Value.(error).Error() != "wrapped: file already exists" {
			t.Errorf("the value is %v", first.Value)
		}
		for _, want := range []string{"deepDown", "TestPanicOfATaskReachesEveryAwait"} {
			if !strings.Contains(string(first.Stack), want) {
				t.Errorf("the stack lacks %s:\n%s", want, first.Stack)
			}
		}
		if text := first.Error(); !strings.Contains(text, "file already exists") || !strings.Contains(text, "deepDown") {
			t.Errorf("the text is %q", text)
		}
		if !task.Done() {
			t.Error("not done")
		}
		for range 3 {
			if again := caught(await); again != first {
				t.Errorf("another Await panicked with %v", again)
			}
		}
		// What passes through a second task keeps the stack of the first.
		outer := fibers.Spawn(task.Await)
		if second := caught(func() { _, _ = outer.Await() }); second != first {
			t.Errorf("through a second task came %v", second)
		}
	})
}

func TestPanicErrorUnwrapsOnlyErrors(t *testing.T) {
	for _, v := range []any{"text", 4711, struct{ a []int }{}, nil} {
		e := &fibers.PanicError{Value: v}
		if e.Unwrap() != nil {
			t.Errorf("%v unwraps to %v", v, e.Unwrap())
		}
		if !strings.Contains(e.Error(), fmt.Sprint(v)) {
			t.Errorf("%q does not tell %v", e.Error(), v)
		}
	}
	_ = fibers.Run(func() {
		task := fibers.Spawn(func() (int, error) { panic(nil) })
		e, _ := caught(func() { _, _ = task.Await() }).(*fibers.PanicError)
		var p *goruntime.PanicNilError
		if !errors.As(e, &p) {
			t.Errorf("panic(nil) became %v", e)
		}
	})
}

func TestGoexitOfATaskIsAnError(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		cleaned := false
		task := fibers.Spawn(func() (int, error) {
			defer func() { cleaned = true }()
			goruntime.Goexit()
			return 1, nil
		})
		if v, err := task.Await(); v != 0 || err != fibers.ErrGoexit || !cleaned {
			t.Errorf("Await returned %d, %v; deferred functions ran: %v", v, err, cleaned)
		}
	})
}

// Close during a storm of tasks: each is seen to its end, or says why not.
func TestTasksAtCloseHaveAResult(t *testing.T) {
	const n = 2000
	rt := newRuntime(t, fibers.WithSchedulers(2))
	tasks := make([]*fibers.Task[int], n)
	half, all := make(chan struct{}), make(chan struct{})
	rt.Go(func() {
		defer close(all)
		for i := range tasks {
			if i == n/2 {
				close(half)
			}
			tasks[i] = fibers.Spawn(func() (int, error) {
				if i%3 == 0 {
					fibers.Sleep(time.Hour)
				}
				return i, nil
			})
		}
	})
	<-half
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	<-all
	for i, task := range tasks {
		switch v, err := task.Await(); {
		case err == nil && v == i && i%3 != 0:
		case err == fibers.ErrGoexit && i%3 == 0:
		case err == fibers.ErrClosed:
		default:
			t.Errorf("task %d: %d, %v", i, v, err)
		}
		if !task.Done() {
			t.Errorf("task %d is not done", i)
		}
	}
}

func TestTaskThatCouldNotStartSaysClosed(t *testing.T) {
	for _, n := range []int{1, 2} {
		rt := newRuntime(t, fibers.WithSchedulers(n))
		var task *fibers.Task[int]
		up := make(chan struct{})
		rt.Go(func() {
			defer func() {
				task = fibers.Spawn(func() (int, error) { t.Error("it ran"); return 1, nil })
			}()
			close(up)
			fibers.Sleep(time.Hour)
		})
		<-up
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		if v, err := task.Await(); v != 0 || err != fibers.ErrClosed {
			t.Errorf("Await returned %d, %v", v, err)
		}
	}
}

// A task goes on when the fiber that awaits it is ended.
func TestTaskOutlivesItsAwaiter(t *testing.T) {
	var release atomic.Bool
	task := fibers.Spawn(func() (int, error) {
		for !release.Load() {
			fibers.Sleep(time.Millisecond)
		}
		return 1, nil
	})
	rt := newRuntime(t)
	for range 10 {
		rt.Go(func() { _, _ = task.Await(); t.Error("Await returned") })
	}
	for waiting := 0; waiting < 10; {
		waiting = 0
		for _, f := range rt.Fibers() {
			if f.Reason == "await task" {
				waiting++
			}
		}
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	release.Store(true)
	if v, err := task.Await(); v != 1 || err != nil {
		t.Errorf("Await returned %d, %v", v, err)
	}
}

// Whoever waits for itself waits for ever, and can be ended all the same.
func TestTaskThatAwaitsItselfCanBeEnded(t *testing.T) {
	rt := newRuntime(t)
	var task *fibers.Task[int]
	if err := rt.Run(func() {
		self := make(chan *fibers.Task[int], 1)
		task = fibers.Spawn(func() (int, error) { return (<-self).Await() })
		self <- task
	}); err != nil {
		t.Error(err)
	}
	for fs := rt.Fibers(); len(fs) != 1 || fs[0].Reason != "await task"; fs = rt.Fibers() {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if _, err := task.Await(); err != fibers.ErrGoexit {
		t.Errorf("Await returned %v", err)
	}
}

func TestNilFunctionsAreRefusedAtTheCaller(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		rt, err := fibers.New(fibers.WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		for what, f := range map[string]func(){
			"Run":           func() { _ = fibers.Run(nil) },
			"Runtime.Run":   func() { _ = rt.Run(nil) },
			"Runtime.Go":    func() { rt.Go(nil) },
			"Go":            func() { fibers.Go(nil) },
			"GoNamed":       func() { fibers.GoNamed("name", nil) },
			"Spawn":         func() { fibers.Spawn[int](nil) },
			"WithGroup":     func() { _ = fibers.WithGroup(t.Context(), nil) },
			"Group.Go":      func() { _ = fibers.WithGroup(t.Context(), addNil) },
			"SetLimit zero": func() { _ = fibers.WithGroup(t.Context(), limitZero) },
		} {
			mustMisuse(t, what, f)
		}
		if n := rt.Stats().Spawned; n != 0 {
			t.Errorf("%d fibers were made", n)
		}
	})
}
