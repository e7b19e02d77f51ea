//go:build unix

package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// One of three servers ends while jobs come and are done: what has been submitted is done, once.
// Who opens the queue and says nothing of replicas leaves them as they are.
func TestServerOfThreeEnds(t *testing.T) {
	check.Run(t, func() {
		const jobs = 60
		servers := check.Cluster(t, 3)
		client, _ := open(t, servers, Config{Replicas: 3})
		worker, _ := open(t, servers, Config{})
		for _, name := range []string{"jobs-test", "KV_jobs-test"} {
			s, err := client.conn.JetStream().Stream(context.Background(), name)
			if err != nil || s.CachedInfo().Config.Replicas != 3 {
				t.Fatalf("%s: %v, %+v", name, err, s.CachedInfo().Config)
			}
		}
		defer work(t, worker, 4, func(_ context.Context, job Job) ([]byte, error) {
			fibers.Sleep(10 * time.Millisecond)
			return job.Data, nil
		})()
		id := func(i int) string { return fmt.Sprint("job-", i) }
		var submitted cml.WaitGroup
		submitted.Add(jobs)
		for i := range jobs {
			check.Go(i, func() {
				defer submitted.Done()
				for err := client.Submit(id(i), []byte(id(i))); err != nil; err = client.Submit(id(i), []byte(id(i))) {
					if !errors.Is(err, bus.ErrUnknown) {
						t.Log(err)
						fibers.Sleep(50 * time.Millisecond)
					}
				}
			})
		}
		outcome(t, client, id(0))
		// Not the one that leads for the records: another does so at once, but the client library asks
		// it only after five seconds.
		records, err := client.conn.JetStream().Stream(context.Background(), "KV_jobs-test")
		if err != nil {
			t.Fatal(err)
		}
		victim := rand.IntN(len(servers))
		if servers[victim].Name() == records.CachedInfo().Cluster.Leader {
			victim = (victim + 1) % len(servers)
		}
		servers[victim].Stop()
		check.Soon(t, "all submitted", submitted.WaitOp())
		for i := range jobs {
			if o := outcome(t, client, id(i)); string(o.Value) != id(i) {
				t.Errorf("the outcome of %s is %+v", id(i), o)
			}
			if n := finals(t, client, id(i)); n != 1 {
				t.Errorf("%s has %d outcomes", id(i), n)
			}
		}
		empty(t, client)
	})
}
