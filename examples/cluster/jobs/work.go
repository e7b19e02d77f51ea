package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Job is one attempt at a job.
type Job struct {
	ID      string
	Data    []byte
	Attempt int // from 1
}

// patience is how long a worker waits for the bucket, and for the word that a job is
// acknowledged.
const patience = 10 * time.Second

// A worker is one call of Work.
type worker struct {
	*Queue
	name     string
	messages *bus.Messages
	handle   func(ctx context.Context, job Job) ([]byte, error)
}

// Work works on jobs, on up to so many at the same time, in fibers, until stop is ready,
// which it must then be for all who wait (a Cond's WaitOp, for instance). It returns when
// those under way have ended. If ctx is done it stops likewise, and the contexts of the jobs
// under way end.
//
// What handle returns is the outcome. An error of it, or a panic, is tried again, elsewhere
// perhaps, until Config.Attempts; so is a job whose worker dies. The returned error is why
// there are no jobs any more, if it was not stop.
func (q *Queue) Work(ctx context.Context, stop cml.Op[cml.Unit], name string, parallel int, handle func(ctx context.Context, job Job) ([]byte, error)) error {
	if parallel < 1 || handle == nil || stop == nil {
		panic("jobs: Work wants at least one fiber, an operation to stop it, and a function")
	}
	messages, err := bus.Consume(q.conn, q.consumer, bus.Options{})
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	defer messages.Close()
	w := &worker{q, name, messages, handle}
	type next struct {
		cml.Item[*bus.Message]
		stop bool
	}
	// No job any more once it has been stopped, so Prefer.
	op := cml.Prefer(
		cml.Wrap(stop, func(cml.Unit) next { return next{stop: true} }),
		cml.Wrap(cml.Done(ctx), func(error) next { return next{stop: true} }),
		cml.Wrap(messages.NextOp(), func(it cml.Item[*bus.Message]) next { return next{Item: it} }),
	)
	return fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
		for range parallel {
			g.Go(func(context.Context) error {
				for {
					n := cml.Perform(op)
					if n.stop {
						return nil
					}
					if n.Err != nil {
						return fmt.Errorf("jobs: %w", n.Err)
					}
					if err := w.attempt(ctx, n.Value); err != nil {
						q.config.Report(err)
					}
				}
			})
		}
		return nil
	})
}

// attempt sees one delivery to its end. The record decides, so whatever goes wrong here
// leaves the message where it is, to be delivered again.
func (w *worker) attempt(ctx context.Context, m *bus.Message) error {
	id := m.Subject()[strings.LastIndexByte(m.Subject(), '.')+1:]
	claimed, err := within(func(ctx context.Context) (record, error) { return w.claim(ctx, id, w.name) })
	if err != nil {
		m.Nak(w.config.Pause)
		return err
	}
	if claimed.final() {
		return w.acknowledge(id, m)
	}
	job := Job{ID: id, Data: m.Data(), Attempt: claimed.Attempt}
	task := fibers.Spawn(func() ([]byte, error) { return w.safely(ctx, job) })
	var result fibers.Result[[]byte]
	for ended := false; !ended; {
		cml.Select(
			cml.On(task.AwaitOp(), func(r fibers.Result[[]byte]) { result, ended = r, true }),
			cml.On(fibers.After(w.config.Lease/3), func(time.Time) { m.InProgress() }),
		)
	}
	outcome := record{State: done, Attempt: job.Attempt, Worker: w.name, Value: result.Value}
	if result.Err != nil {
		if job.Attempt < w.config.Attempts || ctx.Err() != nil { // the job is not to blame for our end
			m.Nak(w.config.Pause * time.Duration(job.Attempt))
			return fmt.Errorf("jobs: attempt %d at %s: %w", job.Attempt, id, result.Err)
		}
		outcome.State, outcome.Value, outcome.Error = failed, nil, result.Err.Error()
	}
	if _, err := within(func(ctx context.Context) (record, error) { return w.finish(ctx, id, outcome) }); err != nil {
		m.Nak(w.config.Pause)
		return err
	}
	if w.config.finished != nil {
		w.config.finished(id)
	}
	return w.acknowledge(id, m) // J2
}

// safely is handle, with a panic for an error.
func (w *worker) safely(ctx context.Context, job Job) (value []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return w.handle(ctx, job)
}

func (w *worker) acknowledge(id string, m *bus.Message) error {
	err, told := fibers.PerformTimeout(m.AckOp(), patience)
	if !told {
		err = errors.New("no answer")
	}
	if err != nil {
		// It may be delivered again, and is found final then.
		return fmt.Errorf("jobs: acknowledging %s: %w", id, err)
	}
	return nil
}

func within[T any](f func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return f(ctx)
}
