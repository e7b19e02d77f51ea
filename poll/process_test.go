package poll

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func shell(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	return exec.Command(sh, "-c", script)
}

func TestProcess(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		done := make(chan struct{})
		spawn(func() {
			defer close(done)
			cmd := shell(t, "echo hello; exit 3")
			var out strings.Builder
			cmd.Stdout = &out
			p, err := StartProcess(cmd)
			if err != nil {
				t.Error(err)
				return
			}
			for range 3 {
				var exit *exec.ExitError
				if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
					t.Errorf("%v", err)
				}
			}
			if out.String() != "hello\n" {
				t.Errorf("it wrote %q", out.String())
			}
			if err := p.Signal(os.Kill); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("a signal to a process that is no more: %v", err)
			}

			p, err = StartProcess(shell(t, "exec sleep 60"))
			if err != nil {
				t.Error(err)
				return
			}
			if _, ok := fibers.PerformTimeout(p.WaitOp(), 10*time.Millisecond); ok {
				t.Error("ended too soon")
			}
			if p.Pid() <= 0 {
				t.Error("no number")
			}
			ends := cml.NewQueue[error](0)
			for range 3 { // many may wait
				spawn(func() { ends.Put(p.Wait()) })
			}
			p.Signal(os.Kill)
			for range 3 {
				if err, _ := ends.Get(); err == nil {
					t.Error("killed, and no error")
				}
			}
			if _, err := StartProcess(exec.Command("/no/such/program")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%v", err)
			}
		})
		within(t, "the processes", func() { <-done })
		collect() // the pidfd of a process that nobody waited for
	})
}

func TestAProcessThatIsNoneSaysSo(t *testing.T) {
	for what, f := range map[string]func(p *Process){
		"Pid":    func(p *Process) { p.Pid() },
		"Signal": func(p *Process) { _ = p.Signal(os.Kill) },
		"Wait":   func(p *Process) { _ = p.Wait() },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "poll: "+what) {
					t.Errorf("%s: %q", what, text)
				}
			}()
			f(&Process{})
		}()
	}
}
