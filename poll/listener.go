package poll

import (
	"net"
	"os"
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

func (l *Listener) fail(op string, err error) error {
	return opError(op, l.network, nil, l.addr, err)
}

// ok reports whether there is a listener at all.
func (l *Listener) ok() bool { return l != nil && l.a != nil }

// Accept waits for a connection and returns it. It is a *Conn. Where descriptors
// or memory have run out it does not fail, but tries again after 5 ms to 1 s.
// Connections that the peer gives up before they are accepted are passed over.
func (l *Listener) Accept() (net.Conn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
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
	if !l.ok() {
		return cml.Always(Accepted{Err: syscall.EINVAL})
	}
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
	if !l.ok() {
		return syscall.EINVAL
	}
	if err := l.a.close(); err != nil {
		return l.fail("close", err)
	}
	goruntime.SetFinalizer(l, nil)
	return nil
}

// Addr returns the address that it listens at.
func (l *Listener) Addr() net.Addr {
	if !l.ok() {
		return nil
	}
	return l.addr
}

// SetDeadline sets the deadline of Accept and AcceptOp; the zero time is none: see
// Conn.SetDeadline.
func (l *Listener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	err := l.a.setDeadline(t, true, true) // package net puts nothing around it either
	goruntime.KeepAlive(l)
	return err
}

// SetUnlinkOnClose says whether Close removes the file of a unix socket, which it
// does unless this says otherwise.
func (l *Listener) SetUnlinkOnClose(unlink bool) {
	if l.ok() {
		l.a.setUnlink(unlink)
	}
}

// SyscallConn implements syscall.Conn. What it returns is for Control alone, and
// keeps the listener from being collected.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	r, err := own(l.a, l, l.fail)
	if err != nil {
		return nil, l.fail("raw-control", err)
	}
	return deafRaw{r}, nil
}

// File returns an os.File with a descriptor of its own for the same socket: see
// Conn.File.
func (l *Listener) File() (*os.File, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	f, err := l.a.file()
	goruntime.KeepAlive(l)
	return f, l.fail("file", err)
}
