//go:build unix

package poll_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// start starts a command.
func start(cmd *exec.Cmd) *poll.Process {
	p, err := poll.StartProcess(cmd)
	if err != nil {
		panic(err)
	}
	return p
}

func ExampleStdinPipe() {
	cmd := exec.Command("cat")
	in, err := poll.StdinPipe(cmd)
	if err != nil {
		panic(err)
	}
	poll.Capture(cmd)
	p := start(cmd)
	io.WriteString(in, "hello")
	in.Close()
	out, err := p.Output()
	fmt.Println(string(out), err)
	// Output:
	// hello <nil>
}

func ExampleStdoutPipe() {
	cmd := exec.Command("sh", "-c", "echo one; echo two")
	out, err := poll.StdoutPipe(cmd)
	if err != nil {
		panic(err)
	}
	defer out.Close()
	p := start(cmd)
	for r := poll.NewReader(out); ; {
		line, err := r.ReadLine()
		if err != nil {
			break
		}
		fmt.Printf("%q\n", line)
	}
	fmt.Println(p.Wait())
	// Output:
	// "one"
	// "two"
	// <nil>
}

func ExampleStderrPipe() {
	cmd := exec.Command("sh", "-c", "echo oh >&2")
	errs, err := poll.StderrPipe(cmd)
	if err != nil {
		panic(err)
	}
	defer errs.Close()
	p := start(cmd)
	text, err := io.ReadAll(errs)
	fmt.Printf("%q %v %v\n", text, err, p.Wait())
	// Output:
	// "oh\n" <nil> <nil>
}

func ExampleCapture() {
	cmd := exec.Command("sh", "-c", "echo hello; exit 3")
	poll.Capture(cmd)
	out, err := start(cmd).Output()
	fmt.Printf("%q %v\n", out, err)
	// Output:
	// "hello\n" exit status 3
}

func ExampleProcess_Output() {
	cmd := exec.Command("echo", "hello")
	poll.Capture(cmd)
	out, err := start(cmd).Output()
	fmt.Printf("%q %v\n", out, err)
	// Output:
	// "hello\n" <nil>
}

func ExampleProcess_OutputOp() {
	cmd := exec.Command("sh", "-c", "echo hello; exec sleep 60")
	poll.Capture(cmd)
	p := start(cmd)
	if _, ok := fibers.PerformTimeout(p.OutputOp(), time.Millisecond); !ok {
		fmt.Println("it takes too long:", p.Shutdown(0))
	}
	// Output:
	// it takes too long: signal: killed
}

func ExampleProcess_Shutdown() {
	p := start(exec.Command("sleep", "60"))
	fmt.Println(p.Shutdown(10 * time.Second))
	// Output:
	// signal: terminated
}

func ExampleProcess_ShutdownOp() {
	p := start(exec.Command("sleep", "60"))
	err, ok := fibers.PerformTimeout(p.ShutdownOp(10*time.Second), 20*time.Second)
	fmt.Println(err, ok)
	// Output:
	// signal: terminated true
}

func ExampleOwnGroup() {
	cmd := exec.Command("sh", "-c", "sleep 60 & exec sleep 60")
	if err := poll.OwnGroup(cmd); err != nil {
		panic(err)
	}
	fmt.Println(start(cmd).Shutdown(0)) // and of both its children
	// Output:
	// signal: killed
}

func ExampleProcess_SignalGroup() {
	cmd := exec.Command("sh", "-c", "sleep 60 & exec sleep 60")
	if err := poll.OwnGroup(cmd); err != nil {
		panic(err)
	}
	p := start(cmd)
	fmt.Println(p.SignalGroup(os.Kill), p.Wait())
	// Output:
	// <nil> signal: killed
}

func ExampleStartProcessIn() {
	var p *poll.Process
	fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) (err error) {
		p, err = poll.StartProcessIn(g, exec.Command("sleep", "60"))
		return err
	})
	fmt.Println(p.Wait())
	// Output:
	// signal: killed
}
