package poll

import (
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/poll/epoll"
)

// readFrom implements mailer.
func (f *fd) readFrom(p []byte) (int, net.Addr, error) {
	if !f.begin() {
		return 0, nil, net.ErrClosed
	}
	n, from, err := f.receive(p)
	f.leave()
	return n, from, err
}

func (f *fd) receive(p []byte) (int, net.Addr, error) {
	for {
		t, s := f.desc.Begin(epoll.In)
		if s != epoll.Ready {
			if err := f.await(epoll.In, s, false); err != nil {
				return 0, nil, err
			}
			continue
		}
		var rsa syscall.RawSockaddrAny
		size := uint32(syscall.SizeofSockaddrAny)
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(f.sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
			unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&rsa)), uintptr(unsafe.Pointer(&size)))
		switch errno {
		case 0:
			acquired()
			return int(n), addrOf(&rsa, size, f.form), nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
		case unix.EINTR:
		default:
			return 0, nil, os.NewSyscallError("recvfrom", errno)
		}
	}
}

// writeTo implements mailer.
func (f *fd) writeTo(p []byte, to net.Addr) (int, error) {
	if to != nil && f.kind&isDialed != 0 {
		return 0, net.ErrWriteToConnected
	}
	if !f.begin() {
		return 0, net.ErrClosed
	}
	f.lock()
	err := f.sendTo(p, to)
	f.turn.Unlock()
	f.leave()
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *fd) sendTo(p []byte, to net.Addr) error {
	var sa unix.Sockaddr
	if to != nil {
		var err error
		if sa, err = sockaddr(to, int(f.family)); err != nil {
			return err
		}
	}
	for {
		t, s := f.desc.Begin(epoll.Out)
		if s != epoll.Ready {
			if err := f.await(epoll.Out, s, true); err != nil {
				return err
			}
			continue
		}
		released()
		var err error
		name := "sendto"
		if sa == nil {
			name = "write"
			if _, errno := sysSend(f.sys, p); errno != 0 {
				err = errno
			}
		} else {
			err = unix.Sendto(f.sys, p, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, sa)
		}
		switch err {
		case nil:
			return nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
		case unix.EINTR:
		default:
			return os.NewSyscallError(name, err)
		}
	}
}
