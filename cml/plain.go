package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// Plain parties of a channel: those that wait for nothing else, without a performance, and
// what they wait by.
// Put and Get each wait in their own frame, with the same lines: as in Perform, a switch below one more
// return costs more (docs/design/0006-channel-word.md).

// Put hands v to a getter, or to the buffer, waiting until it is taken.
func (c *Chan[T]) Put(v T) {
	if simhook.On() {
		simhook.Point("Chan.Put", unsafe.Pointer(c))
	}
	for s := c.entry.Load(); s != nil && s.side != putting; s = c.entry.Load() {
		if s.offer == nil {
			if c.tryPut(v) {
				return
			}
			break
		}
		if c.entry.CompareAndSwap(s, nil) && sendTo(offerAt[T](s), v) { // S1
			return
		}
	}
	w, o := plainOffer[T](kindPut)
	o.v, o.w = v, w
	if c.entry.CompareAndSwap(nil, &o.putting) || !c.enter(o) { // S2
		watched := wait.Watched()
		if watched {
			w.At(&c.word, wait.ChanPut)
		}
		for !o.done.Load() {
			slot := w.Leave(wait.ChanPut)
			if slot != nil {
				slot.Swap()
			}
			served, ending := w.Arrive(slot)
			if served {
				break
			}
			if ending && !o.done.Load() {
				c.ended(o)
			}
		}
		o.settle()
		if watched {
			w.At(nil, wait.None)
		}
	}
	clear1(&o.v)
	wait.Release(w)
}

// Get returns the next value, waiting for one.
func (c *Chan[T]) Get() T {
	if simhook.On() {
		simhook.Point("Chan.Get", unsafe.Pointer(c))
	}
	for s := c.entry.Load(); s != nil && s.side != getting; s = c.entry.Load() {
		if s.offer == nil {
			if v, ok := c.tryGet(); ok {
				return v
			}
			break
		}
		if c.entry.CompareAndSwap(s, nil) { // S1
			if v, ok := receiveFrom(offerAt[T](s)); ok {
				return v
			}
		}
	}
	w, o := plainOffer[T](kindGet)
	o.w = w
	if c.entry.CompareAndSwap(nil, &o.getting) || !c.enter(o) { // S2
		watched := wait.Watched()
		if watched {
			w.At(&c.word, wait.ChanGet)
		}
		for !o.done.Load() {
			slot := w.Leave(wait.ChanGet)
			if slot != nil {
				slot.Swap()
			}
			served, ending := w.Arrive(slot)
			if served {
				break
			}
			if ending && !o.done.Load() {
				c.ended(o)
			}
		}
		o.settle()
		if watched {
			w.At(nil, wait.None)
		}
	}
	v := o.v
	clear1(&o.v)
	wait.Release(w)
	return v
}

// plainOffer returns the calling fiber or goroutine, which must be given back by
// wait.Release, and the offer by which it waits in channels of T without a choice: for a
// put or a get, as kind says. It is kept, and never in use twice: no user code runs
// meanwhile.
func plainOffer[T any](k kind) (wait.Waiter, *offer[T]) {
	w, place := wait.Caller()
	o, ok := (*place).(*offer[T])
	if !ok {
		o = changePlainOffer[T](w, place)
	}
	o.kind = k
	return w, o
}

// changePlainOffer gives back the offer in place, which is of another type or not there, and
// puts another one there.
//
//go:noinline
func changePlainOffer[T any](w wait.Waiter, place *any) *offer[T] {
	l := localOf(w)
	if other, ok := (*place).(retractor); ok {
		other.dismiss(l)
	}
	spares := sparesOf[offer[T]](l)
	spares.foresee()
	o := spares.get()
	*place = o
	return o
}

// enter lets o, a plain party, meet a partner under the lock, or wait. It reports
// whether it is done.
func (c *Chan[T]) enter(o *offer[T]) bool {
	var ws wakes
	c.lock()
	done := false
	if o.kind == kindPut {
		done = c.meetPut(o, &ws) == met
	} else {
		done = c.meetGet(o, &ws) == met
	}
	if done {
		c.left(nil)
	} else {
		c.wait(o)
	}
	c.mu.Unlock()
	ws.flush(nil)
	return done
}

// ended sees to o, a plain party whose fiber has to end: S4. It returns if o is
// done, or about to be.
func (c *Chan[T]) ended(o *offer[T]) {
	if !c.entry.CompareAndSwap(o.at(sideOf(o.kind)), nil) {
		c.mu.Lock()
		queued := o.queue != nil
		if queued {
			o.queue.remove(o)
			c.left(nil)
		}
		c.mu.Unlock()
		if !queued {
			return
		}
	}
	clear1(&o.v)
	o.moved, o.obj = false, nil
	o.w.Exit()
}
