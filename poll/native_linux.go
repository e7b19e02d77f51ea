package poll

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// native is the backend over package epoll.
var native backend = overEpoll{}

type overEpoll struct{}

// listen implements backend. Package net knows all about addresses, and made the
// socket; a duplicate of its descriptor is ours.
func (overEpoll) listen(nl net.Listener, k net.KeepAliveConfig) (acceptor, error) {
	form := formOf(nl.Addr().Network())
	sys, err := duplicate(nl.(syscall.Conn))
	if err != nil {
		return nil, err
	}
	l := &listenFD{keepAlive: k}
	l.sys, l.kind, l.form = sys, isSocket, form
	l.refs.Store(1)
	if form == formTCP {
		setTCPDefaults(sys, k) // which those that are accepted inherit: see inherits
	}
	if err := l.desc.Register(sys); err != nil {
		syscall.Close(sys)
		return nil, err
	}
	if ul, ok := nl.(*net.UnixListener); ok {
		ul.SetUnlinkOnClose(false)
		if name := ul.Addr().String(); name != "" && name[0] != '@' {
			l.path = name
			l.unlink.Store(true)
		}
	}
	nl.Close()
	return l, nil
}

// packets implements backend, in the same way.
func (overEpoll) packets(c net.Conn) (mailer, error) {
	sys, err := duplicate(c.(syscall.Conn))
	if err != nil {
		return nil, err
	}
	family, err := unix.GetsockoptInt(sys, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		syscall.Close(sys)
		return nil, os.NewSyscallError("getsockopt", err)
	}
	k := isSocket
	if c.RemoteAddr() != nil {
		k |= isDialed
	}
	f, err := newFD(sys, k, formOf(c.LocalAddr().Network()))
	if err != nil {
		return nil, err
	}
	f.family = uint16(family)
	c.Close()
	return f, nil
}

// duplicate returns another descriptor for the socket of c.
func duplicate(c syscall.Conn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	sys := -1
	var failed error
	err = raw.Control(func(fd uintptr) {
		sys, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil && failed != nil {
		err = os.NewSyscallError("fcntl", failed)
	}
	return sys, err
}

// pipe implements backend.
func (overEpoll) pipe() (r, w stream, err error) {
	var sys [2]int
	if err := unix.Pipe2(sys[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	in, err := newFD(sys[0], isStream|isTidy, formNone)
	if err != nil {
		syscall.Close(sys[1])
		return nil, nil, err
	}
	out, err := newFD(sys[1], isStream, formNone)
	if err != nil {
		in.close()
		return nil, nil, err
	}
	return in, out, nil
}

// file implements backend.
func (overEpoll) file(number uintptr, name string) (stream, error) {
	sys := int(number)
	flags, err := unix.FcntlInt(number, unix.F_GETFL, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := &fd{sys: sys, kind: isStream}
	if kind, err := unix.GetsockoptInt(sys, unix.SOL_SOCKET, unix.SO_TYPE); err == nil {
		f.kind = isSocket
		if kind != unix.SOCK_DGRAM && kind != unix.SOCK_RAW {
			f.kind |= isStream
		}
	}
	f.refs.Store(1)
	if err := f.desc.Register(sys); err != nil {
		return nil, err
	}
	if flags&unix.O_NONBLOCK == 0 {
		if err := unix.SetNonblock(sys, true); err != nil {
			f.desc.Close()
			return nil, fmt.Errorf("cannot be made nonblocking: %w", err)
		}
		f.restore = true
	}
	return f, nil
}
