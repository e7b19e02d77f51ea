package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/embedded"
	"github.com/seed222ee791/fibers/examples/cluster/jobs"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// command makes the command of a role: this program again.
var command = func(args ...string) *exec.Cmd { return exec.Command(os.Args[0], args...) }

// A process is another process of the demonstration.
type process struct {
	cmd  *exec.Cmd
	said *cml.Queue[string] // its lines
}

func start(args ...string) (*process, error) {
	p := &process{cmd: command(args...), said: cml.NewQueue[string](0)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.said.Put(lines.Text())
		}
		p.said.Close(p.cmd.Wait())
	}()
	return p, nil
}

// says waits until the process has said something that begins like that.
func (p *process) says(begin string) (string, error) {
	for {
		it, ok := fibers.PerformTimeout(p.said.GetOp(), 30*time.Second)
		if !ok || it.Err != nil {
			return "", fmt.Errorf("a process has not said %q: %v", begin, it.Err)
		}
		if strings.HasPrefix(it.Value, begin) {
			return it.Value, nil
		}
	}
}

// kill kills the process and waits for its end.
func (p *process) kill() {
	p.cmd.Process.Kill()
	for range p.said.All() {
	}
}

// demo shows it all on one machine: a server, workers of which one is killed at work, and a
// service that is asked for something and told that it is not wanted.
func demo(s *settings) error {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if s.replicas > 1 {
		servers, err := embedded.StartCluster(dir, s.replicas)
		if err != nil {
			return err
		}
		defer servers.Stop()
		s.nats = servers.URL()
	} else {
		server, err := embedded.Start(dir, 0)
		if err != nil {
			return err
		}
		defer server.Stop()
		s.nats = server.URL()
	}
	c, q, err := open(s)
	if err != nil {
		return err
	}
	defer c.Close()

	// One worker, which is killed as soon as it has begun a job that takes an hour.
	clumsy, err := start("worker", "-nats", s.nats, "-name", "clumsy", "-parallel", "1", "-delay", "1h", "-lease", s.lease.String())
	if err != nil {
		return err
	}
	defer clumsy.kill()
	if err := q.Submit(jobID(0), fmt.Append(nil, limit(0))); err != nil {
		return err
	}
	if _, err := clumsy.says("clumsy begins"); err != nil {
		return err
	}
	clumsy.kill()
	fmt.Fprintln(s.out, "clumsy has been killed at work")

	var others []*process
	for _, name := range []string{"worker", "worker", "service"} {
		args := []string{name, "-nats", s.nats, "-name", fmt.Sprint(name, "-", len(others)), "-lease", s.lease.String()}
		if name == "service" {
			args = append(args, "-delay", "1h")
		}
		p, err := start(args...)
		if err != nil {
			return err
		}
		defer p.kill()
		others = append(others, p)
	}
	slow := others[2]
	if _, err := slow.says("service-2 answers"); err != nil {
		return err
	}
	if err := whoOrTime(s, c); err != nil {
		return err
	}
	said, err := slow.says("service-2 stops")
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, said)
	return demoJobs(s, q)
}

// demoJobs submits jobs twice, follows their records, and counts their outcomes.
func demoJobs(s *settings, q *jobs.Queue) error {
	watch, err := q.Watch(context.Background())
	if err != nil {
		return err
	}
	defer watch.Close()
	for i := range 2 * s.jobs {
		if err := q.Submit(jobID(i%s.jobs), fmt.Append(nil, limit(i%s.jobs))); err != nil {
			return err
		}
	}
	ended := map[string]int{}
	silence := fibers.After(30 * time.Second)
	for len(ended) < s.jobs {
		var failed error
		cml.Select( // a change of a record, which comes from elsewhere, or what happens here
			cml.On(watch.NextOp(), func(e cml.Item[bus.Entry]) {
				if failed = e.Err; failed != nil {
					return
				}
				id, state, attempt, _, err := jobs.Progress(e.Value)
				if failed = err; state != "done" && state != "failed" {
					return
				}
				if ended[id]++; attempt > 1 {
					fmt.Fprintf(s.out, "%s: %s at attempt %d\n", id, state, attempt)
				}
			}),
			cml.On(s.stop, func(cml.Unit) { failed = fmt.Errorf("interrupted") }),
			cml.On(silence, func(time.Time) { failed = fmt.Errorf("the workers are silent") }),
		)
		if failed != nil {
			return failed
		}
	}
	once := 0
	for _, n := range ended {
		if n == 1 {
			once++
		}
	}
	fmt.Fprintf(s.out, "%d jobs, each submitted twice: %d with one outcome\n", s.jobs, once)
	return nil
}
