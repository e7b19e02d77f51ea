package poll

import (
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"
)

// local implements endpoint.
func (f *fd) local() net.Addr { return f.address(&f.localAddr, unix.SYS_GETSOCKNAME) }

// remote implements stream.
func (f *fd) remote() net.Addr {
	if f.peer.IsValid() && f.remoteAddr.Load() == nil {
		var a net.Addr = net.TCPAddrFromAddrPort(f.peer)
		f.remoteAddr.Store(&a)
	}
	return f.address(&f.remoteAddr, unix.SYS_GETPEERNAME)
}

func (f *fd) address(known *atomic.Pointer[net.Addr], call uintptr) net.Addr {
	if a := known.Load(); a != nil {
		return *a
	}
	if f.form == formNone || !f.enter() {
		return nil
	}
	defer f.leave()
	a := sysName(f.sys, f.form, call)
	if a != nil {
		known.Store(&a)
	}
	return a
}

// sysName asks for an address of a socket. It may be nil.
func sysName(sys int, form form, call uintptr) net.Addr {
	var rsa syscall.RawSockaddrAny
	size := uint32(syscall.SizeofSockaddrAny)
	if _, _, errno := syscall.RawSyscall(call, uintptr(sys), uintptr(unsafe.Pointer(&rsa)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return nil
	}
	return addrOf(&rsa, size, form)
}

// addrOf turns what the system says into an address of package net.
func addrOf(rsa *syscall.RawSockaddrAny, size uint32, form form) net.Addr {
	switch form {
	case formTCP:
		if ap := addrPort(rsa); ap.IsValid() {
			return net.TCPAddrFromAddrPort(ap)
		}
	case formUDP:
		if ap := addrPort(rsa); ap.IsValid() {
			return net.UDPAddrFromAddrPort(ap)
		}
	case formUnix, formUnixgram, formUnixpacket:
		return &net.UnixAddr{Name: unixName(rsa, size), Net: formNames[form]}
	}
	return nil
}

// addrPort reads an IP address. An IPv4 one that comes as IPv6 stays so, as in package
// net; its text is the same.
func addrPort(rsa *syscall.RawSockaddrAny) netip.AddrPort {
	switch rsa.Addr.Family {
	case unix.AF_INET:
		sa := (*syscall.RawSockaddrInet4)(unsafe.Pointer(rsa))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), port(&sa.Port))
	case unix.AF_INET6:
		sa := (*syscall.RawSockaddrInet6)(unsafe.Pointer(rsa))
		ip := netip.AddrFrom16(sa.Addr)
		if sa.Scope_id != 0 {
			ip = ip.WithZone(zoneName(int(sa.Scope_id)))
		}
		return netip.AddrPortFrom(ip, port(&sa.Port))
	}
	return netip.AddrPort{}
}

// port reads a port, which is in network order.
func port(p *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(p))
	return uint16(b[0])<<8 | uint16(b[1])
}

// unixName reads the path of a unix socket, as package net does: an abstract one
// begins with @ and ends before a zero byte, and a socket without a name is @.
func unixName(rsa *syscall.RawSockaddrAny, size uint32) string {
	const head = 2
	sa := (*syscall.RawSockaddrUnix)(unsafe.Pointer(rsa))
	if rsa.Addr.Family != unix.AF_UNIX || size < head {
		return ""
	}
	path := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path[0])), min(int(size)-head, len(sa.Path)))
	first := ""
	if len(path) == 0 || path[0] == 0 {
		first, path = "@", path[min(1, len(path)):]
	}
	for i, c := range path {
		if c == 0 {
			path = path[:i]
			break
		}
	}
	return first + string(path)
}

// sockaddr turns an address into what unix.Connect and the like want. Of a socket
// of family AF_INET6 IPv4 addresses are mapped.
func sockaddr(a net.Addr, family int) (unix.Sockaddr, error) {
	switch a := a.(type) {
	case *net.TCPAddr:
		return ipSockaddr(a, family)
	case *net.UnixAddr:
		return &unix.SockaddrUnix{Name: a.Name}, nil
	}
	return nil, &net.AddrError{Err: "unexpected address type", Addr: a.String()}
}

// ipSockaddr is sockaddr for TCP: whatever is in a, the system or this says what is
// wrong with it.
func ipSockaddr(a *net.TCPAddr, family int) (unix.Sockaddr, error) {
	ip := a.IP
	if family == unix.AF_INET {
		if len(ip) == 0 {
			ip = net.IPv4zero
		}
		if ip = ip.To4(); ip == nil {
			return nil, &net.AddrError{Err: "non-IPv4 address", Addr: a.IP.String()}
		}
		return &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(ip)}, nil
	}
	if len(ip) == 0 || ip.Equal(net.IPv4zero) {
		ip = net.IPv6zero
	}
	if ip = ip.To16(); ip == nil {
		return nil, &net.AddrError{Err: "non-IPv6 address", Addr: a.IP.String()}
	}
	return &unix.SockaddrInet6{Port: a.Port, Addr: [16]byte(ip), ZoneId: zoneIndex(a.Zone)}, nil
}
