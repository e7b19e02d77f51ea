package inspect_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The gops command, as users run it, finds a process with fibers and shows them.
func TestGopsSeesTheFibers(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel) // after the end of the child
	gops := buildGops(ctx, t)
	pid := startChild(ctx, t)

	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(ctx, gops, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("gops %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	listed := false
	for line := range strings.Lines(run()) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == pid {
			listed = true
			want(t, line, "*", "go1.") // the star: it has an agent
		}
	}
	if !listed {
		t.Errorf("gops does not list process %s", pid)
	}
	want(t, run("stack", pid),
		`labels:{"fiber": "worker-0"}`, `labels:{"fiber": "worker-1"}`, `labels:{"fiber": "worker-2"}`,
		"inspect_test.parked(", "runtime.(*fiber).Park(")
	want(t, run("stats", pid), "goroutines: ", "GOMAXPROCS: ")
}

// buildGops builds the gops command in the version that this module requires.
func buildGops(ctx context.Context, t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("gops cannot be built: %v", err)
	}
	bin := filepath.Join(t.TempDir(), "gops")
	if goruntime.GOOS == "windows" {
		bin += ".exe"
	}
	out, err := exec.CommandContext(ctx, tool, "build", "-o", bin, "github.com/google/gops").CombinedOutput()
	if err != nil {
		t.Skipf("gops cannot be built: %v\n%s", err, out)
	}
	return bin
}

// started starts a program and returns its ends of input and output.
func started(t *testing.T, cmd *exec.Cmd) (in io.WriteCloser, out io.Reader) {
	t.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// startChild starts the program of child and returns its process's number when
// its fibers are parked.
func startChild(ctx context.Context, t *testing.T) (pid string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childVar+"=1")
	in, out := started(t, cmd)
	t.Cleanup(func() {
		_ = in.Close() // its end
		if err := cmd.Wait(); err != nil {
			t.Error("the inspected process:", err)
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the inspected process says %q, %v", lines.Text(), lines.Err())
	}
	return strconv.Itoa(cmd.Process.Pid)
}
