package poll

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// The methods of net.UDPConn: of a PacketConn that is no UDP socket they fail with
// errors.ErrUnsupported. Those with an AddrPort allocate nothing.

// usable fails if the methods of the one kind or the other cannot be called.
func (c *PacketConn) usable(op string, udp bool) error {
	switch {
	case !c.ok():
		return syscall.EINVAL
	case c.isUDP() != udp:
		return c.fail(op, errors.ErrUnsupported)
	}
	return nil
}

// ReadFromUDP is ReadFrom that returns a UDP address.
func (c *PacketConn) ReadFromUDP(p []byte) (int, *net.UDPAddr, error) {
	n, from, err := c.ReadFromUDPAddrPort(p)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromUDPAddrPort is ReadFrom that returns an address of package netip. An IPv4
// address that an IPv6 socket has got a packet from is mapped: see netip.Addr.Unmap.
func (c *PacketConn) ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error) {
	if err := c.usable("read", true); err != nil {
		return 0, netip.AddrPort{}, err
	}
	n, from, err := c.m.readFromUDP(p)
	return n, from, c.fail("read", err)
}

// ReadMsgUDP waits for a packet, and returns its size, that of the out-of-band data
// which came with it, the flags of the system for it, and where it comes from.
// Packages ipv4 and ipv6 of golang.org/x/net read such data.
func (c *PacketConn) ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	n, oobn, flags, ap, err := c.ReadMsgUDPAddrPort(p, oob)
	if ap.IsValid() {
		from = net.UDPAddrFromAddrPort(ap)
	}
	return n, oobn, flags, from, err
}

// ReadMsgUDPAddrPort is ReadMsgUDP that returns an address of package netip.
func (c *PacketConn) ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	if err := c.usable("read", true); err != nil {
		return 0, 0, 0, netip.AddrPort{}, err
	}
	n, oobn, flags, from, err = c.m.readMsgUDP(p, oob)
	return n, oobn, flags, from, c.fail("read", err)
}

// WriteToUDP is WriteTo with a UDP address.
func (c *PacketConn) WriteToUDP(p []byte, to *net.UDPAddr) (int, error) {
	if err := c.usable("write", true); err != nil {
		return 0, err
	}
	n, err := c.m.writeToUDP(p, to)
	return n, c.failToUDP(to, err)
}

func (c *PacketConn) failToUDP(to *net.UDPAddr, err error) error {
	if to == nil || err == nil { // a nil one is no address
		return c.failTo("write", nil, err)
	}
	return c.failTo("write", to, err)
}

// WriteToUDPAddrPort is WriteTo with an address of package netip.
func (c *PacketConn) WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if err := c.usable("write", true); err != nil {
		return 0, err
	}
	n, err := c.m.writeToAddrPort(p, to)
	return n, c.failToAddrPort(to, err)
}

func (c *PacketConn) failToAddrPort(to netip.AddrPort, err error) error {
	if err == nil {
		return c.failTo("write", nil, nil)
	}
	return c.failTo("write", addrPortUDP{to}, err)
}

// addrPortUDP is an address of package netip in an error.
type addrPortUDP struct{ netip.AddrPort }

// Network implements net.Addr.
func (addrPortUDP) Network() string { return "udp" }

// WriteMsgUDP sends a packet with out-of-band data to an address, or if the socket has
// been dialed, to its peer: to must be nil then. It returns how much of both was sent.
func (c *PacketConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if err := c.usable("write", true); err != nil {
		return 0, 0, err
	}
	n, oobn, err = c.m.writeMsgUDP(p, oob, to)
	return n, oobn, c.failToUDP(to, err)
}

// WriteMsgUDPAddrPort is WriteMsgUDP with an address of package netip, of which the
// zero one is none.
func (c *PacketConn) WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	if err := c.usable("write", true); err != nil {
		return 0, 0, err
	}
	n, oobn, err = c.m.writeMsgAddrPort(p, oob, to)
	return n, oobn, c.failToAddrPort(to, err)
}
