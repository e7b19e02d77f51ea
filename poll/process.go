package poll

import (
	"os"
	"os/exec"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/cores"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Process is a program that runs. Its end is an operation.
//
// That it is over is known in two steps: the process has exited, and then cmd.Wait,
// which collects it, has copied the rest of its output. The first is seen without
// waiting, by the system's means (ending); it begins the second, in a goroutine, as
// another process may hold the output open for long. WaitOp is ready after the
// second, so that whoever performs it can lose to a time-out before.
type Process struct {
	cmd     *exec.Cmd
	quick   bool // nothing is copied and nobody cancels: to collect it does not wait
	end     ending
	group   bool        // it leads a process group of its own
	claimed atomic.Bool // somebody collects, or has
	// What cmd.Wait said. Writer: who claimed it, before done and result. Readers: any,
	// after one of these.
	err    error
	done   atomic.Bool
	result *cml.IVar[error] // for those who wait

	kept     *keptOutput // of Capture, or nil
	released func()      // of StartProcessIn, or nil: has been collected
	life     life
}

// An ending is how the system tells that a process has exited.
type ending interface {
	// exited reports whether it has, if that can be known.
	exited() (yes, known bool)
	// notify has collect called, which does not wait, when it has, or cannot tell;
	// unless cancel is called.
	notify(collect func()) (cancel func())
	// close is called when it has been collected.
	close()
}

// StartProcess starts a program, as cmd.Start does. Somebody must Wait for it. The child may
// use the processors that this process was given, though the caller's scheduler is
// locked to one of them. If the runtime ends meanwhile the process is returned all
// the same, and the fiber ends where it waits next.
func StartProcess(cmd *exec.Cmd) (*Process, error) {
	if cmd == nil {
		panic("poll: StartProcess(nil): give it a command")
	}
	quick := cmd.Cancel == nil && direct(cmd.Stdin) && direct(cmd.Stdout) && direct(cmd.Stderr)
	if err := fibers.Blocking(func() error { return cores.Unpinned(cmd.Start) }); err != nil {
		return nil, err
	}
	p := &Process{
		cmd: cmd, quick: quick, end: endingOf(cmd.Process.Pid), group: leadsGroup(cmd), result: cml.NewIVar[error](),
	}
	p.kept, _ = cmd.Stdout.(*keptOutput)
	return p, nil
}

// direct reports whether the child gets x itself, or nothing, so that package exec has
// nothing to copy.
func direct(x any) bool {
	_, file := x.(*os.File)
	return x == nil || file
}

// Pid returns the number of the process.
func (p *Process) Pid() int {
	p.check("Pid")
	return p.cmd.Process.Pid
}

func (p *Process) check(what string) {
	if p.cmd == nil {
		panic("poll: " + what + " of a Process that is none: StartProcess makes one")
	}
}

// Signal sends a signal to the process. It fails with os.ErrProcessDone if that has
// ended and been waited for.
func (p *Process) Signal(sig os.Signal) error {
	p.check("Signal")
	return p.cmd.Process.Signal(sig)
}

// Wait waits until the process has ended, and returns what cmd.Wait returns: nil,
// an *exec.ExitError, or why its input or output could not be copied. It can be
// called many times, by many.
func (p *Process) Wait() error { return cml.Perform(p.WaitOp()) }

// WaitOp returns the operation that is ready when the process has ended: see Wait.
//
// Where output is copied, as when cmd.Stdout is a buffer, it is ready when all of it
// has been, which may take longer than the process if that has left children. Set
// cmd.WaitDelay, and it is ready at the latest that long after the end, with
// exec.ErrWaitDelay.
//
// To perform it, or to try, counts as a call of cmd.Wait: what has been read through
// cmd.StdoutPipe must have been read by then.
func (p *Process) WaitOp() cml.Op[error] {
	p.check("Wait")
	return cml.Choice(p.result.ReadOp(), cml.NewOp(
		func() (error, bool) { return p.tryWait(false) },
		// This never commits: what it begins ends with the result.
		func(cml.Waiter[error]) func() { return p.end.notify(func() { p.collect(false) }) },
	))
}

// tryWait returns what cmd.Wait said, if it can be had now. With last, a process that has
// ended takes its group with it.
func (p *Process) tryWait(last bool) (error, bool) {
	yes, known := p.end.exited()
	if yes && last {
		p.takeGroup()
	}
	if yes || !known {
		p.collect(yes && p.quick)
	}
	if p.done.Load() {
		return p.err, true
	}
	return nil, false
}

// collect has the process collected, once: now, or by a goroutine.
func (p *Process) collect(now bool) {
	if !p.claimed.CompareAndSwap(false, true) {
		return
	}
	wait := func() {
		p.reaping()
		p.err = p.cmd.Wait()
		p.reaped()
		if p.kept != nil {
			p.kept.explain(p.err)
		}
		p.end.close()
		p.done.Store(true)
		p.result.Fill(p.err)
		if p.released != nil {
			p.released()
		}
	}
	if now {
		wait()
	} else {
		go wait()
	}
}
