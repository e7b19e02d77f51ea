package runtime_test

import (
	goruntime "runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A thread that the application has pinned by itself stays so.
func TestPinsOfTheApplicationAreLeftAlone(t *testing.T) {
	_ = fibers.Default().Close() // of other tests: it would audit
	// It reads the mask of the process before this thread is limited.
	newRuntime(t, fibers.WithPinning(false))
	done := make(chan struct{})
	go func() {
		defer close(done)
		goruntime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		var own, after unix.CPUSet
		own.Set(0)
		if err := unix.SchedSetaffinity(0, &own); err != nil {
			t.Log("nothing to see, threads cannot be pinned: ", err)
			return
		}
		if err := fibers.Run(func() { fibers.Yield() }, fibers.WithPinning(false)); err != nil {
			t.Error(err)
		}
		if err := unix.SchedGetaffinity(0, &after); err != nil || after != own {
			t.Errorf("the thread was pinned to 1 CPU, now has %d (%v)", after.Count(), err)
		}
	}()
	<-done
}

// masked returns how many CPUs the calling thread may use.
func masked() int {
	var m unix.CPUSet
	if unix.SchedGetaffinity(0, &m) != nil {
		return 0
	}
	return m.Count()
}

// A scheduler is locked to its core while it runs, and not while it sleeps.
func TestPinWhileItRuns(t *testing.T) {
	_ = fibers.Default().Close() // of other tests
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil || all.Count() < 2 {
		t.Skip("one CPU: there is nowhere to go")
	}
	core := 0
	for !all.IsSet(core) {
		core++
	}
	rt := newRuntime(t, fibers.WithSchedulers(1), fibers.WithCPUs(core))
	// until runs, without a sleep, until the number of CPUs has been as wanted.
	until := func(what string, wanted ...func(n int) bool) {
		t.Helper()
		if err := rt.Run(func() {
			since := time.Now()
			for start := since; len(wanted) > 0 && time.Since(start) < 20*time.Second; fibers.Yield() {
				// A while, as on a change of threads it is not locked for a moment; less
				// than a trial, as others may need the core.
				if !wanted[0](masked()) {
					since = time.Now()
				} else if time.Since(since) > 3*time.Millisecond {
					wanted, since = wanted[1:], time.Now()
				}
			}
		}); err != nil {
			t.Error(err)
		}
		if len(wanted) > 0 {
			t.Error("not in time: ", what)
		}
	}
	one := func(n int) bool { return n == 1 }
	until("it is locked", one)
	if rt.Run(func() {
		fibers.Sleep(20 * time.Millisecond)
		if n := masked(); n != all.Count() {
			t.Errorf("after a sleep it may use %d CPUs, of %d", n, all.Count())
		}
	}) != nil {
		t.Error("Run")
	}
	until("it is locked again", one)
}
