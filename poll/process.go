package poll

import (
	"os"
	"os/exec"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Process is a program that runs. Its end is an operation.
type Process struct {
	cmd    *exec.Cmd
	exits  cml.Op[error] // ready when it has ended, or is known to have been reaped
	reaper atomic.Bool   // somebody is reaping, or has
	result *cml.IVar[error]
}

// Start starts a program, as cmd.Start does. Somebody must Wait for it.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd == nil {
		panic("poll: Start(nil): give it a command")
	}
	if err := fibers.Blocking(cmd.Start); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, result: cml.NewIVar[error]()}
	p.exits = p.watch()
	return p, nil
}

// Pid returns the number of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal to the process. It fails with os.ErrProcessDone if that has
// ended and been waited for.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Wait waits until the process has ended, and returns what cmd.Wait returns: nil,
// an *exec.ExitError, or why its input or output could not be copied. It can be
// called many times, by many.
func (p *Process) Wait() error { return cml.Perform(p.WaitOp()) }

// WaitOp returns the operation that is ready when the process has ended: see Wait.
// Where output is copied, its performer also waits for the end of that, which may
// come later if the process has left children.
func (p *Process) WaitOp() cml.Op[error] {
	return cml.Choice(p.result.ReadOp(), cml.Wrap(p.exits, func(error) error {
		if p.reaper.CompareAndSwap(false, true) {
			go func() { p.result.Fill(p.cmd.Wait()) }()
		}
		return p.result.Read()
	}))
}

// reap has a goroutine wait, where the system has no other way.
func (p *Process) reap() cml.Op[error] {
	p.reaper.Store(true)
	go func() { p.result.Fill(p.cmd.Wait()) }()
	return p.result.ReadOp()
}
