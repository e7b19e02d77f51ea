package cml

import "unsafe"

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

// lock takes the lock of the channel and makes the word busy.
func (c *Chan[T]) lock() {
	if s := c.word.lock(); s != nil {
		moveIn[T](s, c)
	}
}

// occupy is S3. Under mu.
func (c *Chan[T]) occupy() {
	if s := c.seize(); s != nil {
		moveIn[T](s, c)
	}
}

// hint says who is in the queues. Under mu.
func (c *Chan[T]) hint() *entry {
	switch {
	case c.buf != nil:
		return busy
	case c.puts.first == nil && c.gets.first == nil:
		return nil
	case c.puts.first == nil:
		return busyGets
	case c.gets.first == nil:
		return busyPuts
	}
	return busy
}

func (c *Chan[T]) wait(o *offer[T]) {
	if !c.seat(o.at(sideOf(o.kind)), c.hint()) {
		o.enqueue(c, c.line(o))
		c.show(c.hint())
	}
}

func (c *Chan[T]) left(*wakes) { c.show(c.hint()) }

func (c *Chan[T]) meet(o *offer[T], ws *wakes) outcome {
	c.occupy()
	if o.kind == kindPut {
		return c.meetPut(o, ws)
	}
	return c.meetGet(o, ws)
}

func (c *Chan[T]) meetPut(o *offer[T], ws *wakes) outcome {
	if out := o.meetIn(&c.gets, ws); out != mustWait {
		return out
	}
	if c.n == len(c.buf) {
		return mustWait
	}
	if !o.claim(ws) {
		return tooLate
	}
	c.store(o.v)
	return met
}

func (c *Chan[T]) meetGet(o *offer[T], ws *wakes) outcome {
	if c.n == 0 {
		return o.meetIn(&c.puts, ws)
	}
	if !o.claim(ws) {
		return tooLate
	}
	o.v = c.take()
	c.refill(ws)
	return met
}
