//go:build unix

package jobs

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// work has jobs worked on in this process, until the function that it returns is called.
func work(t testing.TB, q *Queue, parallel int, handle func(context.Context, Job) ([]byte, error)) (stop func()) {
	t.Helper()
	quit := cml.NewCond()
	task := fibers.Spawn(func() (cml.Unit, error) {
		return cml.Unit{}, q.Work(context.Background(), quit.WaitOp(), "here", parallel, handle)
	})
	return func() {
		t.Helper()
		quit.Signal()
		if r := check.Soon(t, "the end of the worker", task.AwaitOp()); r.Err != nil {
			t.Error(r.Err)
		}
	}
}

func TestWork(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, _ := open(t, s, Config{Lease: 10 * time.Second, Attempts: 3})
		var calls atomic.Int32
		stop := work(t, q, 3, func(_ context.Context, job Job) ([]byte, error) {
			calls.Add(1)
			switch {
			case job.ID == "third" && job.Attempt < 3, job.ID == "never":
				return nil, fmt.Errorf("not at attempt %d", job.Attempt)
			case job.ID == "panics":
				panic("oh")
			case job.ID == "exits":
				goruntime.Goexit()
			}
			return []byte(job.ID + " is done"), nil
		})
		for _, id := range []string{"first", "third", "never", "panics", "exits", "first"} {
			submit(t, q, id)
		}
		if o := outcome(t, q, "third"); string(o.Value) != "third is done" || o.Attempts != 3 {
			t.Errorf("third: %+v", o)
		}
		for id, text := range map[string]string{"never": "not at attempt 3", "panics": "oh", "exits": "Goexit"} {
			it := check.Soon(t, "the outcome of "+id, q.WaitOp(id))
			var failure *JobError
			if !errors.As(it.Value.Err, &failure) || !strings.Contains(failure.Text, text) || it.Value.Attempts != 3 {
				t.Errorf("%s: %+v", id, it)
			}
		}
		empty(t, q)
		outcome(t, q, "first")
		if n := calls.Load(); n != 1+3+3+3+3 {
			t.Errorf("%d calls", n)
		}
		// What has been forgotten is another job.
		if err := q.Forget(context.Background(), "first"); err != nil {
			t.Error(err)
		}
		if it, ok := fibers.PerformTimeout(q.WaitOp("first"), 50*time.Millisecond); ok {
			t.Errorf("an outcome of what has been forgotten: %+v", it)
		}
		stop()
	})
}

// Work that takes longer than the lease is not given to another, as its worker says that it is at it.
func TestLongWork(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, _ := open(t, s, Config{Lease: 2 * time.Second})
		slow := func(context.Context, Job) ([]byte, error) { fibers.Sleep(3 * time.Second); return nil, nil }
		one, other := work(t, q, 1, slow), work(t, q, 1, slow)
		submit(t, q, "long")
		if o := outcome(t, q, "long"); o.Attempts != 1 {
			t.Errorf("%d attempts", o.Attempts)
		}
		one()
		other()
	})
}

// A worker that is stopped ends what it is at, and leaves the rest.
func TestStop(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, _ := open(t, s, Config{Lease: time.Minute})
		begun, goOn := cml.NewQueue[string](0), cml.NewCond()
		quit := cml.NewCond()
		task := fibers.Spawn(func() (cml.Unit, error) {
			return cml.Unit{}, q.Work(context.Background(), quit.WaitOp(), "first", 1, func(_ context.Context, job Job) ([]byte, error) {
				begun.Put(job.ID)
				goOn.Wait()
				return nil, nil
			})
		})
		submit(t, q, "a")
		submit(t, q, "b")
		check.Soon(t, "a job", begun.GetOp())
		quit.Signal()
		goOn.Signal()
		if r := check.Soon(t, "the end of the worker", task.AwaitOp()); r.Err != nil {
			t.Error(r.Err)
		}
		if n := begun.Len(); n != 0 {
			t.Errorf("%d jobs begun after the stop", n)
		}
		outcome(t, q, "a")
		// One whose context ends gives back what it is at, and the attempt counts for nothing worse.
		ctx, cancel := context.WithCancel(context.Background())
		task = fibers.Spawn(func() (cml.Unit, error) {
			return cml.Unit{}, q.Work(ctx, cml.Never[cml.Unit](), "second", 1, func(ctx context.Context, job Job) ([]byte, error) {
				begun.Put(job.ID)
				return nil, cml.Perform(cml.Done(ctx))
			})
		})
		check.Soon(t, "job b", begun.GetOp())
		cancel()
		if r := check.Soon(t, "the end of the worker", task.AwaitOp()); r.Err != nil {
			t.Error(r.Err)
		}
		stop := work(t, q, 1, func(context.Context, Job) ([]byte, error) { return nil, nil })
		if o := outcome(t, q, "b"); o.Attempts != 2 {
			t.Errorf("%+v", o)
		}
		stop()
	})
}

func TestBadInput(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, _ := open(t, s, Config{})
		for _, id := range []string{"", "a b", "a.b", "*", ">", "a\r\n", strings.Repeat("x", 129), "ä"} {
			if err := q.Submit(id, nil); !errors.Is(err, ErrBadID) {
				t.Errorf("Submit %q: %v", id, err)
			}
			if _, err := q.Wait(id); !errors.Is(err, ErrBadID) {
				t.Errorf("Wait %q: %v", id, err)
			}
			if err := q.Forget(context.Background(), id); !errors.Is(err, ErrBadID) {
				t.Errorf("Forget %q: %v", id, err)
			}
		}
		if err := q.Submit("big", make([]byte, 8<<20)); err == nil {
			t.Error("a job that is too large is no error")
		}
		for name, c := range map[string]Config{
			"no name": {}, "a bad name": {Name: "a.b"}, "a short lease": {Name: "x", Lease: 1},
			"negative": {Name: "x", Attempts: -1},
		} {
			if _, err := Open(context.Background(), q.conn, c); !errors.Is(err, ErrBadConfig) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A record that is none: the job is not lost, and nobody waits for ever.
		if _, err := q.records.PutString(context.Background(), "odd", "{"); err != nil {
			t.Fatal(err)
		}
		if it := check.Soon(t, "an error", q.WaitOp("odd")); it.Err == nil {
			t.Errorf("got %+v", it)
		}
	})
}
