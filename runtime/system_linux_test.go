package runtime_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the processor time that the process has used.
func cpuTime(t testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// openFiles returns the number of open descriptors.
func openFiles(t testing.TB) int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}

// whole is the mask of the process, read before any thread is pinned.
var whole = func() (m unix.CPUSet) {
	_ = unix.SchedGetaffinity(0, &m)
	return m
}()

// checkNoPins checks that every thread has the mask of the process.
func checkNoPins(t testing.TB) {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		var m unix.CPUSet
		if unix.SchedGetaffinity(tid, &m) == nil && m != whole {
			t.Errorf("thread %d is still limited to %d CPUs", tid, m.Count())
		}
	}
}
