package runtime_test

import (
	"context"
	"errors"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The end of a fiber is known to all who ask, before and after, however it ends.
func TestFiberDone(t *testing.T) {
	ends := map[string]func(){
		"returns": func() {},
		"exits":   goruntime.Goexit,
		"panics":  func() { panic("on purpose") },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			err := fibers.Run(func() {
				cleaned := false
				begin := cml.NewCond()
				f := fibers.GoFiber(func() {
					defer func() { cleaned = true }()
					begin.Wait()
					end()
				})
				if f.ID() == 0 || f.Done() {
					t.Error(f.ID(), f.Done())
				}
				if _, ok := fibers.PerformTimeout(f.DoneOp(), time.Millisecond); ok {
					t.Error("it has not ended")
				}
				outside := make(chan struct{})
				go func() { f.Wait(); close(outside) }()
				begin.Signal()
				cml.Perform(f.DoneOp())
				if !cleaned || !f.Done() {
					t.Error("it had not ended")
				}
				f.Wait()
				<-outside
				if _, ok := cml.Poll(f.DoneOp()); !ok {
					t.Error("the end is not known any more")
				}
			}, fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) {}))
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// Fibers end while others begin to ask.
func TestFiberDoneStress(t *testing.T) {
	const rounds = 2000
	if err := fibers.Run(func() {
		for range rounds {
			f := fibers.GoFiber(func() {})
			var wg sync.WaitGroup
			wg.Add(2)
			fibers.Go(func() { defer wg.Done(); cml.Perform(f.DoneOp()) })
			go func() { defer wg.Done(); f.Wait() }()
			fibers.PerformTimeout(f.DoneOp(), time.Nanosecond)
			wg.Wait()
		}
	}); err != nil {
		t.Error(err)
	}
}

// A fiber that is ended by its runtime, or has not run by then, has ended too.
func TestFiberDoneWhenTheRuntimeEnds(t *testing.T) {
	rt, err := fibers.New()
	if err != nil {
		t.Fatal(err)
	}
	var all []*fibers.Fiber
	if err := rt.Run(func() {
		for range 100 {
			all = append(all, fibers.GoFiber(func() { cml.Perform(cml.Never[int]()) }))
		}
		all = append(all, fibers.Current())
	}); err != nil {
		t.Fatal(err)
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		f.Wait()
	}
}

// A task of SpawnContext ends when it is told to.
func TestTaskCancel(t *testing.T) {
	if err := fibers.Run(func() {
		task := fibers.SpawnContext(context.Background(), func(ctx context.Context) (int, error) {
			return cml.PerformContext(ctx, cml.Never[int]())
		})
		if _, ok := fibers.PerformTimeout(task.AwaitOp(), time.Millisecond); ok {
			t.Error("it ended by itself")
		}
		task.Cancel()
		task.Cancel()
		if _, err := task.Await(); err != fibers.ErrTaskCancelled {
			t.Error(err)
		}
		var kept context.Context
		task = fibers.SpawnContext(context.Background(), func(ctx context.Context) (int, error) { kept = ctx; return 1, nil })
		if v, err := task.Await(); v != 1 || err != nil || kept.Err() == nil {
			t.Error(v, err, "or its context goes on")
		}
		mustPanic(t, "SpawnContext", func() { fibers.Spawn(func() (int, error) { return 0, nil }).Cancel() })
	}); err != nil {
		t.Error(err)
	}
}

func mustPanic(t *testing.T, with string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Error("no panic: " + with)
		}
	}()
	f()
}

// Against a plain model: each task once, in the order of their ends, whoever asks.
func TestTaskSetModel(t *testing.T) {
	const tasks = 500
	if err := fibers.Run(func() {
		s := fibers.NewTaskSet[int](context.Background())
		defer s.Close()
		if f := s.Next(); f.Task != nil {
			t.Error("of nothing:", f)
		}
		var mu sync.Mutex
		seen := map[int]int{}
		for i := range tasks {
			s.Spawn(func(context.Context) (int, error) {
				if i%3 == 0 {
					fibers.Sleep(time.Duration(i%7) * 10 * time.Microsecond)
				}
				return i, nil
			})
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Add(1)
			party := func() {
				defer wg.Done()
				for {
					f, ok := s.Next(), true
					if i%2 == 1 {
						if f.Task == nil {
							return
						}
						mu.Lock()
						seen[f.Value]++
						mu.Unlock()
						f, ok = fibers.PerformTimeout(s.NextOp(), time.Microsecond)
					}
					if ok && f.Task == nil {
						return
					}
					if ok {
						mu.Lock()
						seen[f.Value]++
						mu.Unlock()
					}
				}
			}
			if i < 2 {
				fibers.Go(party)
			} else {
				go party()
			}
		}
		wg.Wait()
		for i := range tasks {
			if seen[i] != 1 {
				t.Fatalf("task %d came %d times", i, seen[i])
			}
		}
		if s.Len() != 0 {
			t.Error(s.Len())
		}
	}); err != nil {
		t.Error(err)
	}
}

// The order is that of the ends; a panic is for who gets the task; Close ends all.
func TestTaskSetOrderPanicClose(t *testing.T) {
	if err := fibers.Run(func() {
		s := fibers.NewTaskSet[string](context.Background())
		gates := map[string]*cml.Cond{}
		for _, name := range []string{"a", "b", "c"} {
			gate := cml.NewCond()
			gates[name] = gate
			s.Spawn(func(context.Context) (string, error) { gate.Wait(); return name, nil })
		}
		for _, name := range []string{"c", "a", "b"} {
			gates[name].Signal()
			if f := s.Next(); f.Value != name {
				t.Errorf("%s, want %s", f.Value, name)
			}
		}
		s.Spawn(func(context.Context) (string, error) { panic("on purpose") })
		mustPanic(t, "of the task", func() { s.Next() })
		for range 10 {
			s.Spawn(func(ctx context.Context) (string, error) { return "", cml.Perform(cml.Done(ctx)) })
		}
		if _, ok := fibers.PerformTimeout(s.NextOp(), time.Millisecond); ok {
			t.Error("one ended by itself")
		}
		s.Close()
		for range 10 {
			if f := s.Next(); f.Task == nil || !errors.Is(f.Err, fibers.ErrTaskCancelled) {
				t.Error(f)
			}
		}
		if f := s.Next(); f.Task != nil {
			t.Error(f)
		}
	}); err != nil {
		t.Error(err)
	}
}

// The first success is returned when the others have ended.
func TestFirst(t *testing.T) {
	if err := fibers.Run(func() {
		var ended atomic.Int32
		never := func(ctx context.Context) (int, error) {
			defer ended.Inc()
			return cml.PerformContext(ctx, cml.Never[int]())
		}
		failed := errors.New("failed")
		fail := func(context.Context) (int, error) { return 0, failed }
		v, err := fibers.First(context.Background(), never, fail, func(context.Context) (int, error) { return 7, nil }, never)
		if v != 7 || err != nil || ended.Load() != 2 {
			t.Error(v, err, ended.Load())
		}
		if _, err := fibers.First(context.Background(), fail, fail); !errors.Is(err, failed) || err.Error() != "failed\nfailed" {
			t.Error(err)
		}
		exit := func(context.Context) (int, error) { goruntime.Goexit(); return 0, nil }
		if _, err := fibers.First(context.Background(), exit, fail); !errors.Is(err, fibers.ErrGoexit) || !errors.Is(err, failed) {
			t.Error(err)
		}
		if v, err := fibers.First(context.Background(), exit, func(context.Context) (int, error) { fibers.Yield(); return 8, nil }); v != 8 || err != nil {
			t.Error(v, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if _, err := fibers.First(ctx, never, never); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		mustPanic(t, "of the function", func() {
			fibers.First(context.Background(), never, func(context.Context) (int, error) { panic("on purpose") })
		})
		mustPanic(t, "First without a function", func() { fibers.First[int](context.Background()) })
	}); err != nil {
		t.Error(err)
	}
}

// What is protected is not cut by the end of its runtime, and what comes after it is.
func TestProtect(t *testing.T) {
	rt, err := fibers.New(fibers.WithGrace(20 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	inside, goOn := cml.NewCond(), cml.NewCond()
	var protected, after atomic.Bool
	rt.Go(func() {
		fibers.Protect(func() {
			fibers.Protect(func() {})
			inside.Signal()
			goOn.Wait()
			fibers.Yield()
			protected.Store(true)
		})
		fibers.Yield()
		cml.Perform(cml.Never[int]())
		after.Store(true)
	})
	inside.Wait()
	closed := make(chan error)
	go func() { closed <- rt.Close() }()
	for !errors.Is(rt.Run(func() {}), fibers.ErrClosed) {
		goruntime.Gosched()
	}
	goOn.Signal()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if !protected.Load() || after.Load() {
		t.Errorf("protected to its end: %v; not ended after that: %v", protected.Load(), after.Load())
	}
	fibers.Protect(func() { protected.Store(false) })
	if protected.Load() {
		t.Error("Protect in a goroutine did nothing")
	}
}

// After the grace, what is protected is cut too.
func TestProtectEndsWithTheGrace(t *testing.T) {
	rt, err := fibers.New(fibers.WithGrace(50 * time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	inside := cml.NewCond()
	rt.Go(func() {
		fibers.Protect(func() {
			inside.Signal()
			cml.Perform(cml.Never[int]())
		})
	})
	inside.Wait()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
}
