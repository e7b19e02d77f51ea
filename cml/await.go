package cml

import (
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// await does an operation on obj, and nothing else, without a
// performance. It returns the value received.
func await[T any](obj object[T], k kind, n int64, v T, why wait.Reason) T {
	if simhook.On() {
		pointAt(obj, k)
	}
	w, l := caller()
	o := loan[T](l)
	o.obj, o.kind, o.why, o.n, o.v = obj, k, why, n, v
	ws := &l.wakes
	mu := obj.mutex()
	mu.Lock()
	out := obj.meet(o, ws)
	if out != matched {
		o.w = w
		obj.line(o).push(o)
	}
	mu.Unlock()
	ws.flush(w)
	if out != matched {
		o.park(why)
		l = localOf(w) // L1
	}
	v = o.v
	repay(l, o)
	wait.Release(w)
	return v
}

// attempt does an operation on obj if that can be done now, and reports whether it did. It
// returns the value received.
func attempt[T any](obj object[T], k kind, v T) (_ T, ok bool) {
	w, l := caller()
	o := loan[T](l)
	o.obj, o.kind, o.v = obj, k, v
	ws := &l.wakes
	mu := obj.mutex()
	mu.Lock()
	ok = obj.meet(o, ws) == matched
	mu.Unlock()
	ws.flush(w)
	v = o.v
	repay(l, o)
	wait.Release(w)
	return v, ok
}

// park waits until o, a plain offer that is queued, is done. If the fiber has to
// end before that, it takes o back, and does.
func (o *offer[T]) park(why wait.Reason) {
	w := o.w
	watched := wait.Watched()
	if watched {
		w.At(o.obj, why)
	}
	for !o.done.Load() {
		if !w.Wait(why) || o.done.Load() {
			continue
		}
		l, mu := localOf(w), o.obj.mutex()
		mu.Lock()
		if o.queue == nil { // done, then
			mu.Unlock()
			continue
		}
		o.queue.remove(o)
		o.obj.left(&l.wakes)
		mu.Unlock()
		l.wakes.flush(w)
		repay(l, o)
		w.Exit()
	}
	if watched {
		w.At(nil, wait.None)
	}
}
