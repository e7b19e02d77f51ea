package runtime_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// TestMain runs the tests and then looks whether they left a goroutine behind.
// In a process started by rerun it runs that program instead.
func TestMain(m *testing.M) {
	if name := os.Getenv(programEnv); name != "" {
		programs[name]()
		os.Exit(0)
	}
	goleak.VerifyTestMain(closing{m})
}

// closing runs the tests and closes the ambient runtime, which is not a leak.
type closing struct{ *testing.M }

func (c closing) Run() int {
	code := c.M.Run()
	if err := fibers.Default().Close(); err != nil {
		println(err.Error())
		code = max(code, 1)
	}
	return code
}

// programs are what a test runs in a process of its own, because it may end or
// damage that. Files add theirs.
var programs = map[string]func(){}

const programEnv = "FIBERS_TEST_PROGRAM"

// rerun runs a program in a process of its own. The exit code is −1 if it did
// not end by itself.
func rerun(t *testing.T, name string) (output string, code int) {
	t.Helper()
	if programs[name] == nil {
		t.Fatalf("no program %q", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"="+name)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return string(out), 0
	case errors.As(err, &exit):
		return string(out), exit.ExitCode()
	default:
		t.Fatal(err)
		return "", -1
	}
}

// mustRerun is rerun for a program that must end well.
func mustRerun(t *testing.T, name string) {
	t.Helper()
	if out, code := rerun(t, name); code != 0 {
		if len(out) > 2000 {
			out = out[:2000] + "…"
		}
		t.Errorf("exit code %d (−1: did not end):\n%s", code, out)
	}
}

// check ends a program that found something wrong.
func check(ok bool, complaint string) {
	if !ok {
		println("wrong: " + complaint)
		os.Exit(1)
	}
}
