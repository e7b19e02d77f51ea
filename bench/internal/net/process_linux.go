package net

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpu is the processor time of the server so far, by the clock of its process.
func (s *server) cpu() time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED: the clock of a process is ^pid and this
	var ts unix.Timespec
	if unix.ClockGettime(int32(^s.cmd.Process.Pid<<3|scheduled), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// switches is how often the threads of the server have left their processors so far, because
// they waited or because others were to run. What threads did that are gone is not known.
func (s *server) switches() (n int64) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.cmd.Process.Pid))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has just ended
		}
		for l := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(l, ":"); strings.HasSuffix(name, "voluntary_ctxt_switches") {
				v, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
				n += v
			}
		}
	}
	return n
}

// resident returns the bytes of memory that the server occupies.
func (s *server) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	_, err = fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize()), err
}

// descriptorLimit is how many descriptors a process may have.
func descriptorLimit() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 0
	}
	return int(min(r.Cur, 1<<30))
}
