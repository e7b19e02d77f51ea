package runtime

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrClosed is returned by Run on a runtime that was closed, and by Await
	// for a task whose runtime closed before it had run.
	ErrClosed = errors.New("fibers: runtime closed")
	// ErrGoexit is what a task or a group member returns that was ended by
	// runtime.Goexit (or t.FailNow).
	ErrGoexit = errors.New("fibers: ended by runtime.Goexit")
)

// A PanicError carries a panic from the fiber where it happened to the one who
// waits for that fiber.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // of the panicking fiber, as by debug.Stack
}

// Error returns the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("panic in a fiber: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// A LeftoverError names the fibers that were still alive when a runtime had to
// end: they did not come to a wait within the grace (see WithGrace).
type LeftoverError struct {
	Fibers []FiberInfo
}

// Error names up to ten of the fibers.
func (e *LeftoverError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fibers: %d left over that did not come to a wait (of fibers: what waits in Go's way, or in the body of an iter.Pull, does not count):", len(e.Fibers))
	for i, f := range e.Fibers {
		if i == 10 {
			fmt.Fprintf(&b, " and %d more", len(e.Fibers)-i)
			break
		}
		fmt.Fprintf(&b, " %v;", f)
	}
	return strings.TrimSuffix(b.String(), ";")
}
