package cml

import (
	"errors"
	"iter"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// ErrClosed is what operations on a Queue, or a BoundedMulticast, report that was closed without a
// reason.
var ErrClosed = errors.New("cml: queue closed")

// A Queue is a first-in first-out buffer that can be closed. What is in it when
// it is closed is still delivered; after that everybody gets the reason. NewQueue
// makes one, NewRendezvous one without room, NewSliding one that drops what is oldest. A
// put synchronizes before the return of the get that receives its value, and Close
// before the return of those that report the reason.
type Queue[T any] struct {
	capacity int  // 0: no bound
	meets    bool // a rendezvous: who puts waits for who gets; constant
	slides   bool // a put into a full one drops the oldest; constant

	mu         lock
	buf        []T            // under mu: a ring
	head, n    int            // under mu: its first value and how many there are
	puts, gets queue[Item[T]] // under mu; puts only while full, gets only while empty
	reason     error          // under mu; not nil: closed
	dropped    uint64         // under mu
}

// An Item is what a get from a Queue comes to: a value, or the reason why there
// will be none.
type Item[T any] struct {
	Value T
	Err   error
}

// NewQueue returns a queue with room for capacity values; 0 means that there is
// no bound.
func NewQueue[T any](capacity int) *Queue[T] {
	if capacity < 0 {
		panic("cml: NewQueue with a negative capacity: 0 is for no bound")
	}
	return &Queue[T]{capacity: capacity}
}

// NewRendezvous returns a queue without room: each Put waits until a Get takes its value,
// as on a Chan, and it can be closed, as a Chan can not. Puts that wait when it is closed
// report the reason: nobody has got their values.
func NewRendezvous[T any]() *Queue[T] { return &Queue[T]{meets: true} }

// NewSliding returns a queue with room for capacity values that drops the oldest to make
// room for one that is put: Put never waits. With a capacity of 1 it is conflated: whoever
// gets has the latest.
func NewSliding[T any](capacity int) *Queue[T] {
	if capacity < 1 {
		panic("cml: NewSliding without room: the capacity is at least 1")
	}
	return &Queue[T]{capacity: capacity, slides: true}
}

// Put adds v at the end, waiting for room if there is a bound. Once the queue is
// closed, also while Put waits, v is not added and Put returns the reason.
func (q *Queue[T]) Put(v T) error {
	return await[Item[T]](q, kindPut, 0, Item[T]{Value: v}, wait.QueuePut).Err
}

// PutOp is Put as an op.
//
//go:noinline
func (q *Queue[T]) PutOp(v T) Op[error] {
	return &queuePut[T]{objectOp[Item[T]]{obj: q, kind: kindPut, why: wait.QueuePut, v: Item[T]{Value: v}}}
}

// Get takes the first value, waiting for one. If the queue is closed and empty
// it returns the reason.
func (q *Queue[T]) Get() (T, error) {
	it := await[Item[T]](q, kindGet, 0, Item[T]{}, wait.QueueGet)
	return it.Value, it.Err
}

// GetOp is Get as an op.
//
//go:noinline
func (q *Queue[T]) GetOp() Op[Item[T]] {
	return &objectOp[Item[T]]{obj: q, kind: kindGet, why: wait.QueueGet}
}

// TryPut is Put that does not wait: it reports whether v was added, which it is not if
// the queue is full or closed, or nobody waits for it at a rendezvous. (Poll of a PutOp
// tells the two apart.)
func (q *Queue[T]) TryPut(v T) bool {
	if simhook.On() {
		simhook.Point("Queue.TryPut", unsafe.Pointer(q))
	}
	if q.meets {
		it, ok := attempt(q, kindPut, Item[T]{Value: v})
		return ok && it.Err == nil
	}
	var ws wakes // without an offer: that costs six times as much
	q.mu.Lock()
	ok := q.reason == nil && (q.slides || !q.full())
	if ok {
		q.enter(v, &ws)
	}
	q.mu.Unlock()
	ws.flush(nil)
	return ok
}

// TryGet is Get that does not wait: it reports whether there was a value. (Poll of a
// GetOp tells a queue that is closed from one that is empty.)
func (q *Queue[T]) TryGet() (v T, ok bool) {
	if simhook.On() {
		simhook.Point("Queue.TryGet", unsafe.Pointer(q))
	}
	if q.meets {
		it, ok := attempt(q, kindGet, Item[T]{})
		return it.Value, ok && it.Err == nil
	}
	var ws wakes
	q.mu.Lock()
	if ok = q.n > 0; ok {
		v = q.next(&ws)
	}
	q.mu.Unlock()
	ws.flush(nil)
	return v, ok
}

// GetMany waits for a value and returns it with those that are behind it, most in all at most.
// If the queue is closed and empty it returns the reason.
func (q *Queue[T]) GetMany(most int) ([]T, error) {
	q.checkMost(most)
	b := q.more(most, await[Item[T]](q, kindGet, 0, Item[T]{}, wait.QueueGet))
	return b.Values, b.Err
}

// GetManyOp is GetMany as an op. What is behind the first value is taken after the commit.
//
//go:noinline
func (q *Queue[T]) GetManyOp(most int) Op[Batch[T]] {
	q.checkMost(most)
	return Wrap(q.GetOp(), func(it Item[T]) Batch[T] { return q.more(most, it) })
}

// A Batch is what a GetManyOp comes to: values, at least one, or the reason why there will
// be none.
type Batch[T any] struct {
	Values []T
	Err    error
}

func (q *Queue[T]) checkMost(most int) {
	if most < 1 {
		panic("cml: Queue.GetMany of fewer than one value")
	}
}

// more returns the first value with those behind it.
func (q *Queue[T]) more(most int, first Item[T]) Batch[T] {
	if first.Err != nil {
		return Batch[T]{Err: first.Err}
	}
	b := Batch[T]{Values: []T{first.Value}}
	if q.meets { // those who put are met one by one
		for len(b.Values) < most {
			it, ok := attempt(q, kindGet, Item[T]{})
			if !ok || it.Err != nil {
				break
			}
			b.Values = append(b.Values, it.Value)
		}
		return b
	}
	var ws wakes
	q.mu.Lock()
	for len(b.Values) < most && q.n > 0 {
		b.Values = append(b.Values, q.next(&ws))
	}
	q.mu.Unlock()
	ws.flush(nil)
	return b
}

// Close ends the queue: nothing can be added any more, and those who wait to put
// get the reason at once, those who get when it is empty. A nil reason stands
// for ErrClosed. Only the first Close counts.
func (q *Queue[T]) Close(reason error) {
	if reason == nil {
		reason = ErrClosed
	}
	if simhook.On() {
		simhook.Point("Queue.Close", unsafe.Pointer(q))
	}
	var ws wakes
	q.mu.Lock()
	if q.reason == nil {
		q.reason = reason
		refuse(&q.puts, reason, &ws)
		refuse(&q.gets, reason, &ws)
	}
	q.mu.Unlock()
	ws.flush(nil)
}

// All returns the values of the queue as they come, until it is closed and empty.
// Values that others get are not among them.
func (q *Queue[T]) All() iter.Seq[T] { return untilErr[T](q) }

// untilErr returns what from gives until it fails. (Not a method value: what the compiler
// writes for that hides from a simulation where the loop is.)
func untilErr[T any](from interface{ Get() (T, error) }) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			v, err := from.Get()
			if err != nil || !yield(v) {
				return
			}
		}
	}
}

// Len returns how many values are in the queue. It may have changed by the time
// it is known.
func (q *Queue[T]) Len() int {
	if simhook.On() {
		simhook.Point("Queue.Len", unsafe.Pointer(q))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n
}

// Cap returns how many values the queue has room for: 0 at a rendezvous, and −1 if there is
// no bound.
func (q *Queue[T]) Cap() int {
	if q.capacity == 0 && !q.meets {
		return -1
	}
	return q.capacity
}

// Dropped returns how many values a sliding queue has dropped so far.
func (q *Queue[T]) Dropped() uint64 {
	if simhook.On() {
		simhook.Point("Queue.Dropped", unsafe.Pointer(q))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

func (q *Queue[T]) simulatedName(k kind) string { return putOrGet(k, "Queue.Put", "Queue.Get") }
func (q *Queue[T]) mutex() *lock                { return &q.mu }
func (q *Queue[T]) left(*wakes)                 {}

func (q *Queue[T]) line(o *offer[Item[T]]) *queue[Item[T]] {
	if o.kind == kindPut {
		return &q.puts
	}
	return &q.gets
}

func (q *Queue[T]) meet(o *offer[Item[T]], ws *wakes) outcome {
	switch put := o.kind == kindPut; {
	case q.meets && q.reason == nil && put:
		return o.meetIn(&q.gets, ws)
	case q.meets && q.reason == nil:
		return o.meetIn(&q.puts, ws)
	case put && q.reason == nil && q.full() && !q.slides:
		return mustWait
	case !put && q.reason == nil && q.n == 0:
		return mustWait
	case !o.claim(ws):
		return tooLate
	case put && q.reason != nil, !put && q.n == 0:
		o.v = Item[T]{Err: q.reason}
	case put:
		v := o.v.Value
		o.v = Item[T]{}
		q.enter(v, ws)
	default:
		o.v = Item[T]{Value: q.next(ws)}
	}
	return met
}

func (q *Queue[T]) full() bool { return q.capacity > 0 && q.n == q.capacity }

// next takes the first value, which there is, and lets one who waits put another.
func (q *Queue[T]) next(ws *wakes) T {
	first := q.take()
	for p := q.puts.first; p != nil && q.n < q.capacity; p = q.puts.first {
		v := p.v.Value // before the grant: W7
		p.v = Item[T]{}
		if p.grant(ws) {
			q.store(v)
		}
	}
	return first
}

// enter adds v, for which there is room, or is made.
func (q *Queue[T]) enter(v T, ws *wakes) {
	if q.full() {
		q.take()
		q.dropped++
	}
	q.add(v, ws)
}

// add gives v to the first who waits for one, or stores it.
func (q *Queue[T]) add(v T, ws *wakes) {
	for g := q.gets.first; g != nil; g = q.gets.first {
		g.v.Value = v
		if g.grant(ws) {
			return
		}
	}
	q.store(v)
}

func (q *Queue[T]) store(v T) {
	if q.n == len(q.buf) {
		buf := make([]T, max(8, 2*q.n))
		k := copy(buf, q.buf[q.head:])
		copy(buf[k:], q.buf[:q.head])
		q.buf, q.head = buf, 0
	}
	i := q.head + q.n
	if i >= len(q.buf) {
		i -= len(q.buf)
	}
	q.buf[i] = v
	q.n++
}

// keptWhenEmpty is the most room that an empty queue keeps.
const keptWhenEmpty = 1024

func (q *Queue[T]) take() T {
	v := q.buf[q.head]
	clear1(&q.buf[q.head])
	if q.head++; q.head == len(q.buf) {
		q.head = 0
	}
	if q.n--; q.n == 0 && len(q.buf) > keptWhenEmpty {
		q.buf, q.head = nil, 0
	}
	return v
}

// refuse grants all who wait in line the reason why they get nothing.
func refuse[T any](line *queue[Item[T]], reason error, ws *wakes) {
	for o := line.first; o != nil; o = line.first {
		o.v = Item[T]{Err: reason}
		o.grant(ws)
	}
}

// queuePut presents the outcome of a put as an error.
type queuePut[T any] struct{ objectOp[Item[T]] }

func (op *queuePut[T]) force(*performance, int) Op[error] { return op }

func (op *queuePut[T]) try(p *performance, base int) (error, bool) {
	it, ok := op.objectOp.try(p, base)
	return it.Err, ok
}

func (op *queuePut[T]) result(p *performance, index int) error {
	return op.objectOp.result(p, index).Err
}
