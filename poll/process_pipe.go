package poll

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// StdinPipe returns the end to write of a pipe that will be the standard input of the
// command when it is started. It is as cmd.StdinPipe, but writing parks the fiber, and
// waiting for the process does not close it: Close it, which is the end of the input for
// the process. Before it is started nobody reads: what does not fit into the pipe waits.
func StdinPipe(cmd *exec.Cmd) (*File, error) {
	return pipeOf(cmd, "StdinPipe", func() (any, error) { return cmd.StdinPipe() })
}

// StdoutPipe returns the end to read of a pipe that will be the standard output of the
// command when it is started. It is as cmd.StdoutPipe, but reading parks the fiber, and
// what is in it can be read before the process has been waited for and after (on systems
// other than Unix it is closed then). Its end is that of the output, when all who have it
// open have closed it, which may be before the end of the process, or long after. Close
// it. For lines, and for reading as an operation, see NewReader.
func StdoutPipe(cmd *exec.Cmd) (*File, error) {
	return pipeOf(cmd, "StdoutPipe", func() (any, error) { return cmd.StdoutPipe() })
}

// StderrPipe is StdoutPipe for the standard error output.
func StderrPipe(cmd *exec.Cmd) (*File, error) {
	return pipeOf(cmd, "StderrPipe", func() (any, error) { return cmd.StderrPipe() })
}

// pipeOf makes a File of our end of a pipe of package exec, which closes the child's.
func pipeOf(cmd *exec.Cmd, what string, pipe func() (any, error)) (*File, error) {
	if cmd == nil {
		panic("poll: " + what + "(nil): give it a command")
	}
	realOnly(what)
	end, err := pipe()
	if err != nil {
		return nil, err
	}
	f, ok := end.(*os.File)
	if !ok {
		return nil, errors.New("poll: " + what + ": package exec gives no file")
	}
	return fileOfPipe(f, what)
}

// Capture has the standard output of the command kept, for Output of its Process; all of it, so that
// it is for outputs that fit into memory. If cmd.Stderr is nil the beginning of the error output is kept
// for Stderr of the *exec.ExitError. It panics if cmd.Stdout is set.
func Capture(cmd *exec.Cmd) {
	if cmd == nil || cmd.Stdout != nil {
		panic("poll: Capture of no command, or of one whose Stdout is set: where shall its output go?")
	}
	kept := new(keptOutput)
	cmd.Stdout = kept
	if cmd.Stderr == nil {
		cmd.Stderr = &kept.complaint
	}
}

// A keptOutput is what a process has written. Package exec has one goroutine write it, and
// it is read when that has ended.
type keptOutput struct {
	bytes.Buffer
	complaint beginning
}

// explain gives err, if it is that of a process, what was kept of its error output.
func (k *keptOutput) explain(err error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) && k.complaint.Len() > 0 {
		exit.Stderr = k.complaint.Bytes()
	}
}

// complaintSize is how much of the error output is kept.
const complaintSize = 64 << 10

// A beginning keeps the first complaintSize bytes that are written to it.
type beginning struct{ bytes.Buffer }

func (b *beginning) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), complaintSize-b.Len())])
	return len(p), nil
}

// ReadFrom hides that of the Buffer, which has no bound.
func (b *beginning) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{b}, r)
}

// Output waits until the process has ended, and returns what it has written to its
// standard output, and the error of Wait. Where that is exec.ErrWaitDelay it is what had
// been written by then. The command must have been given to Capture. It can be called many
// times, by many, who share the bytes.
func (p *Process) Output() ([]byte, error) {
	r := cml.Perform(p.OutputOp())
	return r.Value, r.Err
}

// OutputOp returns the operation that is ready when the process has ended, with its output:
// see Output. If it loses the process goes on and no byte is lost.
func (p *Process) OutputOp() cml.Op[fibers.Result[[]byte]] {
	p.check("Output")
	if p.kept == nil {
		panic("poll: Output of a Process whose output is not kept: call Capture(cmd) before StartProcess")
	}
	return cml.Wrap(p.WaitOp(), func(err error) fibers.Result[[]byte] {
		return fibers.Result[[]byte]{Value: p.kept.Bytes(), Err: err}
	})
}
