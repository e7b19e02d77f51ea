package runtime

import (
	"context"
	"errors"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Result is what a task came to.
type Result[T any] struct {
	Value T
	Err   error
}

// A Task is a fiber that computes a value: see Spawn.
type Task[T any] struct {
	done   future
	result Result[T]
	panic  *PanicError
	made   bool                    // by Spawn, or one of the others
	cancel context.CancelCauseFunc // nil: it has no context
	then   func()                  // nil, or called at its end: it must not wait but for a lock of an object
}

// Spawn runs fn in a new fiber, as Go does, and returns the task that stands for
// its result.
func Spawn[T any](fn func() (T, error)) *Task[T] {
	if fn == nil {
		panic("fibers: Spawn(nil): give it a function")
	}
	t := &Task[T]{made: true}
	t.spawn(fn, entry(fn))
	return t
}

// SpawnContext is Spawn of a function with a context, which is done when ctx is, when
// the task's Cancel is called, or when the task has ended: the way to end one task from outside. What waits
// obeys it by cml.PerformContext, cml.Done, or as contexts are obeyed.
func SpawnContext[T any](ctx context.Context, fn func(ctx context.Context) (T, error)) *Task[T] {
	if ctx == nil || fn == nil {
		panic("fibers: SpawnContext without a context or a function")
	}
	t := &Task[T]{made: true}
	ctx, t.cancel = context.WithCancelCause(ctx)
	t.spawn(func() (T, error) { return fn(ctx) }, entry(fn))
	return t
}

// ErrTaskCancelled is the cause of the context of a task that was ended by Cancel.
var ErrTaskCancelled = errors.New("fibers: task cancelled")

// Cancel cancels the context of a task that has one, of SpawnContext, GroupSpawn or
// TaskSet.Spawn, with ErrTaskCancelled as its cause. It does not wait: Await does. To
// cancel a task that has ended does nothing. A member of a group that then returns that cause, or
// context.Canceled, has not failed. A task of Spawn has no context: Cancel panics.
func (t *Task[T]) Cancel() {
	t.check("Cancel")
	if t.cancel == nil {
		panic("fibers: Cancel of a Task of Spawn, which has no context: use SpawnContext")
	}
	t.cancel(ErrTaskCancelled)
}

// run is the life of a task, in its fiber.
func (t *Task[T]) run(fn func() (T, error)) {
	returned := false
	defer func() {
		var exited bool
		if t.panic, exited = capture(returned, recover()); exited {
			t.result.Err = ErrGoexit
		}
		t.end(context.Canceled)
	}()
	if wait.Watched() {
		t.done.by.Store(wait.Self())
	}
	t.result.Value, t.result.Err = fn()
	returned = true
}

// end tells all who want to know that the task has ended.
func (t *Task[T]) end(cause error) {
	if t.cancel != nil {
		t.cancel(cause)
	}
	t.done.complete()
	if t.then != nil {
		t.then()
	}
}

// spawn runs fn in a new fiber; origin is what the user gave.
func (t *Task[T]) spawn(fn func() (T, error), origin uintptr) {
	run := func() { t.run(fn) }
	dropped := func() {
		t.result.Err = ErrClosed
		t.end(ErrClosed)
	}
	j := job{fn: run, dropped: dropped, origin: origin}
	if c := current(); c != nil {
		c.sched.spawn(&j)
		c.spawned()
		return
	}
	spawnAmbient(j)
}

// Await waits for the task's end and returns its result. If the task panicked,
// Await panics with the *PanicError, every time. If it ended by runtime.Goexit
// the error is ErrGoexit; if its runtime closed before it had run, ErrClosed.
// The end of the task synchronizes before the return of Await. Any number of fibers
// and goroutines may await one task, any number of times.
func (t *Task[T]) Await() (T, error) {
	t.check("Await")
	t.done.await(wait.Await)
	if t.panic != nil {
		panic(t.panic)
	}
	return t.result.Value, t.result.Err
}

// Done reports whether the task has ended.
func (t *Task[T]) Done() bool {
	t.check("Done")
	if simhook.On() {
		simPoint("Task.Done", unsafe.Pointer(&t.done))
	}
	return t.done.happened.Load()
}

func (t *Task[T]) check(what string) {
	if !t.made {
		panic("fibers: " + what + " of a Task that is none: make it with Spawn")
	}
}
