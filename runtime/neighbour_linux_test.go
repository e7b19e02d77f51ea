package runtime_test

import (
	"os"
	goruntime "runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// setAll gives every thread of the process a mask, as taskset -a does.
func setAll(m *unix.CPUSet) error {
	tasks, err := os.ReadDir("/proc/self/task")
	for _, t := range tasks {
		tid, _ := strconv.Atoi(t.Name())
		if e := unix.SchedSetaffinity(tid, m); e != nil && e != unix.ESRCH {
			err = e
		}
	}
	return err
}

func init() {
	programs["follows its mask"] = func() {
		check(fibers.Run(fibers.Yield) == nil, "Run failed")
		var one unix.CPUSet
		all := one
		check(unix.SchedGetaffinity(0, &all) == nil, "no mask")
		for cpu := 0; one.Count() == 0; cpu++ {
			if all.IsSet(cpu) {
				one.Set(cpu)
			}
		}
		if all.Count() == 1 || goruntime.GOMAXPROCS(0) == 1 || setAll(&one) != nil {
			println("nothing to see")
			return
		}
		for start := time.Now(); goruntime.GOMAXPROCS(0) != 1; { // busy: else Go does not look
			check(time.Since(start) < 9*time.Second, "GOMAXPROCS is "+strconv.Itoa(goruntime.GOMAXPROCS(0)))
		}
	}
}

// Run turned off Go's own following of the mask of the process.
func TestGOMAXPROCSFollowsTheMaskAfterRun(t *testing.T) { mustRerun(t, "follows its mask") }
