package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// Putting into a channel and getting from it without waiting: for who does nothing else, and
// for performances before they publish anything.

// TryPut is Put that does not wait: it reports whether v was taken, as it is if
// somebody waits for a value or the buffer has room.
func (c *Chan[T]) TryPut(v T) bool {
	if s := c.entry.Load(); (s == nil || s.side == putting) && !simhook.On() { // most often, and worth no call
		return false
	}
	return c.tryPutSlowly(v)
}

// tryPutSlowly is TryPut where there may be somebody.
func (c *Chan[T]) tryPutSlowly(v T) bool {
	if simhook.On() {
		simhook.Point("Chan.TryPut", unsafe.Pointer(c))
	}
	return c.putNow(v)
}

// putNow is TryPut without a word to a simulation.
func (c *Chan[T]) putNow(v T) bool {
	for {
		s := c.entry.Load()
		switch {
		case s == nil || s.side == putting:
			return false
		case s.offer == nil:
			return c.tryPut(v)
		case c.entry.CompareAndSwap(s, nil) && sendTo(offerAt[T](s), v): // S1
			return true
		}
	}
}

// TryGet is Get that does not wait: it reports whether there was a value.
func (c *Chan[T]) TryGet() (v T, ok bool) {
	if s := c.entry.Load(); (s == nil || s.side == getting) && !simhook.On() { // most often, and worth no call
		return v, false
	}
	return c.tryGetSlowly()
}

// tryGetSlowly is TryGet where there may be somebody.
func (c *Chan[T]) tryGetSlowly() (v T, ok bool) {
	if simhook.On() {
		simhook.Point("Chan.TryGet", unsafe.Pointer(c))
	}
	return c.getNow()
}

// getNow is TryGet without a word to a simulation.
func (c *Chan[T]) getNow() (v T, ok bool) {
	for {
		s := c.entry.Load()
		switch {
		case s == nil || s.side == getting:
			return v, false
		case s.offer == nil:
			return c.tryGet()
		case c.entry.CompareAndSwap(s, nil): // S1
			if v, ok = receiveFrom(offerAt[T](s)); ok {
				return v, true
			}
		}
	}
}

// tryPut is TryPut under the lock.
func (c *Chan[T]) tryPut(v T) bool {
	if s := c.word.lock(); s != nil {
		moveIn[T](s, c)
	}
	if c.gets.first != nil {
		return c.tryPutToGetter(v)
	}
	ok := c.n < len(c.buf)
	if ok {
		c.store(v)
	}
	if c.buf == nil {
		c.left(nil)
	}
	c.mu.Unlock()
	return ok
}

// tryPutToGetter is tryPut where there is a getter, which may be dead. It gives the
// lock back.
func (c *Chan[T]) tryPutToGetter(v T) bool {
	var ws wakes
	ok := false
	for q := c.gets.first; !ok && q != nil; q = c.gets.first {
		q.v = v
		ok = q.grant(&ws)
	}
	if !ok && c.n < len(c.buf) {
		c.store(v)
		ok = true
	}
	if c.buf == nil {
		c.left(nil)
	}
	c.mu.Unlock()
	ws.flush(nil)
	return ok
}

// tryGet is TryGet under the lock.
func (c *Chan[T]) tryGet() (v T, ok bool) {
	if s := c.word.lock(); s != nil {
		moveIn[T](s, c)
	}
	if c.puts.first != nil {
		return c.tryRelieve()
	}
	if ok = c.n > 0; ok {
		v = c.take()
	}
	if c.buf == nil {
		c.left(nil)
	}
	c.mu.Unlock()
	return v, ok
}

// tryRelieve is tryGet where there is a putter, which may be dead. It gives the
// lock back.
func (c *Chan[T]) tryRelieve() (v T, ok bool) {
	var ws wakes
	if c.n > 0 {
		v, ok = c.take(), true
		c.refill(&ws)
	}
	for q := c.puts.first; !ok && q != nil; q = c.puts.first {
		v = q.v // before the grant: W7
		ok = q.grant(&ws)
	}
	if c.buf == nil {
		c.left(nil)
	}
	c.mu.Unlock()
	ws.flush(nil)
	if !ok {
		clear1(&v)
	}
	return v, ok
}
