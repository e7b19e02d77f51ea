package runtime_test

import (
	goruntime "runtime"
	"testing"

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
