package runtime

import (
	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The end of a fiber, for whoever has its handle.
//
// E1: the fiber that ends against who wants to know first.
//
//	The fiber sets ended, then looks for a future to complete. The other puts the future
//	there, then looks at ended. One of the two is first: either the fiber sees the
//	future, or the other that it has ended, and completes it himself. To complete
//	twice is harmless.
//
// Checked by: TestFiberDoneStress.

// GoFiber is Go that returns the handle of the new fiber: for its end, and its name.
func GoFiber(fn func()) *Fiber {
	if fn == nil {
		panic("fibers: GoFiber(nil): give it a function")
	}
	j := job{fn: fn, handle: new(Fiber)}
	if c := current(); c != nil {
		c.sched.spawn(&j)
		c.spawned()
		return j.handle
	}
	spawnAmbient(j)
	return j.handle
}

// Done reports whether the fiber has ended, however: its deferred functions have run.
func (f *Fiber) Done() bool { return f.ended.Load() }

// Wait waits until the fiber has ended, however it does: by its function's return, a
// panic that was handled, Goexit or the end of its runtime. What the fiber did happened
// before the return of Wait. Any number may wait. A fiber that waits for its own end waits
// until its runtime closes.
func (f *Fiber) Wait() { f.end().await(wait.Await) }

// DoneOp returns the operation that is ready when the fiber has ended: see Wait. It is
// joinEvt of Concurrent ML, and thread-dead-evt of Racket.
func (f *Fiber) DoneOp() cml.Op[cml.Unit] {
	return cml.FromSource[cml.Unit](f.end())
}

// end returns the future of the fiber's end.
func (f *Fiber) end() *future {
	d := f.done.Load()
	if d == nil {
		d = new(future)
		d.by.Store(f.id)
		if !f.done.CompareAndSwap(nil, d) { // E1
			d = f.done.Load()
		}
	}
	if f.ended.Load() {
		d.complete()
	}
	return d
}

// finish is called by the fiber at its end.
func (f *Fiber) finish() {
	f.ended.Store(true) // E1
	if d := f.done.Load(); d != nil {
		d.complete()
	}
}
