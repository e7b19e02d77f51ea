package runtime_test

import (
	"os"
	goruntime "runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/cores"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// setAll gives every thread of the process a mask, as taskset -a does.
func setAll(m *unix.CPUSet) error {
	seen := make(map[int]bool)
	for more := true; more; { // a thread that is made meanwhile may have inherited the old one
		more = false
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range tasks {
			tid, _ := strconv.Atoi(t.Name())
			if seen[tid] {
				continue
			}
			seen[tid], more = true, true
			if err := unix.SchedSetaffinity(tid, m); err != nil && err != unix.ESRCH {
				return err
			}
		}
	}
	return nil
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

// maskOf returns the mask of a thread; 0 is the caller's.
func maskOf(tid int) (m unix.CPUSet) {
	check(unix.SchedGetaffinity(tid, &m) == nil, "no mask")
	return m
}

// single returns the mask of the n-th CPU in m.
func single(m unix.CPUSet, n int) (one unix.CPUSet) {
	for cpu := 0; one.Count() == 0; cpu++ {
		if m.IsSet(cpu) {
			if n--; n < 0 {
				one.Set(cpu)
			}
		}
	}
	return one
}

// busy runs a runtime with a scheduler for each CPU, and has them at work while test runs.
func busy(test func()) {
	var over atomic.Bool
	rt, err := fibers.New()
	check(err == nil, "New")
	for range 8 {
		rt.Go(func() {
			for !over.Load() {
				for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
				}
				fibers.Yield()
			}
		})
	}
	test()
	over.Store(true)
	check(rt.Close() == nil, "Close")
}

func init() {
	programs["binds a thread of its own"] = func() {
		all := maskOf(0)
		if all.Count() == 1 {
			println("nothing to see")
			return
		}
		for n := range 2 {
			own := single(all, n)
			// A scheduler that is carried to another thread in the midst of pinning one pins
			// the wrong one, for a millisecond: an application's that gets its mask just then
			// loses it. So the best of some tries counts.
			kept := false
			for range 6 {
				if kept {
					break
				}
				busy(func() {
					done := make(chan unix.CPUSet)
					go func() {
						goruntime.LockOSThread() // and not unlocked: the thread ends with the goroutine
						// The thread may be one that a scheduler has pinned, and gives back when it
						// sees that it is carried by another: until then nobody can tell whose a
						// mask of one CPU is.
						for start := time.Now(); maskOf(0) != all && time.Since(start) < 20*time.Second; {
							time.Sleep(time.Millisecond) // sleep: a scheduler looks every millisecond
						}
						cores.Audit() // as each second: it has seen the thread
						check(unix.SchedSetaffinity(0, &own) == nil, "the thread cannot be bound")
						for range 20 {
							cores.Audit()
							time.Sleep(5 * time.Millisecond) // sleep: the schedulers pin and let go meanwhile
						}
						done <- maskOf(0)
					}()
					kept = <-done == own
				})
			}
			check(kept, "the thread was widened each time")
		}
	}
	programs["is bound from outside"] = func() {
		all := maskOf(0)
		if all.Count() == 1 {
			println("nothing to see")
			return
		}
		one := single(all, 1)
		busy(func() {
			time.Sleep(20 * time.Millisecond) // sleep: the schedulers are at work
			check(setAll(&one) == nil, "the process cannot be bound")
			for range 20 {
				time.Sleep(5 * time.Millisecond) // sleep: the schedulers pin and let go meanwhile
				cores.Audit()
			}
			tasks, err := os.ReadDir("/proc/self/task")
			check(err == nil, "no threads")
			for _, t := range tasks {
				tid, _ := strconv.Atoi(t.Name())
				var m unix.CPUSet
				if unix.SchedGetaffinity(tid, &m) == nil {
					check(m == one, "a thread may use "+strconv.Itoa(m.Count())+" CPUs, or another one")
				}
			}
			check(setAll(&all) == nil, "the process cannot be given its CPUs back")
			for range 20 {
				time.Sleep(5 * time.Millisecond) // sleep: as above
				cores.Audit()
			}
		})
		cores.Audit()
		check(maskOf(os.Getpid()) == all, "the main thread did not get its CPUs back")
	}
}

// A thread that the application had bound to the core of a scheduler was widened.
func TestMasksOfTheApplicationAreItsOwn(t *testing.T) { mustRerun(t, "binds a thread of its own") }

// What taskset -a had set was undone.
func TestMasksFromOutsideAreFollowed(t *testing.T) { mustRerun(t, "is bound from outside") }

// Run turned off Go's own following of the mask of the process.
func TestGOMAXPROCSFollowsTheMaskAfterRun(t *testing.T) { mustRerun(t, "follows its mask") }
