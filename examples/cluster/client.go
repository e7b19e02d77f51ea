package main

import (
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/jobs"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// client submits jobs and waits for their outcomes, until it is interrupted.
func client(s *settings) error {
	c, q, err := open(s)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := whoOrTime(s, c); err != nil {
		return err
	}
	for i := range s.jobs {
		if err := q.Submit(jobID(i), fmt.Append(nil, limit(i))); err != nil {
			return err
		}
	}
	for i := range s.jobs {
		// The outcome, which comes from elsewhere, or an interrupt, which comes from here.
		it, _, ok := cml.PerformUntil(q.WaitOp(jobID(i)), s.stop)
		if !ok {
			fmt.Fprintln(s.out, "interrupted; who asks again with the same IDs gets what has been done")
			return nil
		}
		if it.Err != nil {
			return it.Err
		}
		report(s, i, it.Value)
	}
	return nil
}

func jobID(i int) string { return fmt.Sprint("below-", limit(i)) }
func limit(i int) int    { return 1000 * (i + 1) }

func report(s *settings, i int, o jobs.Outcome) {
	if o.Err != nil {
		fmt.Fprintln(s.out, o.Err)
		return
	}
	fmt.Fprintf(s.out, "%s primes below %d (%s, attempt %d)\n", o.Value, limit(i), o.Worker, o.Attempts)
}

// whoOrTime asks who is there, and waits for an answer or for a time, whichever comes first.
// If it is the time, the service that has the request is told.
func whoOrTime(s *settings, c *bus.Conn) error {
	return cml.Perform(cml.Choice(
		cml.Wrap(c.RequestOp("who", nil), func(it cml.Item[[]byte]) error {
			switch {
			case it.Err == bus.ErrNoService:
				fmt.Fprintln(s.out, "no service is there")
			case it.Err != nil:
				return it.Err
			default:
				fmt.Fprintf(s.out, "%s has answered\n", it.Value)
			}
			return nil
		}),
		cml.Wrap(fibers.After(s.patience), func(time.Time) error {
			fmt.Fprintf(s.out, "no answer within %v, so the request is withdrawn\n", s.patience)
			return nil
		}),
	))
}
