package runtime

import (
	"fmt"
	"runtime/debug"
)

// capture says how a function has ended for which others wait: it returned, p was its panic, or
// else it exited, by runtime.Goexit. The function that is deferred around it calls
//
//	p, exited := capture(returned, recover())
//
// where the stack of the panic is still there. A panic that was carried already, and raised
// again, keeps its first stack. A Goexit goes on after the deferred function, also one
// during which a panic was captured.
func capture(returned bool, recovered any) (p *PanicError, exited bool) {
	if recovered == nil {
		return nil, !returned
	}
	if e, ok := recovered.(*PanicError); ok {
		return e, false
	}
	return &PanicError{Value: recovered, Stack: debug.Stack()}, false
}

// panicked is what becomes of a panic that leaves the fiber f, the caller.
func (rt *Runtime) panicked(f *fiber, v any, stack []byte) {
	if h := rt.conf.panicHandler; h != nil {
		defer func() {
			if v := recover(); v != nil {
				crash(f, v, debug.Stack())
			}
		}()
		h(f.public(), v, stack)
		return
	}
	crash(f, v, stack)
}

// crash ends the process. Raised here, the panic might be caught by iter.Pull
// and hit some innocent party without its stack; so it is raised in a goroutine
// of its own, with the stack in its text.
func crash(f *fiber, v any, stack []byte) {
	name := ""
	if h := f.handle.Load(); h != nil && h.Name() != "" {
		name = fmt.Sprintf(" %q", h.Name())
	}
	go panic(&fatal{value: v, text: fmt.Sprintf("%s\n\nfiber %d%s:\n%s", panicText(v), f.id(), name, stack)})
	select {}
}

// panicText renders a panic's value as the Go runtime does, for the types for
// which it would not print an address.
func panicText(v any) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprintf("%T (which panics when printed)", v)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case string:
		return v
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprintf("%T(%#v)", v, v)
	}
}

// fatal is the value of the panic that ends the process for a fiber.
type fatal struct {
	value any
	text  string
}

func (e *fatal) Error() string { return e.text }

func (e *fatal) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
