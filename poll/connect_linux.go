package poll

import (
	"net"
	"os"
	"syscall"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll/epoll"
)

// connect implements backend.
func (overEpoll) connect(d *dialing) (attempt, error) {
	form := formOf(d.network)
	family := unix.AF_UNIX
	if form == formTCP {
		family = familyOf(d)
	}
	kind, k := unix.SOCK_STREAM, isSocket|isStream
	switch form {
	case formTCP:
		k |= isTidy
	case formUnixpacket:
		kind = unix.SOCK_SEQPACKET
	}
	sys, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := &fd{sys: sys, kind: k, form: form}
	f.refs.Store(1)
	up := atomic.NewBool(false)
	if err := prepare(f, family, d, rawDialing{rawFD{f}, up}); err != nil {
		f.discard()
		return nil, err
	}
	// It is registered after connect: a socket that is not connected is hung up.
	if err := f.desc.Register(sys); err != nil {
		f.discard()
		return nil, err
	}
	up.Store(true)
	return &connecting{f: f}, nil
}

// familyOf returns the family of the socket for d.
func familyOf(d *dialing) int {
	is4 := func(a net.Addr) bool {
		t, ok := a.(*net.TCPAddr)
		return !ok || t == nil || len(t.IP) == 0 || t.IP.To4() != nil
	}
	if d.network != "tcp6" && is4(d.local) && is4(d.remote) {
		return unix.AF_INET
	}
	return unix.AF_INET6
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
		if err := setTCPDefaults(sys, d.keepAlive); err != nil {
			return err
		}
	}
	if d.local != nil {
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

// connecting implements attempt.
type connecting struct {
	f     *fd
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
	code, err := unix.GetsockoptInt(c.f.sys, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return os.NewSyscallError("getsockopt", err)
	case code != 0:
		return os.NewSyscallError("connect", syscall.Errno(code))
	}
	// TCP may connect a socket with itself, where the port is one that the system
	// gives to those who ask for any. Nobody listens there, then.
	if l, r := c.f.local(), c.f.remote(); c.f.form == formTCP && l != nil && r != nil && l.String() == r.String() {
		return os.NewSyscallError("connect", unix.ECONNREFUSED)
	}
	return nil
}

func (c *connecting) abandon() {
	if !c.taken {
		c.f.close()
	}
}
