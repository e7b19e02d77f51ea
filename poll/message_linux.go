package poll

import (
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// Messages are packets, and pieces of unix streams, with what the system says beside
// them: the out-of-band data. In it come the options of IP packets, which
// golang.org/x/net/ipv4 and ipv6 read, and descriptors, which unix.ParseUnixRights
// does.

// readMsgUDP implements mailer.
func (f *fd) readMsgUDP(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	var rsa syscall.RawSockaddrAny
	n, oobn, flags, _, err = f.receiveMsg(p, oob, 0, &rsa)
	if err == nil {
		from = addrPort(&rsa)
	}
	return n, oobn, flags, from, err
}

// readMsgUnix implements envoy.
func (f *fd) readMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	var rsa syscall.RawSockaddrAny
	n, oobn, flags, size, err := f.receiveMsg(p, oob, unix.MSG_CMSG_CLOEXEC, &rsa)
	if err == nil {
		from = f.sender(&rsa, size)
		if n == 0 && f.kind&isStream != 0 {
			err = io.EOF
		}
	}
	return n, oobn, flags, from, err
}

// receiveMsg waits for a message.
func (f *fd) receiveMsg(p, oob []byte, ask int, rsa *syscall.RawSockaddrAny) (n, oobn, flags int, size uint32, err error) {
	if !f.begin() {
		return 0, 0, 0, 0, net.ErrClosed
	}
	n, oobn, flags, size, err = f.receiveMsgOnce(p, oob, ask, rsa)
	f.leave()
	return n, oobn, flags, size, err
}

func (f *fd) receiveMsgOnce(p, oob []byte, ask int, rsa *syscall.RawSockaddrAny) (n, oobn, flags int, size uint32, err error) {
	var one [1]byte
	p = f.atLeast(&one, p, oob)
	for {
		t, s := f.desc.Begin(epoll.In)
		if s != epoll.Ready {
			if err := f.await(epoll.In, s, false); err != nil {
				return 0, 0, 0, 0, err
			}
			continue
		}
		if x, ok := f.takeAbandoned(); ok {
			*rsa = x.rsa
			return copy(p, x.data), 0, 0, x.size, x.err
		}
		v := unix.Iovec{Base: unsafe.SliceData(p)}
		v.SetLen(len(p))
		m := unix.Msghdr{Name: (*byte)(unsafe.Pointer(rsa)), Namelen: syscall.SizeofSockaddrAny, Iov: &v, Control: unsafe.SliceData(oob)}
		m.SetIovlen(1)
		m.SetControllen(len(oob))
		got, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(f.sys), uintptr(unsafe.Pointer(&m)), uintptr(ask|unix.MSG_DONTWAIT))
		switch errno {
		case 0:
			acquired()
			return int(got), int(m.Controllen), int(m.Flags), m.Namelen, nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
		case unix.EINTR:
		default:
			return 0, 0, 0, 0, os.NewSyscallError("recvmsg", errno)
		}
	}
}

// atLeast returns p, or where that is empty and out-of-band data is meant, one byte,
// which the system wants to have with it in all sockets but those for datagrams.
func (f *fd) atLeast(one *[1]byte, p, oob []byte) []byte {
	if len(p) == 0 && len(oob) > 0 && f.form != formUDP && f.form != formUnixgram {
		return one[:]
	}
	return p
}

// writeMsgUDP implements mailer.
func (f *fd) writeMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	var s sockname
	switch dialed := f.kind&isDialed != 0; {
	case dialed && to != nil:
		return 0, 0, net.ErrWriteToConnected
	case !dialed && to == nil:
		return 0, 0, errMissingAddress
	case to != nil:
		if err := s.setUDP(to, f.family); err != nil {
			return 0, 0, err
		}
	}
	return f.sendMsg(p, oob, &s)
}

// writeMsgAddrPort implements mailer.
func (f *fd) writeMsgAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	var s sockname
	switch dialed := f.kind&isDialed != 0; {
	case dialed && to.IsValid():
		return 0, 0, net.ErrWriteToConnected
	case !dialed && !to.IsValid():
		return 0, 0, errMissingAddress
	case to.IsValid():
		if err := s.setAddrPort(to, f.family); err != nil {
			return 0, 0, err
		}
	}
	return f.sendMsg(p, oob, &s)
}

// writeMsgUnix implements envoy.
func (f *fd) writeMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	var s sockname
	switch {
	case f.form == formUnixgram && f.kind&isDialed != 0:
		return 0, 0, net.ErrWriteToConnected
	case to != nil && to.Net != formNames[f.form]:
		return 0, 0, syscall.EAFNOSUPPORT
	case to != nil:
		s.setUnix(to.Name)
	}
	return f.sendMsg(p, oob, &s)
}

// sendMsg sends a message, waiting until there is room for it.
func (f *fd) sendMsg(p, oob []byte, to *sockname) (n, oobn int, err error) {
	if !f.begin() {
		return 0, 0, net.ErrClosed
	}
	f.lock()
	n, err = f.sendMsgOnce(p, oob, to)
	f.turn.Unlock()
	f.leave()
	if err != nil {
		return n, 0, err
	}
	return n, len(oob), nil
}

func (f *fd) sendMsgOnce(p, oob []byte, to *sockname) (int, error) {
	var one [1]byte
	all := f.atLeast(&one, p, oob)
	for {
		t, s := f.desc.Begin(epoll.Out)
		if s != epoll.Ready {
			if err := f.await(epoll.Out, s, true); err != nil {
				return 0, err
			}
			continue
		}
		var n uintptr
		errno := syscall.Errno(unix.EINVAL)
		if !to.bad {
			v := unix.Iovec{Base: unsafe.SliceData(all)}
			v.SetLen(len(all))
			m := unix.Msghdr{Iov: &v, Control: unsafe.SliceData(oob)}
			if to.size > 0 {
				m.Name, m.Namelen = (*byte)(unsafe.Pointer(&to.raw)), to.size
			}
			m.SetIovlen(1)
			m.SetControllen(len(oob))
			released()
			n, _, errno = syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(f.sys), uintptr(unsafe.Pointer(&m)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		}
		switch errno {
		case 0:
			if len(p) == 0 {
				n = 0
			}
			return int(n), nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
		case unix.EINTR:
		default:
			return 0, os.NewSyscallError("sendmsg", errno)
		}
	}
}
