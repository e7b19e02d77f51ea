package jobs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var (
	// ErrBadID: an ID has letters, digits, - and _, and is not longer than 128.
	ErrBadID = errors.New("jobs: an ID has 1 to 128 letters, digits, - and _")
	// ErrBadConfig: see Config.
	ErrBadConfig = errors.New("jobs: bad configuration")
)

var goodID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// A Config says what a queue is. Zero values stand for the defaults.
type Config struct {
	Name string // letters, digits, - and _
	// Lease is how long a worker may be silent until the job goes to another: its worker
	// says that it is at it three times as often. Default 30 s, at least 100 ms.
	Lease time.Duration
	// Attempts is how often a job is tried before it is failed. Default 5.
	Attempts int
	// Pause before a job that failed is tried again, times the attempts. Default 1 s.
	Pause time.Duration
	// Duplicates is for how long a job that is submitted twice is one message. After that
	// it is two, and its record still sees to one outcome. Default 2 min.
	Duplicates time.Duration
	// Replicas is on how many servers of the cluster jobs and records are kept. Default: as they
	// are, and one if there are none yet.
	Replicas int
	// Memory keeps them in memory and not in files: for tests.
	Memory bool
	// History is how many revisions of a record are kept. Default 1.
	History uint8
	// Report is told what workers cannot tell anybody else; it may be called by many at
	// once. Default: nothing is done.
	Report func(error) `json:"-"`

	finished func(id string) // for tests: between the two steps of J2
}

func (c *Config) complete() error {
	if !goodID.MatchString(c.Name) {
		return fmt.Errorf("%w: the name %q", ErrBadConfig, c.Name)
	}
	if c.Lease < 0 || c.Attempts < 0 || c.Pause < 0 || c.Duplicates < 0 || c.Replicas < 0 {
		return fmt.Errorf("%w: a negative number", ErrBadConfig)
	}
	for _, d := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&c.Lease, 30 * time.Second}, {&c.Pause, time.Second}, {&c.Duplicates, 2 * time.Minute}} {
		if *d.d == 0 {
			*d.d = d.def
		}
	}
	if c.Lease < 100*time.Millisecond {
		return fmt.Errorf("%w: a lease of %v", ErrBadConfig, c.Lease)
	}
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	c.History = max(c.History, 1)
	if c.Report == nil {
		c.Report = func(error) {}
	}
	return nil
}

// A Queue is a queue of jobs, as one process sees it.
type Queue struct {
	conn     *bus.Conn
	config   Config
	consumer jetstream.Consumer
	records  jetstream.KeyValue
}

// Open returns the queue with that name, which it makes if there is none. All who open it
// should give the same Config.
func Open(ctx context.Context, c *bus.Conn, config Config) (*Queue, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	q := &Queue{conn: c, config: config}
	storage := jetstream.FileStorage
	if config.Memory {
		storage = jetstream.MemoryStorage
	}
	return fibers.BlockingErr(func() (*Queue, error) {
		name, replicas := "jobs-"+config.Name, config.Replicas
		if replicas == 0 {
			replicas = 1
			switch made, err := c.JetStream().Stream(ctx, name); {
			case err == nil:
				replicas = made.CachedInfo().Config.Replicas
			case !errors.Is(err, jetstream.ErrStreamNotFound):
				return nil, fmt.Errorf("jobs: looking for the stream: %w", err)
			}
		}
		stream, err := c.JetStream().CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: name, Subjects: []string{q.subject("*")}, Retention: jetstream.WorkQueuePolicy,
			Duplicates: config.Duplicates, Replicas: replicas, Storage: storage,
		})
		if err != nil {
			return nil, fmt.Errorf("jobs: making the stream: %w", err)
		}
		q.consumer, err = stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: config.Lease, MaxDeliver: -1,
		})
		if err != nil {
			return nil, fmt.Errorf("jobs: making the consumer: %w", err)
		}
		q.records, err = c.JetStream().CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: name, Replicas: replicas, Storage: storage, History: config.History,
		})
		if err != nil {
			return nil, fmt.Errorf("jobs: making the records: %w", err)
		}
		return q, nil
	})
}

func (q *Queue) subject(id string) string { return "jobs." + q.config.Name + "." + id }

// Submit submits a job and waits until it is stored.
func (q *Queue) Submit(id string, data []byte) error { return cml.Perform(q.SubmitOp(id, data)) }

// SubmitOp is Submit as an op. If it loses, or fails with bus.ErrUnknown, the job may have been
// submitted or not: to submit it again, with the same ID, is right in both cases. The data of
// the first one counts.
func (q *Queue) SubmitOp(id string, data []byte) cml.Op[error] {
	if !goodID.MatchString(id) {
		return cml.Always(fmt.Errorf("%w: %q", ErrBadID, id))
	}
	return cml.Wrap(q.conn.PublishOp(q.subject(id), id, data), func(it cml.Item[bus.Receipt]) error {
		if it.Err != nil {
			return fmt.Errorf("jobs: submitting %s: %w", id, it.Err)
		}
		return nil
	})
}

// An Outcome is what has become of a job: what work returned, or the error of its last attempt.
type Outcome struct {
	Value    []byte
	Err      error // a *JobError
	Attempts int
	Worker   string // who finished it
}

// A JobError is the error of a job.
type JobError struct{ ID, Text string }

// Error implements error.
func (e *JobError) Error() string { return "jobs: " + e.ID + ": " + e.Text }

// Wait waits until a job has an outcome and returns it. It may be submitted later.
func (q *Queue) Wait(id string) (Outcome, error) {
	it := cml.Perform(q.WaitOp(id))
	return it.Value, it.Err
}

// WaitOp is Wait as an op. The error of the item is that of the way to the record, not the job's.
func (q *Queue) WaitOp(id string) cml.Op[cml.Item[Outcome]] {
	if !goodID.MatchString(id) {
		return cml.Always(cml.Item[Outcome]{Err: fmt.Errorf("%w: %q", ErrBadID, id)})
	}
	op := bus.ValueOp(q.records, id, func(e jetstream.KeyValueEntry) bool {
		r, err := parse(e)
		return err != nil || r.final()
	})
	return cml.Wrap(op, func(it cml.Item[jetstream.KeyValueEntry]) cml.Item[Outcome] {
		if it.Err != nil {
			return cml.Item[Outcome]{Err: it.Err}
		}
		r, err := parse(it.Value)
		if err != nil {
			return cml.Item[Outcome]{Err: err}
		}
		return cml.Item[Outcome]{Value: r.outcome(id)}
	})
}

// Watch follows the records of all jobs: see Progress for what its values say.
func (q *Queue) Watch(ctx context.Context) (*bus.Watcher, error) {
	return fibers.BlockingErr(func() (*bus.Watcher, error) { return bus.Watch(ctx, q.records, ">") })
}

// Forget removes the record of a job, which takes room until then. If it is submitted again
// afterwards it is another job.
func (q *Queue) Forget(ctx context.Context, id string) error {
	if !goodID.MatchString(id) {
		return fmt.Errorf("%w: %q", ErrBadID, id)
	}
	_, err := fibers.BlockingErr(func() (cml.Unit, error) { return cml.Unit{}, q.records.Purge(ctx, id) })
	return err
}
