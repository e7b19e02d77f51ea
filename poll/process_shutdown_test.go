//go:build unix

package poll

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// forProcesses calls f in a fiber and in a goroutine, on each backend.
func forProcesses(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		done := make(chan struct{})
		spawn(func() {
			defer close(done)
			f(t)
		})
		within(t, "the processes", func() { <-done })
	})
	collect()
}

// begin starts a script that writes "ready" and then the number of a process to out.
func begin(t *testing.T, cmd *exec.Cmd, start func(*exec.Cmd) (*Process, error)) (p *Process, out *Reader, number int, end func()) {
	f, err := StdoutPipe(cmd)
	if err != nil {
		t.Error(err)
		return nil, nil, 0, nil
	}
	if p, err = start(cmd); err != nil {
		t.Error(err)
		f.Close()
		return nil, nil, 0, nil
	}
	out = NewReader(f)
	line, err := out.ReadLine()
	if err != nil {
		t.Error(err)
	}
	if number, err = strconv.Atoi(strings.TrimSpace(string(line))); err != nil {
		t.Error(err)
	}
	return p, out, number, func() { f.Close() }
}

// isGone waits until a process that is not our child is no more, or a zombie.
func isGone(t *testing.T, pid int) {
	eventually(t, "the process is gone", func() bool {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			return true
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err == nil && strings.Contains(string(stat), ") Z ")
	})
}

func grouped(start func(*exec.Cmd) (*Process, error)) func(*exec.Cmd) (*Process, error) {
	return func(cmd *exec.Cmd) (*Process, error) {
		if err := OwnGroup(cmd); err != nil {
			return nil, err
		}
		return start(cmd)
	}
}

func TestProcessPipes(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		cmd := shell(t, "cat; echo done >&2")
		in, err1 := StdinPipe(cmd)
		out, err2 := StdoutPipe(cmd)
		errs, err3 := StderrPipe(cmd)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Error(err)
			return
		}
		if _, err := StdoutPipe(cmd); err == nil {
			t.Error("a second pipe for the output")
		}
		p, err := StartProcess(cmd)
		if err != nil {
			t.Error(err)
			return
		}
		text := strings.Repeat("0123456789abcdef", 64<<10) // more than a pipe holds
		task := fibers.Spawn(func() (struct{}, error) {
			_, err := io.WriteString(in, text)
			return struct{}{}, errors.Join(err, in.Close())
		})
		if all, err := io.ReadAll(out); string(all) != text || err != nil {
			t.Errorf("%d bytes of %d, %v", len(all), len(text), err)
		}
		if _, err := task.Await(); err != nil {
			t.Error(err)
		}
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
		if all, err := io.ReadAll(errs); string(all) != "done\n" || err != nil { // after it has been waited for
			t.Errorf("%q, %v", all, err)
		}
		out.Close()
		errs.Close()
	})
}

// The end of the output is that of who reads it, though the process goes on.
func TestProcessThatOutlivesItsOutput(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		cmd := shell(t, "echo hello; exec sleep 60 >&-")
		out, err := StdoutPipe(cmd)
		if err != nil {
			t.Error(err)
			return
		}
		defer out.Close()
		p, err := StartProcess(cmd)
		if err != nil {
			t.Error(err)
			return
		}
		if all, err := io.ReadAll(out); string(all) != "hello\n" || err != nil {
			t.Errorf("%q, %v", all, err)
		}
		if isReady(p.WaitOp()) {
			t.Error("it has ended")
		}
		p.Signal(os.Kill)
		p.Wait()
	})
}

func TestOutput(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		cmd := shell(t, "echo hello; echo oh >&2; read x; echo $x; exit 3")
		in, err := StdinPipe(cmd)
		if err != nil {
			t.Error(err)
			return
		}
		Capture(cmd)
		p, err := StartProcess(cmd)
		if err != nil {
			t.Error(err)
			return
		}
		for range 20 {
			if _, ok := fibers.PerformTimeout(p.OutputOp(), time.Millisecond); ok {
				t.Error("too soon")
			}
		}
		io.WriteString(in, "world\n")
		in.Close()
		for range 2 {
			out, err := p.Output()
			var exit *exec.ExitError
			if string(out) != "hello\nworld\n" || !errors.As(err, &exit) || exit.ExitCode() != 3 || string(exit.Stderr) != "oh\n" {
				t.Errorf("%q, %v", out, err)
			}
		}
	})
}

func TestErrorOutputIsKeptWithinBounds(t *testing.T) {
	var b beginning
	for range 3 {
		if n, err := b.Write(make([]byte, complaintSize/2+1)); n != complaintSize/2+1 || err != nil {
			t.Error(n, err)
		}
	}
	if n, err := b.ReadFrom(bufio.NewReader(ioReader("more"))); n != 4 || err != nil || b.Len() != complaintSize {
		t.Error(n, err, b.Len())
	}
}

func TestShutdown(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		terms := func(err error, sig syscall.Signal) {
			t.Helper()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != sig {
				t.Errorf("%v, not by %v", err, sig)
			}
		}
		const deaf = "trap '' TERM; echo $$; while :; do sleep 60; done" // and so are its children
		p, _, _, end := begin(t, shell(t, "echo $$; exec sleep 60"), StartProcess)
		if isReady(p.ShutdownOp(0)) {
			t.Error("it has ended")
		}
		terms(p.Shutdown(time.Hour), syscall.SIGTERM)
		terms(p.Shutdown(time.Hour), syscall.SIGTERM) // once more does no harm
		end()

		p, _, _, end = begin(t, shell(t, deaf), grouped(StartProcess))
		if _, ok := fibers.PerformTimeout(p.ShutdownOp(time.Hour), 5*time.Millisecond); ok {
			t.Error("it has ended though it is deaf")
		}
		terms(p.Shutdown(5*time.Millisecond), syscall.SIGKILL)
		end()

		p, _, _, end = begin(t, shell(t, "echo $$; exec sleep 60"), StartProcess)
		terms(p.Shutdown(-1), syscall.SIGKILL)
		end()

		// One that is lost to kills nobody later.
		p, _, _, end = begin(t, shell(t, deaf), grouped(StartProcess))
		ended := cml.Perform(cml.Choice(
			cml.Wrap(p.ShutdownOp(time.Second), func(error) bool { return true }),
			cml.Wrap(fibers.After(time.Millisecond), func(time.Time) bool { return false })))
		if err, ok := fibers.PerformTimeout(p.WaitOp(), 1200*time.Millisecond); ok && !ended {
			t.Errorf("killed behind the back: %v", err)
		}
		terms(p.Shutdown(0), syscall.SIGKILL)
		end()
	})
}

// Who holds the output open outside of the group does not hold up Shutdown.
func TestShutdownOfOneWhoseOutputIsHeld(t *testing.T) {
	leaveNoFDs(t)
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := shell(t, "setsid sh -c 'echo $$ >&3; exec sleep 60' & exec sleep 60")
	cmd.ExtraFiles = []*os.File{w}
	Capture(cmd)
	p, err := grouped(StartProcess)(cmd)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	number, failed := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	grace := time.Millisecond
	if goruntime.GOOS == "linux" { // where it is seen that the process itself has exited
		grace = time.Hour
	}
	if err := p.Shutdown(grace); !errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("%v", err)
	}
	syscall.Kill(number, syscall.SIGKILL)
	if _, err := p.Output(); errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("%v", err)
	}
}

// Who has lost wants nothing any more: what is left of the group goes on when the process ends
// afterwards.
func TestShutdownThatLosesTakesNothingBack(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		cmd := shell(t, "trap '' TERM; exec 3<&0; (exec sleep 60 <&- 3<&-) & echo $!; read x <&3")
		in, err := StdinPipe(cmd)
		if err != nil {
			t.Error(err)
			return
		}
		defer in.Close()
		p, out, child, end := begin(t, cmd, grouped(StartProcess))
		defer end()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err, ok := fibers.PerformTimeout(p.ShutdownOp(time.Hour), 5*time.Millisecond); ok {
					t.Errorf("it has ended though it is deaf: %v", err)
				}
			})
		}
		all.Wait()
		if n := len(p.life.asked); n != 0 || p.life.last {
			t.Errorf("%d that have lost are remembered", n)
		}
		in.Close()
		p.Wait()
		if isReadyLine(out) {
			t.Error("the output has ended, and so has the child")
		}
		syscall.Kill(child, syscall.SIGKILL)
		if _, err := out.ReadLine(); err != io.EOF {
			t.Errorf("the output: %v", err)
		}
	})
}

// isReadyLine reports whether a line, or the end, can be read soon.
func isReadyLine(r *Reader) bool {
	_, ok := fibers.PerformTimeout(r.ReadLineOp(), 20*time.Millisecond)
	return ok
}

// What a fiber waits for when its runtime ends is withdrawn, and a scope's process is killed
// and collected.
func TestProcessesWhenTheRuntimeEnds(t *testing.T) {
	leaveNoFDs(t)
	onEach(t, func(t *testing.T) {
		rt, err := fibers.New(fibers.WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		var asked, scoped *Process
		var child int
		up := make(chan struct{}, 2)
		rt.Go(func() {
			p, _, _, end := begin(t, shell(t, "trap '' TERM; echo $$; while :; do sleep 60; done"), grouped(StartProcess))
			defer end()
			asked = p
			up <- struct{}{}
			_ = p.Shutdown(time.Hour)
			t.Error("it has ended though it is deaf")
		})
		rt.Go(func() {
			fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				p, _, number, end := begin(t, shell(t, "sleep 60 & echo $!; wait"),
					func(cmd *exec.Cmd) (*Process, error) { return StartProcessIn(g, cmd) })
				defer end()
				scoped, child = p, number
				up <- struct{}{}
				_ = p.Wait()
				t.Error("it has ended before the scope")
				return nil
			})
		})
		<-up
		<-up
		eventually(t, "it is asked", func() bool {
			asked.life.Lock()
			defer asked.life.Unlock()
			return len(asked.life.asked) == 1
		})
		within(t, "the end of the runtime", func() {
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
		})
		if !scoped.done.Load() {
			t.Error("the process of the scope has not been collected")
		}
		isGone(t, child)
		if len(asked.life.asked) != 0 || isReady(asked.WaitOp()) {
			t.Error("the shutdown goes on though nobody waits for it")
		}
		_ = asked.Shutdown(0)
	})
	collect()
}

func TestGroupOfAProcess(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		const family = "trap 'exit 0' TERM; sleep 60 & echo $!; wait"
		p, out, child, end := begin(t, shell(t, family), grouped(StartProcess))
		if err := p.SignalGroup(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		p.Wait()
		isGone(t, child)
		if err := p.SignalGroup(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("a group that is no more: %v", err)
		}
		if _, err := out.ReadLine(); err != io.EOF {
			t.Errorf("the output: %v", err)
		}
		end()

		// Children that are deaf end with their parent.
		p, _, child, end = begin(t, shell(t, "(trap '' TERM; exec sleep 60) & echo $!; exec sleep 60"), grouped(StartProcess))
		p.Shutdown(time.Hour)
		isGone(t, child)
		end()

		p, err := StartProcess(shell(t, "exit 0"))
		if err != nil {
			t.Error(err)
			return
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a group of others")
				}
			}()
			_ = p.SignalGroup(syscall.SIGTERM)
		}()
		p.Wait()
	})
}

func TestSignalGroupStress(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		for range 20 {
			p, err := grouped(StartProcess)(shell(t, "exit 0"))
			if err != nil {
				t.Error(err)
				return
			}
			var all sync.WaitGroup
			for _, f := range []func(){
				func() { _ = p.SignalGroup(syscall.SIGCONT) },
				func() { _ = p.Shutdown(time.Millisecond) },
				func() { _ = p.Wait() },
			} {
				all.Go(f)
			}
			all.Wait()
			if err := p.SignalGroup(syscall.SIGCONT); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestStartProcessIn(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		const family = "sleep 60 & echo $!; wait"
		wrong := errors.New("wrong")
		for name, body := range map[string]func(p *Process, g *fibers.Group) error{
			"the end": func(*Process, *fibers.Group) error { return nil },
			"an error": func(p *Process, g *fibers.Group) error {
				g.Go(func(context.Context) error { return wrong })
				p.Wait()
				return nil
			},
			"collected": func(p *Process, g *fibers.Group) error { p.Signal(os.Kill); p.Wait(); return nil },
		} {
			var p *Process
			var child int
			err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
				cmd := shell(t, family)
				var end func()
				p, _, child, end = begin(t, cmd, func(cmd *exec.Cmd) (*Process, error) { return StartProcessIn(g, cmd) })
				defer end()
				return body(p, g)
			})
			if want := map[string]error{"an error": wrong}[name]; err != want {
				t.Errorf("%s: %v", name, err)
			}
			if !p.done.Load() {
				t.Errorf("%s: it has not been collected", name)
			}
			isGone(t, child)
		}
		var over *fibers.Group
		fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			over = g
			if _, err := StartProcessIn(g, exec.Command("/no/such/program")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%v", err)
			}
			g.Go(func(context.Context) error { return wrong })
			cml.Perform(cml.Done(ctx))
			if _, err := StartProcessIn(g, shell(t, "exit 0")); err != wrong {
				t.Errorf("in a scope that is cancelled: %v", err)
			}
			return nil
		})
		if p, err := StartProcessIn(over, shell(t, "exit 0")); p != nil || err != wrong {
			t.Errorf("in a scope that has ended: %v, %v", p, err)
		}
	})
}

// However a start from outside falls on the end of the scope, the process ends.
func TestStartProcessInAgainstTheEndOfTheScopeStress(t *testing.T) {
	forProcesses(t, func(t *testing.T) {
		for range 20 {
			var all sync.WaitGroup
			fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
				begun := make(chan struct{})
				all.Go(func() {
					defer func() {
						if v := recover(); v != nil && !strings.Contains(v.(string), "Group.Defer") {
							panic(v)
						}
					}()
					close(begun)
					if p, err := StartProcessIn(g, exec.Command("sleep", "60")); err == nil {
						_ = p.Wait()
					}
				})
				<-begun
				return nil
			})
			all.Wait()
		}
	})
}

// An own group is also that of a command whose SysProcAttr bears a number that is not asked for.
func TestOwnGroupOfAttributes(t *testing.T) {
	for _, c := range []struct {
		attr   syscall.SysProcAttr
		panics bool
	}{
		{attr: syscall.SysProcAttr{}},
		{attr: syscall.SysProcAttr{Pgid: 1}},
		{attr: syscall.SysProcAttr{Setsid: true}},
		{attr: syscall.SysProcAttr{Setpgid: true}},
		{attr: syscall.SysProcAttr{Setpgid: true, Pgid: 1}, panics: true},
	} {
		func() {
			defer func() {
				if v := recover(); (v != nil) != c.panics {
					t.Errorf("%+v: %v", c.attr, v)
				}
			}()
			cmd := exec.Command("true")
			given := c.attr
			cmd.SysProcAttr = &given
			if err := OwnGroup(cmd); err != nil || cmd.SysProcAttr == &given {
				t.Errorf("%+v: %v", c.attr, err)
				return
			}
			p, err := StartProcess(cmd)
			if err != nil || !p.group {
				t.Errorf("%+v: %v", c.attr, err)
				return
			}
			if err := p.Wait(); err != nil {
				t.Error(err)
			}
		}()
	}
}
