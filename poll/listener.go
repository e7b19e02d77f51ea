package poll

import (
	"net"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
)

// A Listener is a listening socket: a net.Listener whose Accept parks the calling
// fiber, or goroutine, alone. Its methods may be called at the same time.
type Listener struct {
	a       acceptor
	network string
	addr    net.Addr
}

// Accepted is the result of an AcceptOp: a connection or an error.
type Accepted struct {
	Conn *Conn
	Err  error
}

// Listen listens for connections on the network "tcp", "tcp4", "tcp6", "unix" or
// "unixpacket". Addresses are those of net.Listen; a host name is looked up without
// blocking a scheduler. The file of a unix socket is removed by Close.
func Listen(network, addr string) (*Listener, error) {
	switch formOf(network) {
	case formTCP, formUnix, formUnixpacket:
	default:
		return nil, opError("listen", network, nil, nil, net.UnknownNetworkError(network))
	}
	type made struct {
		l   net.Listener
		err error
	}
	m := call(func() made { l, err := net.Listen(network, addr); return made{l, err} })
	if m.err != nil {
		return nil, m.err
	}
	a, err := pick(func(b backend) (acceptor, error) { return b.listen(m.l) })
	if err != nil {
		m.l.Close()
		return nil, opError("listen", network, nil, m.l.Addr(), err)
	}
	l := &Listener{a: a, network: network, addr: m.l.Addr()}
	goruntime.SetFinalizer(l, func(l *Listener) { go l.a.close() })
	return l, nil
}

func (l *Listener) fail(op string, err error) error {
	return opError(op, l.network, nil, l.addr, err)
}

// Accept waits for a connection and returns it. It is a *Conn. Where descriptors
// or memory have run out it does not fail, but tries again after 5 ms to 1 s.
// Connections that the peer gives up before they are accepted are passed over.
func (l *Listener) Accept() (net.Conn, error) {
	s, err := l.a.accept()
	goruntime.KeepAlive(l)
	if err != nil {
		return nil, l.fail("accept", err)
	}
	return newConn(s, l.network), nil
}

// AcceptOp returns the operation that accepts a connection. If it loses, it has
// accepted none; one that came too late for it goes to the next Accept.
func (l *Listener) AcceptOp() cml.Op[Accepted] {
	return cml.Wrap(l.a.acceptOp(), func(a accepted) Accepted {
		if a.err != nil {
			return Accepted{Err: l.fail("accept", a.err)}
		}
		return Accepted{Conn: newConn(a.stream, l.network)}
	})
}

// Close stops listening. All who wait are woken with net.ErrClosed; when it returns
// the address is free. Connections that were accepted stay.
func (l *Listener) Close() error {
	if err := l.a.close(); err != nil {
		return l.fail("close", err)
	}
	goruntime.SetFinalizer(l, nil)
	return nil
}

// Addr returns the address that it listens at.
func (l *Listener) Addr() net.Addr { return l.addr }

// SetDeadline sets the deadline of Accept and AcceptOp; the zero time is none.
func (l *Listener) SetDeadline(t time.Time) error {
	if err := l.a.setDeadline(t, true, true); err != nil {
		return l.fail("set", err)
	}
	return nil
}

// SyscallConn implements syscall.Conn. What it returns is for Control alone, and
// keeps the listener from being collected.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	r, err := own(l.a, l, l.fail)
	if err != nil {
		return nil, l.fail("raw-control", err)
	}
	return deafRaw{r}, nil
}
