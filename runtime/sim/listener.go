package sim

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Listener waits for simulated connections. It is a net.Listener.
type Listener struct {
	h         *Host
	at        netip.AddrPort
	backlog   []*Conn
	closed    bool
	deadline  alarm
	acceptors line
}

var _ net.Listener = (*Listener)(nil)

// Accepted is what AcceptOp comes to.
type Accepted struct {
	Conn net.Conn
	Err  error
}

// next returns a connection, or an error, if there is one.
func (l *Listener) next() (a Accepted, ok bool) {
	switch {
	case l.closed:
		a.Err = l.opError(net.ErrClosed)
	case l.deadline.over(l.h):
		a.Err = l.opError(errDeadline)
	case len(l.backlog) > 0:
		a.Conn = l.backlog[0]
		l.backlog = l.backlog[1:]
	default:
		return a, false
	}
	return a, true
}

func (l *Listener) opError(err error) error {
	return &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
}

// Accept implements net.Listener. The connection is a *Conn.
func (l *Listener) Accept() (net.Conn, error) {
	inside("Listener.Accept")
	point("Listener.Accept", l)
	for {
		if a, ok := l.next(); ok {
			return a.Conn, a.Err
		}
		l.acceptors.wait(wait.Read)
	}
}

// AcceptOp is Accept as an op. A connection that is lost to another choice stays.
func (l *Listener) AcceptOp() cml.Op[Accepted] {
	ready := readyOp(&l.acceptors, func() (cml.Unit, bool) {
		return cml.Unit{}, l.closed || l.deadline.over(l.h) || len(l.backlog) > 0
	})
	return cml.Wrap(ready, func(cml.Unit) Accepted {
		for {
			if a, ok := l.next(); ok {
				return a
			}
			l.acceptors.wait(wait.Read) // another was faster
		}
	})
}

// Close implements net.Listener. Connections that nobody has accepted are reset.
func (l *Listener) Close() error {
	inside("Listener.Close")
	point("Listener.Close", l)
	if l.closed {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	l.shut()
	simhook.Woke()
	return nil
}

// shut ends l.
func (l *Listener) shut() {
	l.closed = true
	l.h.listeners = slices.DeleteFunc(l.h.listeners, func(x *Listener) bool { return x == l })
	for _, c := range l.backlog {
		c.abort()
	}
	l.backlog = nil
	l.acceptors.wake()
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

// SetDeadline sets until when Accept waits, by the clock of the host.
func (l *Listener) SetDeadline(t time.Time) error {
	l.deadline.to(l.h, t, &l.acceptors)
	return nil
}
