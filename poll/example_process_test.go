//go:build unix

package poll_test

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleStartProcess() {
	fibers.Run(func() {
		cmd := exec.Command("sh", "-c", "echo hello")
		cmd.Stdout = os.Stdout
		p, err := poll.StartProcess(cmd)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.Wait())
	})
	// Output:
	// hello
	// <nil>
}

func ExampleProcess_Pid() {
	p, err := poll.StartProcess(exec.Command("sh", "-c", "exit 0"))
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Pid() > 0, p.Wait())
	// Output:
	// true <nil>
}

func ExampleProcess_Signal() {
	p, err := poll.StartProcess(exec.Command("sleep", "60"))
	if err != nil {
		panic(err)
	}
	p.Signal(os.Kill)
	fmt.Println(p.Wait())
	// Output:
	// signal: killed
}

func ExampleProcess_Wait() {
	p, err := poll.StartProcess(exec.Command("sh", "-c", "exit 3"))
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Wait())
	// Output:
	// exit status 3
}

func ExampleProcess_WaitOp() {
	p, err := poll.StartProcess(exec.Command("sleep", "60"))
	if err != nil {
		panic(err)
	}
	if _, ok := fibers.PerformTimeout(p.WaitOp(), time.Millisecond); !ok {
		fmt.Println("it takes too long")
		p.Signal(os.Kill)
	}
	fmt.Println(p.Wait())
	// Output:
	// it takes too long
	// signal: killed
}
