package runtime

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A future is something that happens once, for which fibers and goroutines wait. Why it is not
// a cml.Cond stands in docs/design/0011-own-waits.md.
type future struct {
	happened atomic.Bool      // under mu. Readers: any
	by       stdatomic.Uint64 // the fiber that is to make it happen, if that is known
	mu       struct {
		sync.Mutex
		line  line
		first awaiter // of a fiber or goroutine, as most have no more than one: see enter
	}
}

// complete makes it happen, and wakes all. What happened before complete
// happened before the return of every await.
func (f *future) complete() {
	f.mu.Lock()
	f.happened.Store(true)
	first := f.mu.line.take()
	f.mu.Unlock()
	first.wake()
}

// await waits until it has happened.
func (f *future) await(why wait.Reason) {
	if simhook.On() {
		simPoint("Task.Await", unsafe.Pointer(f))
	}
	if f.happened.Load() {
		return
	}
	w := wait.Current()
	f.wait(w, why, false)
	wait.Release(w)
}

// see is await for a fiber that stays until it has happened, though its runtime
// ends.
func (f *future) see(self *fiber) { f.wait(self, wait.Blocking, true) }

// wait waits until it has happened. If the runtime of w ends meanwhile, it ends w, unless that stays.
func (f *future) wait(w wait.Waiter, why wait.Reason, stays bool) {
	a := f.enter(w)
	if a == nil {
		return
	}
	watched := wait.Watched()
	if watched {
		w.At(f, why)
	}
	for !f.happened.Load() {
		if w.Wait(why) && !stays { // it ends though it may have happened meanwhile
			f.leave(a)
			w.Exit()
		}
	}
	if watched {
		w.At(nil, wait.None)
	}
}

// enter puts w in the line, unless it has happened: then it returns nil.
func (f *future) enter(w wait.Waiter) *awaiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.happened.Load() {
		return nil
	}
	a := &f.mu.first
	if a.queued {
		a = &awaiter{}
	}
	a.w = w
	f.mu.line.push(a)
	return a
}

// leave takes a out of the line, unless it has happened.
func (f *future) leave(a *awaiter) {
	f.mu.Lock()
	f.mu.line.remove(a)
	f.mu.Unlock()
}

// Waits tells what such a wait is for: the search for deadlocks knows who is to end it.
func (f *future) Waits() wait.Reason { return wait.Await }

// Try implements cml.Source.
func (f *future) Try() (u cml.Unit, ok bool) {
	if simhook.On() {
		simPoint("Task.Done", unsafe.Pointer(f))
	}
	return u, f.happened.Load()
}

// Block implements cml.Source.
func (f *future) Block(r *awaitRegistration) {
	f.mu.Lock()
	happened := f.happened.Load()
	if !happened {
		f.mu.line.register(r)
	}
	f.mu.Unlock()
	if happened {
		r.Commit(cml.Unit{})
	}
}

// Withdraw implements cml.Source. Who is not in the line any more is being told.
func (f *future) Withdraw(r *awaitRegistration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.line.withdraw(r)
}

// A line is those who wait for one thing, in the order in which they came. It is under
// the lock of what they wait for; who has taken all out of it wakes them without.
//
// Until an awaiter that has been taken out is woken, it must not be pushed again. A fiber or goroutine
// uses its own for one wait: once a future has happened it takes nobody in. The one of an operation stays with its
// registration, which is used again only if it was taken back, or committed: G1 in cml/source.go.
//
// Checked by: TestAwaitStress, TestAwaitOfThoseWhoAreEnded, TestAwaitOpStress.
type line struct{ first, last *awaiter }

// An awaiter is one who waits in a line.
type awaiter struct {
	prev, next *awaiter
	queued     bool               // in a line
	w          wait.Waiter        // who is to be unparked, or
	op         *awaitRegistration // the operation that is to be committed
}

type awaitRegistration = cml.Registration[cml.Unit]

// push adds a at the end.
func (l *line) push(a *awaiter) {
	a.queued, a.prev, a.next = true, l.last, nil
	if l.last == nil {
		l.first = a
	} else {
		l.last.next = a
	}
	l.last = a
}

// remove takes a out, and reports whether it was there.
func (l *line) remove(a *awaiter) bool {
	if !a.queued {
		return false
	}
	if a.prev == nil {
		l.first = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next == nil {
		l.last = a.prev
	} else {
		a.next.prev = a.prev
	}
	*a = awaiter{op: a.op}
	return true
}

// register adds an operation.
func (l *line) register(r *awaitRegistration) {
	a, ok := r.Place.(*awaiter)
	if !ok {
		a = &awaiter{op: r}
		r.Place = a
	}
	l.push(a)
}

// withdraw takes an operation out, and reports whether it was there.
func (l *line) withdraw(r *awaitRegistration) bool {
	a, ok := r.Place.(*awaiter)
	return ok && l.remove(a)
}

// take takes all out, and returns the first.
func (l *line) take() *awaiter {
	first := l.first
	for a := first; a != nil; a = a.next {
		a.queued = false
	}
	l.first, l.last = nil, nil
	return first
}

// wake wakes a, and those behind it, which have been taken out of a line.
func (a *awaiter) wake() {
	for a != nil {
		next, w := a.next, a.w // before a is woken: then it is its own again
		a.prev, a.next, a.w = nil, nil, nil
		if a.op != nil {
			a.op.Commit(cml.Unit{})
		} else {
			w.Unpark()
		}
		a = next
	}
}
