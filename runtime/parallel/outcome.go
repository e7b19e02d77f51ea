package parallel

import (
	goruntime "runtime"
	"runtime/debug"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// An outcome is how a branch ended; the zero outcome is a return.
type outcome struct {
	panic  *fibers.PanicError
	exited bool // by runtime.Goexit
}

// caught returns the outcome of a branch that did not return, whose recovered
// value is v. It is called by the deferred function, with the stack of the panic
// still there. A panic that was carried already keeps its first stack.
func caught(v any) outcome {
	switch v := v.(type) {
	case nil:
		return outcome{exited: true}
	case *fibers.PanicError:
		return outcome{panic: v}
	default:
		return outcome{panic: &fibers.PanicError{Value: v, Stack: debug.Stack()}}
	}
}

// then joins the outcomes of two branches, left and right. A panic is never
// lost: it goes before a Goexit, and the left one before the right.
func (o outcome) then(right outcome) outcome {
	if o.panic == nil {
		o.panic = right.panic
	}
	o.exited = o.exited || right.exited
	return o
}

// raise makes the caller end as the branch did.
func (o outcome) raise() {
	if o.panic != nil {
		panic(o.panic)
	}
	if o.exited {
		goruntime.Goexit()
	}
}
