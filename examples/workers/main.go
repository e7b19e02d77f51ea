// Workers do jobs under supervision: one that fails is started again.
//
// The workers are the members of a group, so none of them outlives it. Each
// member is a supervisor: it runs its worker in a task, which catches a panic
// too, and starts another when that fails, a limited number of times. If that
// does not help, the supervisor's own error cancels the group, and all the
// others end. A job that was being done when its worker failed goes back into
// the queue.
//
//	go run ./examples/workers
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync/atomic" // what users have at hand

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var errTooOften = errors.New("failed too often")

// A job is done by a worker, perhaps not at the first attempt.
type job struct {
	name     string
	failures int // how many attempts fail
	attempts int // owned by who has the job
}

func (j *job) do() error {
	j.attempts++
	switch {
	case j.attempts > j.failures:
		return nil
	case j.attempts%2 == 1:
		return fmt.Errorf("%s: no luck", j.name)
	}
	panic(j.name + " has run into a bug")
}

// A shop has jobs, and counts.
type shop struct {
	queue    *cml.Queue[*job]
	open     cml.WaitGroup // jobs not done
	done     atomic.Int64
	restarts atomic.Int64
}

// work does jobs until there are no more, or one fails.
func (s *shop) work(ctx context.Context) error {
	for {
		item, err := cml.PerformContext(ctx, s.queue.GetOp())
		if err != nil {
			return err
		}
		if item.Err != nil {
			return nil // closed: all is done
		}
		if err := s.attempt(item.Value); err != nil {
			return err
		}
	}
}

func (s *shop) attempt(j *job) error {
	finished := false
	defer func() {
		if finished {
			s.done.Add(1)
			s.open.Done()
		} else {
			// Also after a panic. The queue is open as long as a job is.
			_ = s.queue.Put(j)
		}
	}()
	err := j.do()
	finished = err == nil
	return err
}

// supervise keeps fn running until it returns without an error, starting it
// again at most limit times.
func supervise(ctx context.Context, limit int, restarted func(), fn func(context.Context) error) error {
	for failures := 0; ; restarted() {
		err := catch(ctx, fn)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if failures++; failures > limit {
			return fmt.Errorf("%w: %w", errTooOften, err)
		}
	}
}

// catch runs fn in a task and returns its panic as an error.
func catch(ctx context.Context, fn func(context.Context) error) (err error) {
	defer func() {
		if p, ok := recover().(*fibers.PanicError); ok {
			err = fmt.Errorf("panic: %v", p.Value)
		}
	}()
	_, err = fibers.Spawn(func() (cml.Unit, error) { return cml.Unit{}, fn(ctx) }).Await()
	return err
}

// doAll has the jobs done by n workers.
func (s *shop) doAll(n, limit int, jobs ...*job) error {
	s.queue = cml.NewQueue[*job](0)
	for _, j := range jobs {
		s.open.Add(1)
		_ = s.queue.Put(j) // it is open
	}
	return fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
		for range n {
			g.Go(func(ctx context.Context) error {
				return supervise(ctx, limit, func() { s.restarts.Add(1) }, s.work)
			})
		}
		g.Go(func(ctx context.Context) error {
			_, err := cml.PerformContext(ctx, s.open.WaitOp())
			s.queue.Close(nil)
			return err
		})
		return nil
	})
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		var jobs []*job
		for i := range 30 {
			j := &job{name: fmt.Sprint("job ", i)}
			if i%10 == 7 {
				j.failures = 3
			}
			jobs = append(jobs, j)
		}
		var s shop
		err := s.doAll(4, 100, jobs...)
		fmt.Fprintln(w, s.done.Load(), "jobs done,", s.restarts.Load(), "restarts, error:", err)

		s = shop{}
		err = s.doAll(1, 3, &job{name: "the impossible", failures: 1000})
		fmt.Fprintln(w, s.done.Load(), "jobs done,", s.restarts.Load(), "restarts, error:", err)
	}, append(opts, fibers.WithDrain())...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
