package poll

import (
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A sockname is an address as the system wants it. Its zero value is none.
type sockname struct {
	raw  syscall.RawSockaddrAny
	size uint32
	bad  bool // no system would take it: the call fails, without being made, with EINVAL
}

// setUDP puts an address of package net in, for a socket of a family: a wildcard is
// that of the family.
func (s *sockname) setUDP(a *net.UDPAddr, family uint16) error {
	ip := a.IP
	if family == unix.AF_INET {
		if len(ip) == 0 {
			ip = net.IPv4zero
		}
		if ip = ip.To4(); ip == nil {
			return &net.AddrError{Err: "non-IPv4 address", Addr: a.IP.String()}
		}
		s.set4([4]byte(ip), a.Port)
		return nil
	}
	if len(ip) == 0 || ip.Equal(net.IPv4zero) {
		ip = net.IPv6zero
	}
	if ip = ip.To16(); ip == nil {
		return &net.AddrError{Err: "non-IPv6 address", Addr: a.IP.String()}
	}
	s.set6([16]byte(ip), a.Port, a.Zone)
	return nil
}

// setAddrPort is setUDP for an address that knows its family.
func (s *sockname) setAddrPort(a netip.AddrPort, family uint16) error {
	ip := a.Addr()
	if family == unix.AF_INET {
		if !ip.Is4() && !ip.Is4In6() {
			return &net.AddrError{Err: "non-IPv4 address", Addr: ip.String()}
		}
		s.set4(ip.As4(), int(a.Port()))
		return nil
	}
	s.set6(ip.As16(), int(a.Port()), ip.Zone())
	return nil
}

func (s *sockname) set4(ip [4]byte, port int) {
	sa := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&s.raw))
	sa.Family, sa.Addr, s.size = unix.AF_INET, ip, syscall.SizeofSockaddrInet4
	s.setPort(&sa.Port, port)
}

func (s *sockname) set6(ip [16]byte, port int, zone string) {
	sa := (*syscall.RawSockaddrInet6)(unsafe.Pointer(&s.raw))
	sa.Family, sa.Addr, s.size = unix.AF_INET6, ip, syscall.SizeofSockaddrInet6
	sa.Scope_id = zoneIndex(zone)
	s.setPort(&sa.Port, port)
}

func (s *sockname) setPort(to *uint16, port int) {
	s.bad = port < 0 || port > 0xFFFF
	b := (*[2]byte)(unsafe.Pointer(to))
	b[0], b[1] = byte(port>>8), byte(port)
}

// setUnix puts the name of a unix socket in; @ begins an abstract one.
func (s *sockname) setUnix(name string) {
	sa := (*syscall.RawSockaddrUnix)(unsafe.Pointer(&s.raw))
	path := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path[0])), len(sa.Path))
	if len(name) > len(path) || len(name) == len(path) && name[0] != '@' && name[0] != 0 {
		s.bad = true
		return
	}
	sa.Family = unix.AF_UNIX
	copy(path, name)
	const family = 2
	switch {
	case name == "":
		s.size = family
	case name[0] == '@' || name[0] == 0:
		path[0] = 0
		s.size = family + uint32(len(name)) // its length tells where it ends
	default:
		s.size = family + uint32(len(name)) + 1
	}
}
