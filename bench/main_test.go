package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// TestMain lets the test binary be the child of its own tests.
func TestMain(m *testing.M) {
	harness.BeChild(childTasks...)
	os.Exit(m.Run())
}

// TestProgram runs the built command.
func TestProgram(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bench")
	if goruntime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Run("Refuses", func(t *testing.T) { testRefuses(t, binary) })
	t.Run("Lists", func(t *testing.T) { testLists(t, binary) })
	t.Run("Table", func(t *testing.T) { testTable(t, binary) })
	t.Run("JSON", func(t *testing.T) { testJSON(t, binary) })
	t.Run("Go", func(t *testing.T) { testGoFormat(t, binary) })
	t.Run("Against", func(t *testing.T) { testAgainst(t, binary) })
	t.Run("HTML", func(t *testing.T) { testHTML(t, binary) })
	t.Run("Full", func(t *testing.T) { testFull(t, binary) })
	t.Run("Interrupt", func(t *testing.T) { testInterrupt(t, binary) })
}

func execute(binary string, args ...string) (stdout, stderr string, code int, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode(), err
}

func testRefuses(t *testing.T, binary string) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-nonsense"}, "nonsense"},
		{[]string{"-suite", "nonsense"}, "nonsense"},
		{[]string{"-suite", ""}, "-suite"},
		{[]string{"-run", "("}, "-run"},
		{[]string{"-run", "no such row"}, "no such row"},
		{[]string{"-suite", "idle", "-run", "yield"}, "idle"},
		{[]string{"-schedulers", "0"}, "0"},
		{[]string{"-schedulers", "-1"}, "-1"},
		{[]string{"-schedulers", fmt.Sprint(fibers.MaxSchedulers + 1)}, "1 to"},
		{[]string{"-schedulers", "two"}, "two"},
		{[]string{"-schedulers", "1,"}, "not a number"},
		{[]string{"-schedulers", "1;2"}, "1;2"},
		{[]string{"-schedulers", "99999999999999999999"}, "not a number"},
		{[]string{"-schedulers", "2,2"}, "twice"},
		{[]string{"-schedulers", "1", "-run", "wake"}, "at least 2"},
		{[]string{"-rounds", "-1"}, "negative"},
		{[]string{"-rounds", "x"}, "rounds"},
		{[]string{"-list", "-json"}, "exclude"},
		{[]string{"-list", "-format", "go"}, "exclude"},
		{[]string{"-suite", "cml,nonsense"}, "nonsense"},
		{[]string{"-format", "xml"}, "xml"},
		{[]string{"-against", "no such file"}, "no such file"},
		{[]string{"-against", "main.go"}, "not what -json prints"},
		{[]string{"-against", "main.go", "-json"}, "exclude"},
		{[]string{"-quick", "-html", "no such directory/report.html"}, "no such directory/report.html: "},
		{[]string{"-quick", "-html", os.DevNull}, "nothing was run"},
		{[]string{"-list", "-html", "report.html"}, "exclude"},
		{[]string{"-json", "-format", "go"}, "exclude"},
		{[]string{"-wide", "-json"}, "exclude"},
		{[]string{"-wide", "-format", "go"}, "exclude"},
		{[]string{"-quick", "more"}, "more"},
	} {
		stdout, stderr, code, err := execute(binary, c.args...)
		if err != nil || code != exitUsage || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: exit code %d, %v\nstdout: %s\nstderr: %s\nmust be exit code %d, and stderr with %q", c.args, code, err, stdout, stderr, exitUsage, c.says)
		}
	}
}

func testLists(t *testing.T, binary string) {
	stdout, _, code, err := execute(binary, "-list")
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	for _, name := range []string{"yield/2", "yield/100", "spawn/finish", "spawn/park/100", "skynet/1M", "tree", "memory/100k", "memory/1M", "memory/given-back", "idle", "stall", "citizen"} {
		if !strings.Contains(stdout, " "+name+" ") {
			t.Errorf("no row %s in\n%s", name, stdout)
		}
	}
	if stdout, _, code, err = execute(binary, "-h"); err != nil || code != 0 || !strings.Contains(stdout, "-against") {
		t.Errorf("-h: exit code %d, %v, stdout %q", code, err, stdout)
	}
}

func testTable(t *testing.T, binary string) {
	stdout, stderr, code, err := execute(binary, "-quick", "-schedulers", "1", "-run", "^yield/2$", "-rounds", "2")
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	if !strings.Contains(stdout, "workload") || !strings.Contains(stdout, "\nyield/2 ") {
		t.Errorf("no table:\n%s", stdout)
	}
	if !strings.Contains(stderr, "[1/1] yield/2") {
		t.Errorf("no progress:\n%s", stderr)
	}
}

func testJSON(t *testing.T, binary string) {
	stdout, stderr, code, err := execute(binary, "-quick", "-schedulers", "2,1", "-run", "^(spawn/finish|wake/p99)$", "-rounds", "2", "-json")
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	var doc harness.Document
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range doc.Rows {
		got = append(got, fmt.Sprint(r.Workload, r.Schedulers))
		if len(r.Samples) != 2 || r.Samples[0].First == r.Samples[1].First {
			t.Errorf("%s: not two samples with another order each: %v", r.Workload, r.Samples)
		}
		if r.Ratio.Median == nil || *r.Ratio.Median <= 0 {
			t.Errorf("%s: no ratio", r.Workload)
		}
		if r.Workload == "spawn/finish" && (r.Fibers.Allocs == nil || *r.Fibers.Allocs > 5) {
			t.Errorf("%s: allocations %v", r.Workload, r.Fibers.Allocs)
		}
	}
	if want := []string{"spawn/finish1", "spawn/finish2", "wake/p992"}; !slices.Equal(got, want) {
		t.Errorf("rows %v, must be %v", got, want)
	}
	if doc.Interrupted || doc.Environment.Go == "" || doc.Environment.CPUs < 1 {
		t.Errorf("environment: %+v", doc.Environment)
	}
}

func testInterrupt(t *testing.T, binary string) {
	if goruntime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGINT there")
	}
	cmd := exec.Command(binary) // about a minute
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, stderr)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d after %q, must be %d", code, first, exitInterrupted)
	}
	if !strings.Contains(stdout.String(), "\nyield/2 ") {
		t.Errorf("what was finished is missing:\n%s", stdout.String())
	}
}
