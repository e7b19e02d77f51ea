package poll

import (
	"errors"
	"net"
	"os"
	"syscall"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// protoMPTCP is Multipath TCP as a protocol of sockets.
const protoMPTCP = 262

// connect implements backend. The system may choose a local address that is in use
// (EADDRNOTAVAIL): it is asked again then, as often as package net does.
func (overEpoll) connect(d *dialing) (attempt, error) {
	// A connection that cannot be watched would have to be made again by the other
	// backend, and the peer would see two.
	if err := epoll.Supported(); err != nil {
		return nil, err
	}
	for again := 2; ; again-- {
		a, err := connectOnce(d)
		var sys *os.SyscallError
		if again == 0 || !isAnyPort(d.local) || !errors.As(err, &sys) || sys.Err != unix.EADDRNOTAVAIL {
			return a, err
		}
	}
}

// isAnyPort reports whether local leaves the port to the system.
func isAnyPort(local net.Addr) bool {
	switch l := local.(type) {
	case nil:
		return true
	case *net.TCPAddr:
		return l == nil || l.Port == 0
	}
	return false
}

func connectOnce(d *dialing) (attempt, error) {
	form := formOf(d.network)
	family, kind, k, proto := unix.AF_UNIX, unix.SOCK_STREAM, isSocket|isStream, 0
	switch form {
	case formTCP:
		family = unix.AF_INET6
		if familyIs4(d.network, d.local, d.remote) {
			family = unix.AF_INET
		}
		k |= isTidy
		if d.multipath {
			proto = protoMPTCP
		}
	case formUnixpacket:
		kind = unix.SOCK_SEQPACKET
	}
	sys, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := &fd{sys: sys, kind: k, form: form}
	f.refs.Store(1)
	up := atomic.NewBool(false)
	raw := &ownedRaw{raw: rawDialing{rawFD{f}, up}, fail: func(op string, err error) error {
		switch {
		case err == nil || !up.Load():
			return opError(op, d.network, nil, nil, err)
		case op == "raw-control":
			return opError(op, d.network, nil, f.local(), err)
		}
		return opError(op, d.network, f.local(), f.remote(), err)
	}}
	if err := prepare(f, family, d, raw); err != nil {
		f.discard()
		return nil, err
	}
	// It is registered after connect: a socket that is not connected is hung up.
	if err := f.desc.Register(sys); err != nil {
		f.discard()
		if errors.Is(err, epoll.ErrUnsupported) { // by now: the next dial will know before
			err = errors.New(err.Error())
		}
		return nil, err
	}
	up.Store(true)
	return &connecting{f: f, from: d.local, to: d.remote}, nil
}

// prepare sets options, binds and begins to connect.
func prepare(f *fd, family int, d *dialing, raw syscall.RawConn) error {
	sys := f.sys
	if family == unix.AF_INET6 {
		unix.SetsockoptInt(sys, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, flag(d.network == "tcp6"))
	}
	if d.control != nil {
		if err := d.control(raw); err != nil {
			return err
		}
	}
	if f.form == formTCP {
		setTCPDefaults(sys, d.keepAlive)
	}
	if !isNowhere(d.local) {
		sa, err := sockaddr(d.local, family)
		if err != nil {
			return err
		}
		if err := unix.Bind(sys, sa); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	sa, err := sockaddr(d.remote, family)
	if err != nil {
		return err
	}
	switch err := unix.Connect(sys, sa); err {
	case nil, unix.EINPROGRESS, unix.EALREADY, unix.EINTR, unix.EISCONN:
		return nil
	default:
		return os.NewSyscallError("connect", err)
	}
}

// isNowhere reports whether local says nothing.
func isNowhere(local net.Addr) bool {
	switch l := local.(type) {
	case nil:
		return true
	case *net.TCPAddr:
		return l == nil
	case *net.UnixAddr:
		return l == nil || l.Name == ""
	}
	return false
}

// connecting implements attempt.
type connecting struct {
	f     *fd
	from  net.Addr // nil: any
	to    net.Addr
	taken bool // the performer's
}

func (c *connecting) done() cml.Op[connected] {
	return cml.Wrap(c.f.ready(epoll.Out), func(err error) connected {
		if err == nil {
			err = c.outcome()
		}
		if err != nil {
			return connected{err: err}
		}
		c.taken = true
		return connected{stream: c.f}
	})
}

// outcome asks what became of the connection.
func (c *connecting) outcome() error {
	f := c.f
	if err := f.failed(); err != nil {
		return err
	}
	if f.remote() == nil {
		// It was made, and is gone: by a reset, say, which may have come after the first
		// question.
		if err := f.failed(); err != nil {
			return err
		}
		f.remoteAddr.Store(&c.to)
	}
	// TCP may connect a socket with itself, where the port is one that the system
	// gives to those who ask for any. Nobody listens there, then.
	if l, r := f.local(), f.remote(); f.form == formTCP && l != nil && l.String() == r.String() && isAnyPort(c.from) {
		return os.NewSyscallError("connect", unix.ECONNREFUSED)
	}
	return nil
}

// failed returns the error that a socket has, and takes it.
func (f *fd) failed() error {
	code, err := unix.GetsockoptInt(f.sys, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return os.NewSyscallError("getsockopt", err)
	case code != 0:
		return os.NewSyscallError("connect", syscall.Errno(code))
	}
	return nil
}

func (c *connecting) abandon() {
	if !c.taken {
		c.f.close()
	}
}
