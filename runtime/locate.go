package runtime

import (
	goruntime "runtime"

	"github.com/seed222ee791/fibers/internal/gstatus"
)

// Where a fiber is that computes.
//
// The stack of a goroutine that runs is nobody's to read but its own. But when the Go
// runtime stops the world, whoever computes is put into a queue, its registers are saved
// where gstatus finds them, and after the stop it takes some microseconds until a processor
// has it again. So we have the world stopped, by way of ReadMemStats, look, and try again
// if it was faster. That costs the same however many goroutines there are, some tens of
// microseconds; the goroutine profile, the other way to such a stack, looks at all.
//
// What is read is a hint, as gstatus.Stack says; it is believed only if the record is the
// same fiber's before and after.
//
// Checked by: TestAHogIsLocated.

const (
	locateTries = 8
	locatedHogs = 4 // of one examination
)

// locate returns where the fiber of that number is, whose record is f, or nothing.
func locate(f *fiber, id uint64) (fn, at string) {
	if !gstatus.Stacks {
		return "", ""
	}
	var stack [64]uintptr
	var m goruntime.MemStats
	for try := range locateTries {
		if try > 0 {
			goruntime.ReadMemStats(&m)
		}
		n := gstatus.Stack(f.g.get(), stack[:])
		if n == 0 || f.id() != id {
			continue
		}
		for i := 1; i < n; i++ {
			if before := goruntime.FuncForPC(stack[i-1]); before != nil && before.Name() == "runtime.asyncPreempt" {
				stack[i]++ // where it was stopped, not where it returns to
			}
		}
		clear(stack[n:])
		if fn, at = blame(stack[:]); fn != "" {
			return fn, at
		}
	}
	return "", ""
}
