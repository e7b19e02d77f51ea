//go:build unix

package inspect_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func init() {
	for kind, f := range map[string]func(){"quit": quitChild, "quit notified": notifiedChild, "quit stopped": stoppedChild} {
		children[kind] = f
	}
}

func quitChild()     { deadlockedChild(false, false) }
func notifiedChild() { deadlockedChild(true, false) }
func stoppedChild()  { deadlockedChild(false, true) }

// deadlockedChild is in a deadlock until it is told to end.
func deadlockedChild(notified, stopped bool) {
	stop, err := inspect.Start(inspect.WithQuitReport())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer stop()
	if stopped {
		stop()
	}
	came := make(chan os.Signal, 2)
	if notified {
		signal.Notify(came, syscall.SIGQUIT)
	}
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var a, b cml.Mutex
	locked := cml.NewBarrier(3)
	lock := func(name string, first, second *cml.Mutex) {
		rt.Go(func() {
			fibers.Current().SetName(name)
			first.Lock()
			locked.Wait()
			second.Lock()
		})
	}
	lock("ann", &a, &b)
	lock("bob", &b, &a)
	locked.Wait()
	for waits := 0; waits < 2; time.Sleep(time.Millisecond) { // sleep: a poll
		waits = 0
		for _, f := range rt.Fibers() {
			if f.State == fibers.Waiting && f.Wants.Kind == "mutex" {
				waits++
			}
		}
	}
	fmt.Println("ready")
	if notified {
		<-came
		<-came
		fmt.Println("twice")
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// quit starts the child, sends it SIGQUIT when it is ready, and returns what it says.
func quit(t *testing.T, kind string) (stdout, stderr string, state *os.ProcessState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+kind, "GOTRACEBACK=all")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "ready\n" {
		t.Fatal(line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its status says it
	return string(rest), errs.String(), cmd.ProcessState
}

// The report comes first, then what Go does at the signal.
func TestReportOnQuit(t *testing.T) {
	_, stderr, state := quit(t, "quit")
	report, stacks, ok := strings.Cut(stderr, "SIGQUIT: quit")
	if !ok || state.ExitCode() != 2 {
		t.Fatalf("%v:\n%s", state, stderr)
	}
	want(t, report, "SIGQUIT: what the fibers of process", "deadlock of 2 fibers:", `"ann"`, `"bob"`, "it wants the mutex", "held by fiber")
	want(t, stacks, "goroutine ", `labels:{"fiber": "ann"}`, "quitChild")
}

// A program that takes the signal goes on.
func TestReportOnQuitOfAProgramThatTakesTheSignal(t *testing.T) {
	stdout, stderr, state := quit(t, "quit notified")
	if !state.Success() || stdout != "twice\n" {
		t.Fatalf("%v: %q\n%s", state, stdout, stderr)
	}
	want(t, stderr, "deadlock of 2 fibers:")
}

// When inspection is stopped, the signal is Go's again, and nothing is left.
func TestNoReportOnQuitAfterStop(t *testing.T) {
	stop, err := inspect.Start(inspect.WithQuitReport())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	_, stderr, state := quit(t, "quit stopped")
	if state.ExitCode() != 2 || strings.Contains(stderr, "what the fibers") {
		t.Fatalf("%v:\n%s", state, stderr)
	}
}
