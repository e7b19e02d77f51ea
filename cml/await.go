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
	mu := obj.mutex()
	if mu.Lock() {
		l = localOf(w) // L1
	}
	ws := &l.wakes
	out := obj.meet(o, ws)
	if out != met {
		o.w = w
		obj.line(o).push(o)
	}
	mu.Unlock()
	ws.flush(w)
	if out != met {
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
	mu := obj.mutex()
	if mu.Lock() {
		l = localOf(w) // L1
	}
	ws := &l.wakes
	ok = obj.meet(o, ws) == met
	mu.Unlock()
	ws.flush(w)
	v = o.v
	repay(l, o)
	wait.Release(w)
	return v, ok
}
