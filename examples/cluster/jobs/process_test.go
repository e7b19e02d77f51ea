//go:build unix

package jobs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// open opens a queue whose records keep all their steps.
func open(t testing.TB, s interface{ URL() string }, config Config) (*Queue, Config) {
	t.Helper()
	config.Name, config.History = "test", 64
	if config.Lease == 0 {
		config.Lease = time.Second
	}
	if config.Pause == 0 {
		config.Pause = 10 * time.Millisecond
	}
	q, err := Open(context.Background(), check.Connect(t, s), config)
	if err != nil {
		t.Fatal(err)
	}
	return q, config
}

// finals returns how many final records a job has had.
func finals(t testing.TB, q *Queue, id string) (n int) {
	t.Helper()
	entries, err := q.records.History(context.Background(), id)
	if err != nil {
		t.Fatal(id, ": ", err)
	}
	for _, e := range entries {
		r, err := parse(e)
		if err != nil {
			t.Fatal(err)
		}
		if r.final() {
			n++
		}
	}
	return n
}

// empty waits until no job is in the queue.
func empty(t testing.TB, q *Queue) {
	t.Helper()
	check.Eventually(t, "the stream is empty", func() bool {
		s, err := q.conn.JetStream().Stream(context.Background(), "jobs-test")
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
}

func submit(t testing.TB, q *Queue, id string) {
	t.Helper()
	if err := q.Submit(id, []byte(id)); err != nil {
		t.Fatal(err)
	}
}

// outcome waits for a job, which must have ended well.
func outcome(t testing.TB, q *Queue, id string) Outcome {
	t.Helper()
	it := check.Soon(t, "the outcome of "+id, q.WaitOp(id))
	if it.Err != nil || it.Value.Err != nil {
		t.Fatalf("%s: %+v", id, it)
	}
	return it.Value
}

// A worker that is killed in the middle of a job: another does it.
func TestKilledWorker(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, config := open(t, s, Config{})
		first := startChild(t, s, "first", config, 1)
		submit(t, q, "hangs-1")
		first.says(t, "begun hangs-1")
		first.kill()
		startChild(t, s, "second", config, 1)
		if o := outcome(t, q, "hangs-1"); string(o.Value) != "HANGS-1" || o.Attempts != 2 || o.Worker != "second" {
			t.Errorf("the outcome is %+v", o)
		}
		empty(t, q)
		if n := finals(t, q, "hangs-1"); n != 1 {
			t.Errorf("%d outcomes", n)
		}
	})
}

// One that is killed after the outcome has been recorded, and before the job is acknowledged:
// the job comes again, and its work is not done again.
func TestKilledBeforeAcknowledging(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, config := open(t, s, Config{})
		first := startChild(t, s, "first", config, 1)
		submit(t, q, "dies-before-ack")
		first.says(t, "finished dies-before-ack")
		if o := outcome(t, q, "dies-before-ack"); o.Attempts != 1 || o.Worker != "first" {
			t.Errorf("the outcome is %+v", o)
		}
		first.kill()
		startChild(t, s, "second", config, 1)
		empty(t, q)
		if n := finals(t, q, "dies-before-ack"); n != 1 {
			t.Errorf("%d outcomes", n)
		}
	})
}

// One that is stopped for longer than its lease, and then goes on, as if nothing had been:
// another has done the job, and what it makes of it is dropped.
func TestStoppedWorker(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, config := open(t, s, Config{})
		first := startChild(t, s, "first", config, 1)
		submit(t, q, "waits-1")
		first.says(t, "begun waits-1")
		if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		startChild(t, s, "second", config, 1)
		o := outcome(t, q, "waits-1")
		if o.Attempts != 2 || o.Worker != "second" {
			t.Errorf("the outcome is %+v", o)
		}
		if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		first.says(t, "finished waits-1") // it believes so
		if again := outcome(t, q, "waits-1"); again.Worker != "second" {
			t.Errorf("the outcome has changed: %+v", again)
		}
		if n := finals(t, q, "waits-1"); n != 1 {
			t.Errorf("%d outcomes", n)
		}
		empty(t, q)
	})
}

// A job that kills whoever works on it is failed after some attempts.
func TestPoison(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		q, config := open(t, s, Config{Attempts: 2, Lease: 500 * time.Millisecond})
		submit(t, q, "poison-1")
		task := fibers.Spawn(func() (Outcome, error) { return q.Wait("poison-1") })
		for i := range 3 {
			c := startChild(t, s, fmt.Sprint("worker ", i), config, 1)
			if i < 2 {
				c.says(t, "begun poison-1")
			}
		}
		r := check.Soon(t, "an outcome", task.AwaitOp())
		if r.Err != nil || r.Value.Err == nil || r.Value.Attempts != 2 {
			t.Errorf("the outcome is %+v", r)
		}
		empty(t, q)
	})
}

// Workers are killed all the time, jobs submitted twice: each has one outcome.
func TestWorkStress(t *testing.T) {
	check.Run(t, func() {
		const workers, jobs, kills = 3, 150, 8
		s := check.Server(t)
		q, config := open(t, s, Config{Attempts: 60})
		var alive []*child
		for i := range workers {
			alive = append(alive, startChild(t, s, fmt.Sprint("worker ", i), config, 4))
		}
		id := func(i int) string { return fmt.Sprint("short-", i) }
		var ended cml.WaitGroup
		ended.Add(jobs)
		for i := range jobs {
			check.Go(i, func() {
				defer ended.Done()
				for range 2 {
					if err := q.Submit(id(i), []byte(id(i))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for k := range kills {
			victim := rand.IntN(workers)
			it, ok := fibers.PerformTimeout(alive[victim].said.GetOp(), 10*time.Second) // it is at something
			if ok && it.Err != nil {
				t.Errorf("worker %d ends by itself", victim)
			}
			alive[victim].kill()
			alive[victim] = startChild(t, s, fmt.Sprint("successor ", k), config, 4)
		}
		check.Soon(t, "all submitted", ended.WaitOp())
		again := 0
		for i := range jobs {
			if outcome(t, q, id(i)).Attempts > 1 {
				again++
			}
			if n := finals(t, q, id(i)); n != 1 {
				t.Errorf("%s has %d outcomes", id(i), n)
			}
		}
		empty(t, q)
		t.Logf("%d jobs were done again", again)
	})
}
