//go:build unix

package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/embedded"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// childVariable is the environment variable that makes the test binary a worker.
const childVariable = "CLUSTER_CHILD"

// A child is a worker in a process of its own.
type child struct {
	Name, URL string
	Config    Config
	Parallel  int

	cmd  *exec.Cmd
	said *cml.Queue[string] // its lines
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		var c child
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if err := fibers.Run(c.main); err != nil {
			fmt.Println(err)
		}
		os.Exit(1) // it is to be killed
	}
	os.Exit(m.Run())
}

// main is what the process does. It tells its parent how far a job is by lines. It ends when
// its standard input does, as then the parent has ended.
func (c *child) main() {
	go func() {
		bufio.NewReader(os.Stdin).ReadByte()
		os.Exit(1)
	}()
	conn, err := bus.Connect(c.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Config.Report = func(err error) { fmt.Println("report", err) }
	c.Config.finished = func(id string) {
		fmt.Println("finished", id)
		if strings.HasPrefix(id, "dies-before-ack") {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	q, err := Open(context.Background(), conn, c.Config)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ready")
	err = q.Work(context.Background(), cml.Never[cml.Unit](), c.Name, c.Parallel, func(ctx context.Context, job Job) ([]byte, error) {
		fmt.Println("begun", job.ID)
		switch kind, _, _ := strings.Cut(job.ID, "-"); {
		case kind == "poison":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case kind == "hangs" && job.Attempt == 1:
			cml.Perform(cml.Never[int]())
		case kind == "waits" && job.Attempt == 1:
			fibers.Sleep(time.Second)
		case kind == "short":
			fibers.Sleep(10 * time.Millisecond)
		}
		return []byte(strings.ToUpper(string(job.Data))), nil
	})
	fmt.Println(err)
}

// startChild starts a worker, which is killed at the end of the test.
func startChild(t *testing.T, s *embedded.Server, name string, config Config, parallel int) *child {
	t.Helper()
	c := &child{Name: name, URL: s.URL(), Config: config, Parallel: parallel, said: cml.NewQueue[string](0)}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(os.Args[0], "-test.run=^$")
	c.cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stderr = os.Stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			c.said.Put(lines.Text())
		}
		c.cmd.Wait()
		in.Close()
		c.said.Close(errEnded)
	}()
	t.Cleanup(c.kill)
	c.says(t, "ready")
	return c
}

var errEnded = errors.New("the process has ended")

// says waits until the process has said that.
func (c *child) says(t testing.TB, line string) {
	t.Helper()
	for {
		it := check.Soon(t, c.Name+" says "+line, c.said.GetOp())
		if it.Err != nil {
			t.Fatalf("%s ends, and has not said %s", c.Name, line)
		}
		if it.Value == line {
			return
		}
	}
}

// kill kills the process, which gets no chance to take leave, and waits for its end.
func (c *child) kill() {
	c.cmd.Process.Kill()
	for range c.said.All() {
	}
}
