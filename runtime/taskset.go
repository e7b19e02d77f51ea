package runtime

import (
	"container/list"
	"context"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/adaptive"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A TaskSet is tasks of which one wants to know the next that has ended, whichever it is.
// Its tasks may begin at any time, by anyone. NewTaskSet makes one.
//
// All that changes is under the lock, with which a task is also committed to one who
// waits for it: so each goes to one, and one who loses has taken none.
//
// Checked by: TestTaskSetModel, TestTaskSetOrderPanicClose.
type TaskSet[T any] struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	mu     struct {
		adaptive.Mutex
		alive    int
		known    map[*Task[T]]struct{} // those of them that began while somebody watched
		finished list.List             // of *Task[T]
		waiters  list.List             // of *cml.Registration[Finished[T]], whose Place is the element; only if nothing is finished and somebody alive
		empty    []*future             // of Close
	}
}

// Finished is a task of a TaskSet that has ended.
type Finished[T any] struct {
	Task *Task[T] // nil: no task is left
	Result[T]
}

// NewTaskSet returns a set without tasks. Their contexts are done when ctx is. At the end
// Cancel or Close must be called, as the cancel function of any context.
func NewTaskSet[T any](ctx context.Context) *TaskSet[T] {
	if ctx == nil {
		panic("fibers: NewTaskSet of a nil context")
	}
	s := &TaskSet[T]{}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	return s
}

// Spawn runs fn in a new fiber as SpawnContext does, a task of the set.
func (s *TaskSet[T]) Spawn(fn func(ctx context.Context) (T, error)) *Task[T] {
	if fn == nil {
		panic("fibers: TaskSet.Spawn(nil): give it a function")
	}
	t := &Task[T]{made: true}
	s.mu.Lock()
	s.mu.alive++
	if wait.Watched() {
		if s.mu.known == nil {
			s.mu.known = make(map[*Task[T]]struct{})
		}
		s.mu.known[t] = struct{}{}
	}
	s.mu.Unlock()
	t.then = func() { s.ended(t) }
	var ctx context.Context
	ctx, t.cancel = context.WithCancelCause(s.ctx)
	t.spawn(func() (T, error) { return fn(ctx) }, entry(fn))
	return t
}

// ended is called when t has ended: it goes to the first who waits, or to those that
// have ended. The commits are made with the lock held: none waits.
func (s *TaskSet[T]) ended(t *Task[T]) {
	s.mu.Lock()
	s.mu.alive--
	delete(s.mu.known, t)
	s.mu.finished.PushBack(t)
	s.settle()
	var empty []*future
	if s.mu.alive == 0 {
		empty, s.mu.empty = s.mu.empty, nil
	}
	s.mu.Unlock()
	for _, f := range empty {
		f.complete()
	}
}

// settle serves those who wait, as far as there is something for them.
func (s *TaskSet[T]) settle() {
	for e := s.mu.waiters.Front(); e != nil; e = s.mu.waiters.Front() {
		f, ok := s.next()
		if !ok {
			return
		}
		r := s.mu.waiters.Remove(e).(*cml.Registration[Finished[T]])
		r.Place = nil
		if r.Commit(f) {
			s.taken(f)
		}
	}
}

// next says what there is for the next who asks.
func (s *TaskSet[T]) next() (f Finished[T], ok bool) {
	if first := s.mu.finished.Front(); first != nil {
		t := first.Value.(*Task[T])
		return Finished[T]{Task: t, Result: t.result}, true
	}
	return f, s.mu.alive == 0
}

func (s *TaskSet[T]) taken(f Finished[T]) {
	if f.Task != nil {
		s.mu.finished.Remove(s.mu.finished.Front())
	}
}

// Next waits until a task of the set has ended, and returns it with its result: each
// task once, in the order in which they ended. Its Task is nil if none is left. If the
// task panicked, Next panics with the *PanicError.
func (s *TaskSet[T]) Next() Finished[T] { return cml.Perform(s.NextOp()) }

// NextOp returns the operation that is ready when a task of the set has ended: see Next.
func (s *TaskSet[T]) NextOp() cml.Op[Finished[T]] {
	return cml.Wrap(cml.FromSource[Finished[T]]((*nextSource[T])(s)), func(f Finished[T]) Finished[T] {
		if f.Task != nil && f.Task.panic != nil {
			panic(f.Task.panic)
		}
		return f
	})
}

// nextSource is a TaskSet as a cml.Source.
type nextSource[T any] TaskSet[T]

// Waits tells what such a wait is for: the search for deadlocks knows who is to end it.
func (*nextSource[T]) Waits() wait.Reason { return wait.Await }

// Try implements cml.Source.
func (src *nextSource[T]) Try() (Finished[T], bool) {
	s := (*TaskSet[T])(src)
	if simhook.On() {
		simPoint("TaskSet.Next", unsafe.Pointer(s))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.next()
	if ok {
		s.taken(f)
	}
	return f, ok
}

// Block implements cml.Source.
func (src *nextSource[T]) Block(r *cml.Registration[Finished[T]]) {
	s := (*TaskSet[T])(src)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Place = s.mu.waiters.PushBack(r)
	s.settle()
}

// Withdraw implements cml.Source. Who is not there any more is being told.
func (src *nextSource[T]) Withdraw(r *cml.Registration[Finished[T]]) bool {
	s := (*TaskSet[T])(src)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, there := r.Place.(*list.Element)
	if there {
		s.mu.waiters.Remove(e)
		r.Place = nil
	}
	return there
}

// holders says which fibers may end such a wait.
func (src *nextSource[T]) holders(to []wait.Holder) []wait.Holder {
	s := (*TaskSet[T])(src)
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.mu.known {
		to = append(to, wait.Holder{Fiber: t.done.by.Load()}) // 0: one that is not known
	}
	if len(s.mu.known) < s.mu.alive {
		to = append(to, wait.Holder{})
	}
	return to
}

// Len returns how many tasks are left: those that have not ended, and those that Next has
// not returned yet.
func (s *TaskSet[T]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.alive + s.mu.finished.Len()
}

// Cancel cancels the contexts of all tasks, also of those that begin later.
func (s *TaskSet[T]) Cancel() { s.cancel(ErrTaskCancelled) }

// Close cancels all tasks and waits until none is alive. What they came to can still be
// asked for by Next.
func (s *TaskSet[T]) Close() {
	s.Cancel()
	f := new(future)
	s.mu.Lock()
	if s.mu.alive == 0 {
		s.mu.Unlock()
		return
	}
	s.mu.empty = append(s.mu.empty, f)
	s.mu.Unlock()
	f.await(wait.Group)
}
