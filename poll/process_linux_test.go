package poll

import (
	"errors"
	"io"
	"os/exec"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/cores"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// hasExited waits until a child has, and does not collect it.
func hasExited(t *testing.T, pid int) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			return
		}
		if err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// A grandchild that holds the output open defeats no time-out, and WaitDelay bounds
// what it does to Wait.
func TestWaitOpLosesToATimeOutWhileOutputIsCopied(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		done := make(chan struct{})
		spawn(func() {
			defer close(done)
			start := func(delay time.Duration) (p *Process, out *strings.Builder) {
				cmd := shell(t, "sleep 60 & echo hello")
				out = new(strings.Builder)
				cmd.Stdout, cmd.WaitDelay = out, delay
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				p, err := StartProcess(cmd)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { syscall.Kill(-p.Pid(), syscall.SIGKILL) })
				return p, out
			}
			p, out := start(0)
			hasExited(t, p.Pid())
			for range 3 {
				if err, ok := fibers.PerformTimeout(p.WaitOp(), 5*time.Millisecond); ok {
					t.Errorf("its output has not ended, and yet: %v", err)
				}
				if isReady(p.WaitOp()) {
					t.Error("its output has not ended, and it is ready")
				}
			}
			syscall.Kill(-p.Pid(), syscall.SIGKILL)
			if err := p.Wait(); err != nil || out.String() != "hello\n" {
				t.Errorf("%q, %v", out.String(), err)
			}
			p, out = start(5 * time.Millisecond)
			if err := p.Wait(); !errors.Is(err, exec.ErrWaitDelay) || out.String() != "hello\n" {
				t.Errorf("with WaitDelay: %q, %v", out.String(), err)
			}
		})
		within(t, "the processes", func() { <-done })
	})
}

// Who asks for the end of a process that has exited is told, the first time.
func TestPollOfExitedProcess(t *testing.T) {
	leaveNoFDs(t)
	onEach(t, func(t *testing.T) {
		inFiber(t, func() {
			for range 10 {
				p, err := StartProcess(shell(t, "sleep 0.01; exit 3"))
				if err != nil {
					t.Fatal(err)
				}
				if isReady(p.WaitOp()) { // else, from now on, the event has to be looked for
					continue
				}
				hasExited(t, p.Pid())
				var exit *exec.ExitError
				if err, ok := cml.Poll(p.WaitOp()); !ok || !errors.As(err, &exit) || exit.ExitCode() != 3 {
					t.Fatalf("%v, %v", err, ok)
				}
			}
		})
	})
}

// What a process has written to a pipe can be read after it has exited, until
// somebody waits for it.
func TestStdoutPipeAfterTheExit(t *testing.T) {
	onEach(t, func(t *testing.T) {
		cmd := shell(t, "echo hello")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		p, err := StartProcess(cmd)
		if err != nil {
			t.Fatal(err)
		}
		hasExited(t, p.Pid())
		if all, err := io.ReadAll(out); string(all) != "hello\n" || err != nil {
			t.Errorf("%q, %v", all, err)
		}
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// A child may use the processors of the process, not those of the thread that happens
// to start it, which a scheduler may have pinned.
func TestStartUnpinned(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var pinned unix.CPUSet
	rt.Run(func() {
		for start := time.Now(); time.Since(start) < 5*time.Second && pinned.Count() != 1; {
			for begin := time.Now(); time.Since(begin) < 2*time.Millisecond; { // until it is pinned
			}
			fibers.Yield()
			unix.SchedGetaffinity(0, &pinned)
		}
	})
	whole := cores.Process()
	if pinned.Count() != 1 || whole.Count() < 2 {
		t.Skip("threads are not pinned here")
	}
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	defer unix.SchedSetaffinity(0, &whole)
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		t.Skip(err)
	}
	var out strings.Builder
	cmd := exec.Command("nproc")
	cmd.Stdout = &out
	p, err := StartProcess(cmd)
	if err != nil {
		t.Skip(err)
	}
	if err := p.Wait(); err != nil || strings.TrimSpace(out.String()) == "1" {
		t.Errorf("it may use %s of %d processors, %v", strings.TrimSpace(out.String()), whole.Count(), err)
	}
}
