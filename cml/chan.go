package cml

import (
	"fmt"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Chan carries values from those who put to those who get. Any number of
// fibers and goroutines may use one, on either side. NewChan and NewBuffered make
// one. A nil *Chan is of no use: where Go would have one in a select, take Never.
//
// A rendezvous channel has no room: a put and a get happen together, or not at
// all. A buffered one takes up to n values that nobody has got yet. Those who
// wait are served in the order in which they came. A put
// synchronizes before the return of the get that receives its value; on a rendezvous
// channel the get synchronizes before the return of the put, and on one with room for
// n, the k-th get synchronizes before the return of the (k+n)-th put.
//
// There is no close: see Queue, and Cond beside a channel in a Choice.
type Chan[T any] struct {
	word // see entry.go

	// Under mu. On no channel do a live put and a live get of two different
	// performances wait at once: whoever comes second meets the first (the scan
	// and the enqueueing are one critical section).
	puts, gets queue[T]
	buf        []T // a ring; nil on a rendezvous channel
	head, n    int // its first value and how many there are

	get chanGet[T] // what GetOp returns; constant
}

// NewChan returns a rendezvous channel.
func NewChan[T any]() *Chan[T] {
	c := &Chan[T]{}
	c.get = c.newGet()
	return c
}

// NewBuffered returns a channel with room for n values.
func NewBuffered[T any](n int) *Chan[T] {
	if n < 1 {
		panic("cml: NewBuffered with no room: use NewChan for a rendezvous")
	}
	c := &Chan[T]{buf: room[T](n)}
	c.get = c.newGet()
	c.entry.Store(busy) // for ever: the entry is for rendezvous
	return c
}

// room returns a buffer for n values.
func room[T any](n int) []T {
	made := false
	defer func() {
		if !made {
			panic(fmt.Sprintf("cml: NewBuffered(%d): no memory is that large; a Queue of capacity 0 grows as it must", n))
		}
	}()
	buf := make([]T, n)
	made = true
	return buf
}

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
			served, ending := w.WaitServed(wait.ChanPut)
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
			served, ending := w.WaitServed(wait.ChanGet)
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
	c.lock()
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
	c.lock()
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

// PutOp is Put as an op.
//
//go:noinline
func (c *Chan[T]) PutOp(v T) Op[Unit] {
	op := &chanPut[T]{head: head{leaves: 1, word: &c.word, side: putting, typ: typeOf[T]()}, v: v}
	op.from = unsafe.Pointer(&op.v)
	return op
}

// GetOp is Get as an op. It allocates nothing.
func (c *Chan[T]) GetOp() Op[T] {
	if c.get.leaves == 0 {
		return c.zeroGetOp()
	}
	return &c.get
}

// zeroGetOp is GetOp of a zero Chan.
//
//go:noinline
func (c *Chan[T]) zeroGetOp() Op[T] {
	get := c.newGet()
	return &get
}

func (c *Chan[T]) newGet() chanGet[T] {
	return chanGet[T]{head{leaves: 1, word: &c.word, side: getting, typ: typeOf[T]()}}
}

// chanOf returns the channel of a head: a Chan begins with its word.
func chanOf[T any](h *head) *Chan[T] { return (*Chan[T])(unsafe.Pointer(h.word)) }

type chanPut[T any] struct {
	head
	v T
}

func (op *chanPut[T]) about() *head                     { return &op.head }
func (op *chanPut[T]) force(*performance, int) Op[Unit] { return op }
func (op *chanPut[T]) publish(p *performance, i int) bool {
	return publishAt[T](p, &op.head, i, chanOf[T](&op.head))
}
func (op *chanPut[T]) result(p *performance, _ int) (u Unit) {
	settleAt[T](p)
	p.finish(p.index)
	return u
}

func (op *chanPut[T]) try(p *performance, i int) (u Unit, ok bool) {
	if ok = chanOf[T](&op.head).putNow(op.v); ok && p != nil {
		p.finish(i)
	}
	return u, ok
}

type chanGet[T any] struct{ head }

func (op *chanGet[T]) about() *head                  { return &op.head }
func (op *chanGet[T]) force(*performance, int) Op[T] { return op }
func (op *chanGet[T]) publish(p *performance, i int) bool {
	return publishAt[T](p, &op.head, i, chanOf[T](&op.head))
}

func (op *chanGet[T]) result(p *performance, _ int) T {
	v := settleAt[T](p)
	p.finish(p.index)
	return v
}

func (op *chanGet[T]) try(p *performance, i int) (v T, ok bool) {
	if v, ok = chanOf[T](&op.head).getNow(); ok && p != nil {
		p.finish(i)
	}
	return v, ok
}

func (c *Chan[T]) simulatedName(k kind) string { return putOrGet(k, "Chan.Put", "Chan.Get") }
func (c *Chan[T]) mutex() *lock                { return &c.mu }

func (c *Chan[T]) line(o *offer[T]) *queue[T] {
	if o.kind == kindPut {
		return &c.puts
	}
	return &c.gets
}

func (c *Chan[T]) meet(o *offer[T], ws *wakes) outcome {
	c.occupy()
	if o.kind == kindPut {
		return c.meetPut(o, ws)
	}
	return c.meetGet(o, ws)
}

func (c *Chan[T]) meetPut(o *offer[T], ws *wakes) outcome {
	if out := o.meetIn(&c.gets, ws); out != none {
		return out
	}
	if c.n == len(c.buf) {
		return none
	}
	if !o.claim(ws) {
		return over
	}
	c.store(o.v)
	return matched
}

func (c *Chan[T]) meetGet(o *offer[T], ws *wakes) outcome {
	if c.n == 0 {
		return o.meetIn(&c.puts, ws)
	}
	if !o.claim(ws) {
		return over
	}
	o.v = c.take()
	c.refill(ws)
	return matched
}

// refill lets putters that wait fill the room that there is.
func (c *Chan[T]) refill(ws *wakes) {
	for q := c.puts.first; q != nil && c.n < len(c.buf); q = c.puts.first {
		v := q.v // before the grant: W7
		if q.grant(ws) {
			c.store(v)
		}
	}
}

// store puts v in the buffer, where there is room.
func (c *Chan[T]) store(v T) {
	i := c.head + c.n
	if i >= len(c.buf) {
		i -= len(c.buf)
	}
	c.buf[i] = v
	c.n++
}

// take takes the first value of the buffer, in which there is one.
func (c *Chan[T]) take() T {
	v := c.buf[c.head]
	clear1(&c.buf[c.head])
	c.n--
	if c.head++; c.head == len(c.buf) {
		c.head = 0
	}
	return v
}
