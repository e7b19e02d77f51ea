package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// The states of a job that has a record.
const (
	running = "running"
	done    = "done"
	failed  = "failed"
)

// A record says how far a job is.
type record struct {
	State   string `json:"state"`
	Attempt int    `json:"attempt"`
	Worker  string `json:"worker"`
	Value   []byte `json:"value,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (r record) final() bool { return r.State == done || r.State == failed }

func (r record) outcome(id string) Outcome {
	o := Outcome{Value: r.Value, Attempts: r.Attempt, Worker: r.Worker}
	if r.State == failed {
		o.Err = &JobError{id, r.Error}
	}
	return o
}

func parse(e jetstream.KeyValueEntry) (r record, err error) {
	if e.Operation() != jetstream.KeyValuePut {
		return record{}, nil // removed: as if there were none
	}
	if err = json.Unmarshal(e.Value(), &r); err != nil {
		return record{}, fmt.Errorf("jobs: the record of %s: %w", e.Key(), err)
	}
	return r, nil
}

// Progress tells what a value of Watch says: the job, its state ("running", "done", "failed"), which
// attempt it is, and whose.
func Progress(e jetstream.KeyValueEntry) (id, state string, attempt int, worker string, err error) {
	r, err := parse(e)
	return e.Key(), r.State, r.Attempt, r.Worker, err
}

// step replaces the record of a job by what next makes of it, unless that reports false: then
// it returns the record as it is. It begins anew for as long as others make steps in between
// (J1), which ends: there are few attempts, and one of them makes a final one.
func (q *Queue) step(ctx context.Context, id string, next func(old record) (record, bool)) (record, error) {
	return fibers.BlockingErr(func() (record, error) {
		for {
			var old record
			var revision uint64
			e, err := q.records.Get(ctx, id)
			switch {
			case errors.Is(err, jetstream.ErrKeyNotFound):
			case err != nil:
				return record{}, fmt.Errorf("jobs: reading the record of %s: %w", id, err)
			default:
				if old, err = parse(e); err != nil {
					return record{}, err
				}
				revision = e.Revision()
			}
			r, ok := next(old)
			if !ok {
				return old, nil
			}
			text, err := json.Marshal(r)
			if err != nil {
				return record{}, fmt.Errorf("jobs: writing the record of %s: %w", id, err)
			}
			if revision == 0 {
				_, err = q.records.Create(ctx, id, text)
			} else {
				_, err = q.records.Update(ctx, id, text, revision)
			}
			switch {
			case err == nil:
				return r, nil
			case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
			default:
				// It may have been written or not. Who tries again finds out.
				return record{}, fmt.Errorf("jobs: writing the record of %s: %w", id, err)
			}
		}
	})
}

// claim begins an attempt. If the record that it returns is final there is nothing to do.
func (q *Queue) claim(ctx context.Context, id, worker string) (record, error) {
	return q.step(ctx, id, func(old record) (record, bool) {
		switch {
		case old.final():
			return old, false
		case old.Attempt >= q.config.Attempts: // those who had it died with it
			return record{State: failed, Attempt: old.Attempt, Worker: worker, Error: "no attempt came to an end"}, true
		}
		return record{State: running, Attempt: old.Attempt + 1, Worker: worker}, true
	})
}

// finish records the outcome, unless there is one.
func (q *Queue) finish(ctx context.Context, id string, outcome record) (record, error) {
	return q.step(ctx, id, func(old record) (record, bool) {
		if old.final() {
			return old, false
		}
		outcome.Attempt = max(outcome.Attempt, old.Attempt)
		return outcome, true
	})
}
