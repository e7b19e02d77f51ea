package runtime

import (
	goruntime "runtime"
)

// Blocking runs fn on an ordinary goroutine and returns its result: for calls
// that would block a scheduler (files, cgo, package sync, net/http), and for all
// that needs runtime.LockOSThread. (A fiber that waits while it holds that ends the
// process, "coro: OS thread locking must match"; one that ends is unlocked, up to
// eight calls deep, but its thread, whatever has been changed about it, goes on.) Only
// the calling fiber waits. In a plain goroutine it calls fn right there.
//
// A panic in fn is raised again in the caller as a *PanicError; a Goexit in fn
// ends the caller. The wait is not cut short when the runtime ends: fn is always
// seen to its end, and its result returned, as it may be something that has to be
// closed; the next wait of the fiber ends it. Blocking itself is such a wait: where
// the runtime is ending already, fn is not begun.
//
// Where the runtime has a limit (WithBlockingLimit) and as many calls run, it waits
// in line before fn is begun. It panics if fn is nil, and in a simulation, where the rest of the process
// is not simulated.
//
// It costs a goroutine and two wake-ups: some 40 µs more than the call where the
// scheduler has nothing else to do meanwhile. Most blocking calls can be made without it: a
// stand-in takes the other fibers within microseconds (see the package's documentation).
// Where the status of goroutines is not known (a Go version other than 1.26), that takes
// some 10 ms.
func Blocking[T any](fn func() T) T {
	if fn == nil {
		panic("fibers: Blocking(nil): give it a function")
	}
	c := current()
	if c == nil {
		return fn()
	}
	refuseBlocking()
	return offload(c, fn, &c.fiber.rt.offloads)
}

func refuseBlocking() {
	refuse("Blocking", "the rest of the process is not simulated, and its time is another; call what fn does directly if it does not wait, or put a fake in its place")
}

// offload is Blocking in the fiber of c. What the engine itself waits for is not counted: t is
// nil.
func offload[T any](c *coroutine, fn func() T, t *offloads) T {
	f := c.fiber
	if t != nil {
		t.enter(f)
	}
	if f.mustEnd() {
		if t != nil {
			t.leave()
		}
		c.quit()
	}
	var (
		result   T
		done     future
		panicked *PanicError
		exited   bool
	)
	go func() {
		returned := false
		defer func() {
			panicked, exited = capture(returned, recover())
			if t != nil {
				t.leave()
			}
			done.complete()
		}()
		result = fn()
		returned = true
	}()
	done.see(f)
	if panicked != nil {
		panic(panicked)
	}
	if exited {
		goruntime.Goexit()
	}
	return result
}

// BlockingErr is Blocking for a function that may fail, as most calls that block. Its panics,
// and the end of the runtime, are those of Blocking:
//
//	data, err := fibers.BlockingErr(func() ([]byte, error) { return os.ReadFile(name) })
func BlockingErr[T any](fn func() (T, error)) (T, error) {
	if fn == nil {
		panic("fibers: BlockingErr(nil): give it a function")
	}
	r := Blocking(func() (r Result[T]) {
		r.Value, r.Err = fn()
		return r
	})
	return r.Value, r.Err
}
