package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
)

// TestMain runs the tests, or as a process of the demonstration, main.
func TestMain(m *testing.M) {
	if os.Getenv("CLUSTER_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func again(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CLUSTER_MAIN=1")
	return cmd
}

func TestDemo(t *testing.T) {
	command = again
	for _, servers := range []int{1, 3} {
		t.Run(fmt.Sprint("servers=", servers), func(t *testing.T) { testDemo(t, servers) })
	}
}

func testDemo(t *testing.T, servers int) {
	check.Run(t, func() {
		var out strings.Builder
		if err := demo(&settings{jobs: 10, replicas: servers, lease: 2 * time.Second, patience: time.Second, out: &out, stop: cml.Never[cml.Unit]()}); err != nil {
			t.Fatal(err, "\n", out.String())
		}
		const want = `clumsy has been killed at work
no answer within 1s, so the request is withdrawn
service-2 stops: bus: the request has been withdrawn
below-1000: done at attempt 2
10 jobs, each submitted twice: 10 with one outcome
`
		if out.String() != want {
			t.Errorf("the demonstration prints\n%s", out.String())
		}
	})
}

// The roles as processes, as a user starts them.
func TestRoles(t *testing.T) {
	check.Run(t, func() {
		command = again
		s := check.Server(t)
		var all []*process
		for _, args := range [][]string{
			{"worker", "-nats", s.URL(), "-name", "one", "-delay", "1ms"},
			{"service", "-nats", s.URL(), "-name", "east", "-delay", "0s"},
			{"server", "-dir", t.TempDir(), "-port", "-1"},
		} {
			p, err := start(args...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.kill)
			all = append(all, p)
		}
		for i, line := range []string{"one works", "east answers", "serving at"} {
			if _, err := all[i].says(line); err != nil {
				t.Fatal(err)
			}
		}
		out, err := again("client", "-nats", s.URL(), "-jobs", "3").CombinedOutput()
		const want = `168 primes below 1000 (one, attempt 1)
303 primes below 2000 (one, attempt 1)
430 primes below 3000 (one, attempt 1)
`
		if err != nil || !strings.HasSuffix(string(out), want) {
			t.Errorf("the client ends with %v:\n%s", err, out)
		}
		for _, p := range all { // Ctrl-C ends each
			if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			for range p.said.All() {
			}
			if !p.cmd.ProcessState.Success() {
				t.Errorf("%s ends with %v", filepath.Base(p.cmd.Path), p.cmd.ProcessState)
			}
		}
	})
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{}, {"sing"}, {"worker", "-parallel", "0"}, {"client", "-jobs", "-1"}, {"demo", "now"},
		{"client", "-nats", "nats://127.0.0.1:1"}, {"client", "-nats", "::"}, {"worker", "-lease", "1ms"},
	} {
		if out, err := again(args...).CombinedOutput(); err == nil || len(out) == 0 {
			t.Errorf("%v: %v, %q", args, err, out)
		}
	}
}
