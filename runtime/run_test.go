package runtime_test

import (
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func init() {
	programs["run on a locked thread"] = func() {
		goruntime.LockOSThread()
		check(fibers.Run(func() { fibers.Sleep(time.Millisecond) }) == nil, "Run")
	}
	programs["close on a locked thread"] = func() {
		rt, err := fibers.New()
		check(err == nil, "New")
		check(rt.Run(func() { fibers.Yield() }) == nil, "Run")
		goruntime.LockOSThread()
		check(rt.Close() == nil, "Close")
	}
	programs["close in a blocking call on a locked thread"] = func() {
		err := fibers.Run(func() {
			err := fibers.Blocking(func() error {
				goruntime.LockOSThread()
				return fibers.Run(fibers.Yield)
			})
			check(err == nil, "inner Run")
		})
		check(err == nil, "outer Run")
	}
}

// The caller may be locked to its thread, as the main goroutine is during
// initialisation and in programs with a graphical interface: no coroutine may
// be resumed on it.
func TestRunAndCloseOnALockedThread(t *testing.T) {
	for _, name := range []string{"run on a locked thread", "close on a locked thread", "close in a blocking call on a locked thread"} {
		t.Run(name, func(t *testing.T) { mustRerun(t, name) })
	}
}

// Go in a fiber whose runtime is ending makes a fiber that never runs.
func TestFibersSpawnedAtTheEndNeverRun(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	const n = 100
	var up, ran atomic.Int64
	for range n { // so that idle coroutines are left over
		rt.Go(func() { fibers.Sleep(time.Millisecond) })
	}
	for range n {
		rt.Go(func() {
			defer fibers.Go(func() { ran.Inc() })
			up.Inc()
			fibers.Sleep(time.Hour)
		})
	}
	for up.Load() < n || rt.NumFibers() > n {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if r := ran.Load(); r != 0 {
		t.Errorf("%d of %d fibers ran that were spawned after Close had begun", r, n)
	}
}
