package poll

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// readFromUDP implements mailer.
func (f *fd) readFromUDP(p []byte) (int, netip.AddrPort, error) {
	var rsa syscall.RawSockaddrAny
	n, _, err := f.receive(p, &rsa)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	return n, addrPort(&rsa), nil
}

// readFromUnix implements mailer.
func (f *fd) readFromUnix(p []byte) (int, *net.UnixAddr, error) {
	var rsa syscall.RawSockaddrAny
	n, size, err := f.receive(p, &rsa)
	if err != nil {
		return 0, nil, err
	}
	return n, f.sender(&rsa, size), nil
}

// sender is where a packet of a unix socket comes from; who has no name is nobody.
func (f *fd) sender(rsa *syscall.RawSockaddrAny, size uint32) *net.UnixAddr {
	if rsa.Addr.Family != unix.AF_UNIX {
		return nil
	}
	return &net.UnixAddr{Name: unixName(rsa, size), Net: formNames[f.form]}
}

// receive waits for a packet and says where it comes from.
func (f *fd) receive(p []byte, rsa *syscall.RawSockaddrAny) (n int, size uint32, err error) {
	if !f.begin() {
		return 0, 0, net.ErrClosed
	}
	n, size, err = f.receiveOnce(p, rsa)
	f.leave()
	return n, size, err
}

func (f *fd) receiveOnce(p []byte, rsa *syscall.RawSockaddrAny) (int, uint32, error) {
	for {
		t, s := f.desc.Begin(epoll.In)
		if s != epoll.Ready {
			if err := f.await(epoll.In, s, false); err != nil {
				return 0, 0, err
			}
			continue
		}
		if x, ok := f.takeAbandoned(); ok {
			*rsa = x.rsa
			return copy(p, x.data), x.size, x.err
		}
		size := uint32(syscall.SizeofSockaddrAny)
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(f.sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
			unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(rsa)), uintptr(unsafe.Pointer(&size)))
		switch errno {
		case 0:
			acquired()
			return int(n), size, nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
		case unix.EINTR:
		default:
			return 0, 0, os.NewSyscallError("recvfrom", errno)
		}
	}
}

// writeToUDP implements mailer.
func (f *fd) writeToUDP(p []byte, to *net.UDPAddr) (int, error) {
	var s sockname
	switch {
	case f.kind&isDialed != 0:
		return 0, net.ErrWriteToConnected
	case to == nil:
		return 0, errMissingAddress
	}
	if err := s.setUDP(to, f.family); err != nil {
		return 0, err
	}
	return f.send(p, &s)
}

// writeToAddrPort implements mailer.
func (f *fd) writeToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	var s sockname
	switch {
	case f.kind&isDialed != 0:
		return 0, net.ErrWriteToConnected
	case !to.IsValid():
		return 0, errMissingAddress
	}
	if err := s.setAddrPort(to, f.family); err != nil {
		return 0, err
	}
	return f.send(p, &s)
}

// writeToUnix implements mailer.
func (f *fd) writeToUnix(p []byte, to *net.UnixAddr) (int, error) {
	var s sockname
	switch {
	case f.kind&isDialed != 0:
		return 0, net.ErrWriteToConnected
	case to == nil:
		return 0, errMissingAddress
	case to.Net != formNames[f.form]:
		return 0, syscall.EAFNOSUPPORT
	}
	s.setUnix(to.Name)
	return f.send(p, &s)
}

// send sends a packet, waiting until there is room for it.
func (f *fd) send(p []byte, to *sockname) (int, error) {
	if !f.begin() {
		return 0, net.ErrClosed
	}
	f.lock()
	err := f.sendOnce(p, to)
	f.turn.Unlock()
	f.leave()
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *fd) sendOnce(p []byte, to *sockname) error {
	for {
		t, s := f.desc.Begin(epoll.Out)
		if s != epoll.Ready {
			if err := f.await(epoll.Out, s, true); err != nil {
				return err
			}
			continue
		}
		errno := syscall.Errno(unix.EINVAL)
		if !to.bad {
			released()
			_, _, errno = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(f.sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
				unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&to.raw)), uintptr(to.size))
		}
		switch errno {
		case 0:
			return nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
		case unix.EINTR:
		default:
			return os.NewSyscallError("sendto", errno)
		}
	}
}
