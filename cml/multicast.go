package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Multicast carries every value that is published to all its ports. The values
// lie in one list, through which each port makes its own way: a value is kept
// until every port is past it. A port that nobody holds any more keeps nothing.
// Publish synchronizes before the return of each Get of its value.
// The zero value is one without ports, ready for use.
type Multicast[T any] struct {
	mu      lock
	last    *link[T] // under mu; its next is the value to be published next; nil: unused
	waiting queue[T] // under mu: offers of ports that have got everything
}

// A link is written under mu of its Multicast: next, once.
type link[T any] struct {
	v    T
	next *link[T]
}

// NewMulticast returns a Multicast without ports.
func NewMulticast[T any]() *Multicast[T] { return &Multicast[T]{} }

// end returns the last link. Under mu.
func (m *Multicast[T]) end() *link[T] {
	if m.last == nil {
		m.last = &link[T]{}
	}
	return m.last
}

// Publish sends v to every port that there is now. It does not wait.
func (m *Multicast[T]) Publish(v T) {
	if simhook.On() {
		simhook.Point("Multicast.Publish", unsafe.Pointer(m))
	}
	var ws wakes
	m.mu.Lock()
	l := &link[T]{v: v}
	m.end().next = l
	m.last = l
	var next *offer[T]
	for q := m.waiting.first; q != nil; q = next {
		next = q.next
		p := q.obj.(*Port[T])
		if p.at == nil || p.at.next == nil {
			continue // closed, or another offer of this port has got it
		}
		q.v = v
		if q.grant(&ws) {
			p.at = l
		}
	}
	m.mu.Unlock()
	ws.flush(nil)
}

// Subscribe returns a port that gets what is published from now on.
func (m *Multicast[T]) Subscribe() *Port[T] {
	if simhook.On() {
		simhook.Point("Multicast.Subscribe", unsafe.Pointer(m))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Port[T]{m: m, at: m.end()}
}

// A Port gets the values of a Multicast, in order. Subscribe and Copy make one. If several parties use one
// port, each value goes to one of them.
type Port[T any] struct {
	m  *Multicast[T]
	at *link[T] // under m.mu: the last one got; nil: closed
}

// Get returns the next value, waiting for one.
func (p *Port[T]) Get() (v T) {
	p.check("Get")
	return await[T](p, kindGet, 0, v, wait.Port)
}

// GetOp is Get as an op.
//
//go:noinline
func (p *Port[T]) GetOp() Op[T] {
	p.check("GetOp")
	return &objectOp[T]{obj: p, why: wait.Port}
}

// Copy returns another port that gets what p would get from now on. Of a closed port it is
// closed, too.
func (p *Port[T]) Copy() *Port[T] {
	p.check("Copy")
	if simhook.On() {
		simhook.Point("Port.Copy", unsafe.Pointer(p))
	}
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	return &Port[T]{m: p.m, at: p.at}
}

func (p *Port[T]) check(what string) {
	if p.m == nil {
		panic("cml: " + what + " of a Port that is none: Subscribe to a Multicast")
	}
}

// Close ends the subscription: the values not yet got are dropped, and no get
// from the port is ever ready again. Who waits for one goes on waiting.
func (p *Port[T]) Close() {
	p.check("Close")
	if simhook.On() {
		simhook.Point("Port.Close", unsafe.Pointer(p))
	}
	p.m.mu.Lock()
	p.at = nil
	p.m.mu.Unlock()
}

func (p *Port[T]) simulatedName(kind) string { return "Port.Get" }
func (p *Port[T]) mutex() *lock              { return &p.m.mu }
func (p *Port[T]) line(*offer[T]) *queue[T]  { return &p.m.waiting }
func (p *Port[T]) left(*wakes)               {}

func (p *Port[T]) meet(o *offer[T], ws *wakes) outcome {
	switch {
	case p.at == nil || p.at.next == nil:
		return mustWait
	case !o.claim(ws):
		return tooLate
	}
	p.at = p.at.next
	o.v = p.at.v
	return met
}
