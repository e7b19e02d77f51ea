package coro

import (
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"
	"testing"
)

// childVariable tells a process of the tests that it is a child, and what to do.
const childVariable = "FIBERS_CORO_CHILD"

// child is the life of a child.
func child(what string) {
	switch what {
	case "kind":
		fmt.Print(Kind())
	case "locked":
		var root Coro
		w := newWorker()
		goruntime.LockOSThread()
		w.do(&root, func(*worker) {})
		fmt.Print("a thread that is locked was switched")
	}
	os.Exit(0)
}

// run runs a child with the setting of FIBERS_SWITCH, under the emulator that the tests run
// under, if FIBERS_EMULATOR says which that is.
func run(t *testing.T, what, setting string) (output string, err error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	if emulator := os.Getenv("FIBERS_EMULATOR"); emulator != "" {
		cmd = exec.Command(emulator, exe)
	}
	cmd.Env = append(os.Environ(), childVariable+"="+what, variable+"="+setting,
		"GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Where the direct way was verified it is taken, unless somebody asks for the other.
func TestKind(t *testing.T) {
	best := KindPull
	if possible {
		best = KindDirect
	}
	for setting, want := range map[string]string{"": best, "direct": best, "pull": KindPull, "Pull": KindPull, "?": KindPull} {
		if got, err := run(t, "kind", setting); got != want || err != nil {
			t.Errorf("%s=%q: %q (%v), want %q", variable, setting, got, err, want)
		}
	}
}

// All that belongs to the direct way is built where it is possible, and only there.
func TestConstraintsAgree(t *testing.T) {
	constraint := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		expression, ok := strings.CutPrefix(first, "//go:build ")
		if !ok {
			t.Fatalf("%s has no build constraint in its first line", file)
		}
		return expression
	}
	want := constraint("direct.go")
	for _, file := range []string{"find.go", "selftest.go", "find_test.go"} {
		if got := constraint(file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
	if got := constraint("direct_other.go"); got != "!("+want+")" {
		t.Errorf("direct_other.go: %s", got)
	}
}

// With either way, the Go runtime sees to its rule about threads.
func TestLockedThreadEndsTheProcess(t *testing.T) {
	for _, setting := range []string{"", "pull"} {
		out, err := run(t, "locked", setting)
		if err == nil || !strings.Contains(out, "coro: OS thread locking must match") {
			t.Errorf("%s=%q: %v, %.200s", variable, setting, err, out)
		}
	}
}
