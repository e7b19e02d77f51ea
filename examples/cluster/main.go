// Cluster is programs on one or more machines that share jobs, and answer each other's
// requests, over NATS: what fibers wait for is a channel here, a message from there, or a time,
// in one choice.
//
//	go run . demo                               # all of it in processes of this machine
//	go run . server -dir DIR                    # a server of NATS; or take your own cluster
//	go run . worker -nats URL -name one         # as many as you like
//	go run . service -nats URL -delay 200ms     # likewise
//	go run . client -nats URL -jobs 20
//
// Package bus makes the operations, package jobs the queue. docs/distributed.md says when to
// use this, and what is guaranteed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/embedded"
	"github.com/seed222ee791/fibers/examples/cluster/jobs"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// settings are the flags, of which each role takes some.
type settings struct {
	nats     string
	name     string
	dir      string
	port     int
	parallel int
	jobs     int
	replicas int
	delay    time.Duration
	lease    time.Duration
	patience time.Duration
	out      io.Writer
	stop     cml.Op[cml.Unit] // an interrupt
}

var roles = map[string]func(*settings) error{
	"demo": demo, "server": serve, "worker": work, "service": service, "client": client,
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || roles[os.Args[1]] == nil {
		log.Fatal("say which: cluster demo|server|worker|service|client [flags]")
	}
	role := os.Args[1]
	s := &settings{out: os.Stdout}
	flags := flag.NewFlagSet(role, flag.ExitOnError)
	flags.StringVar(&s.nats, "nats", "nats://127.0.0.1:4222", "the servers of NATS, with commas between them")
	flags.StringVar(&s.name, "name", "pid-"+strconv.Itoa(os.Getpid()), "what a worker or service calls itself")
	flags.StringVar(&s.dir, "dir", "cluster-data", "where a server keeps what it has")
	flags.IntVar(&s.port, "port", 4222, "where a server listens")
	flags.IntVar(&s.parallel, "parallel", 4, "how many jobs a worker does at the same time")
	flags.IntVar(&s.jobs, "jobs", 20, "how many jobs a client submits")
	flags.IntVar(&s.replicas, "replicas", 0, "on how many servers jobs are kept; 0: as they are, or on one")
	flags.DurationVar(&s.delay, "delay", 10*time.Millisecond, "how long a service takes to answer")
	flags.DurationVar(&s.lease, "lease", 2*time.Second, "how long a worker may be silent until others get its jobs")
	flags.DurationVar(&s.patience, "patience", 100*time.Millisecond, "how long a client waits for a service")
	flags.Parse(os.Args[2:])
	if flags.NArg() > 0 {
		log.Fatal("these are no flags: ", flags.Args())
	}
	if s.parallel < 1 || s.jobs < 0 || s.replicas < 0 || s.delay < 0 || s.lease <= 0 || s.patience < 0 {
		log.Fatal("a number is too small")
	}
	var err error
	failed := fibers.Run(func() {
		interrupts := poll.NotifySignals(os.Interrupt)
		defer interrupts.Close()
		stop := cml.NewCond()
		fibers.Go(func() { interrupts.Get(); stop.Signal() })
		s.stop = stop.WaitOp()
		err = roles[role](s)
	})
	if err := errors.Join(err, failed); err != nil {
		log.Fatal(err)
	}
}

// serve is a server of NATS until it is interrupted.
func serve(s *settings) error {
	server, err := embedded.Start(s.dir, s.port)
	if err != nil {
		return err
	}
	defer server.Stop()
	fmt.Fprintln(s.out, "serving at", server.URL())
	cml.Perform(s.stop)
	return nil
}

// open connects to the servers and opens the queue.
func open(s *settings) (*bus.Conn, *jobs.Queue, error) {
	c, err := fibers.BlockingErr(func() (*bus.Conn, error) { return bus.Connect(s.nats) })
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	q, err := jobs.Open(ctx, c, jobs.Config{Name: "primes", Lease: s.lease, Replicas: s.replicas, Report: func(err error) { log.Print(err) }})
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, q, nil
}

// work counts primes until it is interrupted; then it finishes what it is at.
func work(s *settings) error {
	c, q, err := open(s)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintln(s.out, s.name, "works")
	return q.Work(context.Background(), s.stop, s.name, s.parallel, func(_ context.Context, job jobs.Job) ([]byte, error) {
		n, err := strconv.Atoi(string(job.Data))
		if err != nil {
			return nil, fmt.Errorf("not a number: %q", job.Data)
		}
		fmt.Fprintln(s.out, s.name, "begins", job.ID)
		fibers.Sleep(s.delay)
		return strconv.AppendInt(nil, int64(primes(n)), 10), nil
	})
}

// primes returns how many primes there are below n.
func primes(n int) (count int) {
	composite := make([]bool, max(n, 2))
	for i := 2; i < n; i++ {
		if composite[i] {
			continue
		}
		count++
		for k := i * i; k < n; k += i {
			composite[k] = true
		}
	}
	return count
}

// service answers what its name is, after a while, until it is interrupted.
func service(s *settings) error {
	c, err := fibers.BlockingErr(func() (*bus.Conn, error) { return bus.Connect(s.nats) })
	if err != nil {
		return err
	}
	defer c.Close()
	served, err := bus.Serve(c, "who", bus.ServiceOptions{}, func(ctx context.Context, _ []byte) ([]byte, error) {
		if _, _, ok := cml.PerformUntil(fibers.After(s.delay), cml.Done(ctx)); !ok {
			fmt.Fprintln(s.out, s.name, "stops:", context.Cause(ctx))
			return nil, context.Cause(ctx)
		}
		return []byte(s.name), nil
	})
	if err != nil {
		return err
	}
	defer served.Close()
	fmt.Fprintln(s.out, s.name, "answers")
	cml.Perform(s.stop)
	return nil
}
