package cml

import (
	"errors"
	"iter"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A LagPolicy says what becomes of the values of a BoundedMulticast that a port has not got when
// it is as many behind as there is room for, and one more is published.
type LagPolicy uint8

const (
	// DropOldest has the port miss the oldest of them: see Missed.
	DropOldest LagPolicy = iota + 1
	// DropReader ends the subscription: from then on the port gets ErrLagged.
	DropReader
	// WaitForReader has Publish wait until the port has got one, or is closed.
	WaitForReader
)

// ErrLagged is what a port of a BoundedMulticast with DropReader reports when it has been
// too far behind.
var ErrLagged = errors.New("cml: reader dropped: it was too far behind")

// A BoundedMulticast is a Multicast that keeps a number of values at most, for readers that may be slow, and
// that can be closed. What is not got in time is dealt with by its policy; the fast ports
// get every value whatever the slow ones do, but later with WaitForReader. Publish
// synchronizes before the return of each Get of its value, and Close before the return of
// those that report the reason. NewBoundedMulticast makes
// one; the zero value is none, and its methods panic.
//
// The values lie in one ring, from begin to end, and each port knows the number of its next. The
// ring counts how many ports stand at each place: so what all are past is dropped at
// once, and a port that is left behind need not be found. It finds out itself, by its
// number, which is less than begin then. With DropOldest it is counted at begin meanwhile,
// with DropReader nowhere. Only a port that has got everything can have waiting gets;
// those that have are in a list.
//
// Checked by: TestBoundedMulticastModel, TestBoundedMulticastStress.
type BoundedMulticast[T any] struct {
	room int       // constant
	lag  LagPolicy // constant

	mu         lock
	ring       []shelf[T]      // under mu: end-begin+1 places of it are used, the last one has no value
	head       int             // under mu: where begin is in the ring
	begin, end uint64          // under mu: numbers of the first value kept, and of the next to come
	publishers queue[Item[T]]  // under mu: only while full, and with WaitForReader
	current    *BoundedPort[T] // under mu: a list of the ports that have got everything
	reason     error           // under mu; not nil: closed
}

// A shelf is a place of the ring.
type shelf[T any] struct {
	v     T
	ports int // whose next value this is
}

// NewBoundedMulticast returns a BoundedMulticast without ports that keeps room values for those who
// have not got them, at least one.
func NewBoundedMulticast[T any](room int, lag LagPolicy) *BoundedMulticast[T] {
	if room < 1 {
		panic("cml: NewBoundedMulticast without room: it is at least 1")
	}
	if lag < DropOldest || lag > WaitForReader {
		panic("cml: NewBoundedMulticast without a policy: give it DropOldest, DropReader or WaitForReader")
	}
	return &BoundedMulticast[T]{room: room, lag: lag, ring: make([]shelf[T], min(room, 7)+1)}
}

// Publish sends v to every port that there is now. With WaitForReader it waits while a port is too
// far behind. Once m is closed, also while Publish waits, v is not sent and Publish
// returns the reason.
func (m *BoundedMulticast[T]) Publish(v T) error {
	m.check("Publish")
	if m.lag == WaitForReader {
		return await[Item[T]](m, kindPut, 0, Item[T]{Value: v}, wait.Publish).Err
	}
	if simhook.On() {
		simhook.Point("BoundedMulticast.Publish", unsafe.Pointer(m))
	}
	var ws wakes // it need not wait: without an offer
	m.mu.Lock()
	err := m.reason
	if err == nil {
		m.send(v, &ws)
	}
	m.mu.Unlock()
	ws.flush(nil)
	return err
}

// PublishOp is Publish as an op.
//
//go:noinline
func (m *BoundedMulticast[T]) PublishOp(v T) Op[error] {
	m.check("PublishOp")
	return &queuePut[T]{objectOp[Item[T]]{obj: m, kind: kindPut, why: wait.Publish, v: Item[T]{Value: v}}}
}

// Subscribe returns a port that gets what is published from now on.
func (m *BoundedMulticast[T]) Subscribe() *BoundedPort[T] {
	m.check("Subscribe")
	if simhook.On() {
		simhook.Point("BoundedMulticast.Subscribe", unsafe.Pointer(m))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &BoundedPort[T]{m: m, next: m.end}
	p.stand()
	return p
}

// Close ends m: nothing can be published any more, and those who wait to publish get the reason at
// once, ports when they have got what was published before. A nil reason stands for ErrClosed.
// Only the first Close counts.
func (m *BoundedMulticast[T]) Close(reason error) {
	m.check("Close")
	if reason == nil {
		reason = ErrClosed
	}
	if simhook.On() {
		simhook.Point("BoundedMulticast.Close", unsafe.Pointer(m))
	}
	var ws wakes
	m.mu.Lock()
	if m.reason == nil {
		m.reason = reason
		refuse(&m.publishers, reason, &ws)
		for p := m.current; p != nil; p = p.after {
			refuse(&p.gets, reason, &ws)
		}
	}
	m.mu.Unlock()
	ws.flush(nil)
}

func (m *BoundedMulticast[T]) check(what string) {
	if m.room < 1 {
		panic("cml: " + what + " of a BoundedMulticast that is none: make it with NewBoundedMulticast")
	}
}

func (m *BoundedMulticast[T]) mutex() *lock                         { return &m.mu }
func (m *BoundedMulticast[T]) line(*offer[Item[T]]) *queue[Item[T]] { return &m.publishers }
func (m *BoundedMulticast[T]) left(*wakes)                          {}
func (m *BoundedMulticast[T]) simulatedName(kind) string            { return "BoundedMulticast.Publish" }

// meet publishes the value of o.
func (m *BoundedMulticast[T]) meet(o *offer[Item[T]], ws *wakes) outcome {
	switch {
	case m.reason == nil && m.lag == WaitForReader && m.full():
		return mustWait
	case !o.claim(ws):
		return tooLate
	case m.reason != nil:
		o.v = Item[T]{Err: m.reason}
	default:
		v := o.v.Value
		o.v = Item[T]{}
		m.send(v, ws)
	}
	return met
}

func (m *BoundedMulticast[T]) full() bool { return m.end-m.begin == uint64(m.room) }

// at returns the place of a number from begin to end.
func (m *BoundedMulticast[T]) at(number uint64) *shelf[T] {
	i := m.head + int(number-m.begin)
	if i >= len(m.ring) {
		i -= len(m.ring)
	}
	return &m.ring[i]
}

// send adds v and hands it to those who wait. If m is full the policy is one that drops.
func (m *BoundedMulticast[T]) send(v T, ws *wakes) {
	if m.full() {
		behind := m.at(m.begin).ports
		m.forget()
		if m.lag == DropOldest {
			m.at(m.begin).ports += behind
		}
	}
	if used := int(m.end-m.begin) + 1; used == len(m.ring) {
		ring := make([]shelf[T], min(2*used-1, m.room)+1)
		k := copy(ring, m.ring[m.head:])
		copy(ring[k:], m.ring[:m.head])
		m.ring, m.head = ring, 0
	}
	m.at(m.end).v = v
	m.end++
	p := m.current // the places of those that have got everything
	m.current = nil
	for p != nil {
		q := p
		p, q.before, q.after = p.after, nil, nil
		q.listed = false
		for g := q.gets.first; g != nil; g = q.gets.first {
			g.v.Value = v
			if g.grant(ws) {
				q.move(m.end)
				break
			}
		}
	}
	m.trim()
}

// forget drops the first value.
func (m *BoundedMulticast[T]) forget() {
	*m.at(m.begin) = shelf[T]{}
	m.begin++
	if m.head++; m.head == len(m.ring) {
		m.head = 0
	}
}

// trim drops the values that all ports are past.
func (m *BoundedMulticast[T]) trim() {
	for m.begin < m.end && m.at(m.begin).ports == 0 {
		m.forget()
	}
}

// advance drops what all are past, and lets those publish who wait for room.
func (m *BoundedMulticast[T]) advance(ws *wakes) {
	m.trim()
	for o := m.publishers.first; o != nil && !m.full(); o = m.publishers.first {
		v := o.v.Value // before the grant: W7
		o.v = Item[T]{}
		if o.grant(ws) {
			m.send(v, ws)
		}
	}
}

// A BoundedPort gets the values of a BoundedMulticast, in order. Subscribe and Copy make one. If several
// parties use one port, each value goes to one of them. One that is used no more should be
// closed: with WaitForReader those who publish wait for it.
type BoundedPort[T any] struct {
	m *BoundedMulticast[T]

	// All under m.mu.
	next          uint64         // the number of the next value; if it is not kept any more, it was too slow
	missed        uint64         // how many were lost before the value got last
	closed        bool           // by Close
	gets          queue[Item[T]] // only while it has got everything
	listed        bool           // in m.current
	before, after *BoundedPort[T]
}

// Get returns the next value, waiting for one. When there will be none it returns the reason: that of
// the Close of the BoundedMulticast, ErrClosed if p itself is closed, also meanwhile, or
// ErrLagged.
func (p *BoundedPort[T]) Get() (T, error) {
	p.check("Get")
	it := await[Item[T]](p, kindGet, 0, Item[T]{}, wait.Port)
	return it.Value, it.Err
}

// GetOp is Get as an op.
//
//go:noinline
func (p *BoundedPort[T]) GetOp() Op[Item[T]] {
	p.check("GetOp")
	return &objectOp[Item[T]]{obj: p, kind: kindGet, why: wait.Port}
}

// All returns the values as they come, until there will be none. Values that others get
// from the same port are not among them.
func (p *BoundedPort[T]) All() iter.Seq[T] { return untilErr[T](p) }

// Missed returns how many values p has missed so far: of those that were published before the one that
// it got last, or before the reason that it got. With a policy other than DropOldest there are none.
func (p *BoundedPort[T]) Missed() uint64 {
	p.enter("Missed")
	defer p.m.mu.Unlock()
	return p.missed
}

// Len returns how many values there are that p has not got. It may have changed by the time
// it is known.
func (p *BoundedPort[T]) Len() int {
	p.enter("Len")
	defer p.m.mu.Unlock()
	if p.closed || p.dropped() {
		return 0
	}
	return int(p.m.end - max(p.next, p.m.begin))
}

// Copy returns another port that gets what p would get from now on. Of a closed port it is
// closed, too.
func (p *BoundedPort[T]) Copy() *BoundedPort[T] {
	p.enter("Copy")
	defer p.m.mu.Unlock()
	c := &BoundedPort[T]{m: p.m, next: p.next, closed: p.closed}
	if !c.closed && !c.dropped() {
		c.stand()
	}
	return c
}

// Close ends the subscription: the values not yet got are dropped. Those who wait at the
// port, and those who come, get ErrClosed.
func (p *BoundedPort[T]) Close() {
	p.enter("Close")
	var ws wakes
	if !p.closed {
		p.closed = true
		if !p.dropped() {
			p.leave()
		}
		refuse(&p.gets, ErrClosed, &ws)
		p.m.advance(&ws)
	}
	p.m.mu.Unlock()
	ws.flush(nil)
}

func (p *BoundedPort[T]) check(what string) {
	if p.m == nil {
		panic("cml: " + what + " of a BoundedPort that is none: Subscribe to a BoundedMulticast")
	}
}

// enter locks p for the method what.
func (p *BoundedPort[T]) enter(what string) {
	p.check(what)
	if simhook.On() {
		simhook.Point("BoundedPort."+what, unsafe.Pointer(p))
	}
	p.m.mu.Lock()
}

// dropped reports whether p has lost its subscription.
func (p *BoundedPort[T]) dropped() bool { return p.m.lag == DropReader && p.next < p.m.begin }

// stand counts p where it is.
func (p *BoundedPort[T]) stand() {
	m := p.m
	m.at(max(p.next, m.begin)).ports++
	if p.next != m.end {
		return
	}
	p.listed, p.before, p.after = true, nil, m.current
	if m.current != nil {
		m.current.before = p
	}
	m.current = p
}

// move counts p, which has not been dropped, at another place.
func (p *BoundedPort[T]) move(next uint64) {
	p.leave()
	p.next = next
	p.stand()
}

// leave undoes stand.
func (p *BoundedPort[T]) leave() {
	p.m.at(max(p.next, p.m.begin)).ports--
	if !p.listed {
		return
	}
	if p.before == nil {
		p.m.current = p.after
	} else {
		p.before.after = p.after
	}
	if p.after != nil {
		p.after.before = p.before
	}
	p.listed, p.before, p.after = false, nil, nil
}

func (p *BoundedPort[T]) mutex() *lock                         { return &p.m.mu }
func (p *BoundedPort[T]) line(*offer[Item[T]]) *queue[Item[T]] { return &p.gets }
func (p *BoundedPort[T]) left(*wakes)                          {}
func (p *BoundedPort[T]) simulatedName(kind) string            { return "BoundedPort.Get" }

// meet gets the next value for o.
func (p *BoundedPort[T]) meet(o *offer[Item[T]], ws *wakes) outcome {
	m := p.m
	switch {
	case !p.closed && p.next == m.end && m.reason == nil:
		return mustWait
	case !o.claim(ws):
		return tooLate
	case p.closed:
		o.v = Item[T]{Err: ErrClosed}
	case p.dropped():
		o.v = Item[T]{Err: ErrLagged}
	case p.next == m.end:
		o.v = Item[T]{Err: m.reason}
	default:
		next := max(p.next, m.begin)
		p.missed += next - p.next
		o.v = Item[T]{Value: m.at(next).v}
		p.move(next + 1)
		m.advance(ws)
	}
	return met
}
