package cores

import (
	"os/exec"
	goruntime "runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A child has all processors, though the thread that starts it is pinned; the thread
// stays pinned; and one whose set the program chose itself hands it on.
func TestUnpinned(t *testing.T) {
	whole := Process()
	if whole.Count() < 2 {
		t.Skip("one processor")
	}
	var one unix.CPUSet
	for i := range 1024 {
		if whole.IsSet(i) {
			one.Set(i)
			break
		}
	}
	before := pinnedTo(one)
	defer func() { pins.Lock(); pins.masks[one] = before; pins.Unlock() }()
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	defer unix.SchedSetaffinity(0, &whole)
	child := func() string {
		var out strings.Builder
		cmd := exec.Command("grep", "Cpus_allowed:", "/proc/self/status")
		cmd.Stdout = &out
		if err := Unpinned(cmd.Start); err != nil {
			t.Skip(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Skip(err)
		}
		return out.String()
	}
	want := child()
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Skip(err)
	}
	if got := child(); got == want {
		t.Errorf("the program's own choice is not handed on: %s", got)
	}
	pinsTo(one)
	if got := child(); got != want {
		t.Errorf("of a pinned thread: %s, not %s", got, want)
	}
	var m unix.CPUSet
	if unix.SchedGetaffinity(0, &m); m != one {
		t.Errorf("the thread is not pinned any more: %v", m)
	}
}
