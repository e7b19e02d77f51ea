package runtime

import (
	"fmt"
	"runtime/debug"
)

// newPanicError keeps the value and the stack of a panic; it is called by the
// deferred function that recovered it. A panic that was carried already, and
// raised again, keeps its first stack.
func newPanicError(v any) *PanicError {
	if e, ok := v.(*PanicError); ok {
		return e
	}
	return &PanicError{Value: v, Stack: debug.Stack()}
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
