package poll

import (
	"errors"
	"io"
	"net"
	"net/netip"
)

// plainMailer implements mailer.
type plainMailer struct {
	plainStream
	udp *net.UDPConn // nil of a unix socket
}

// received is what a call of package net returns that gets something. What it says
// beside an error, but the end, is of no use to anybody: a size of −1, an address of
// zeros.
type received[A any] struct {
	n, oobn, flags int
	from           A
	err            error
}

func (r received[A]) or(none A) (n, oobn, flags int, from A, err error) {
	err = bare(r.err)
	if err != nil && err != io.EOF {
		return 0, 0, 0, none, err
	}
	return r.n, r.oobn, r.flags, r.from, err
}

// sent is the same of one that sends something.
type sent struct {
	n, oobn int
	err     error
}

func (s sent) all() (n, oobn int, err error) {
	if s.err != nil {
		return 0, 0, bare(s.err)
	}
	return s.n, s.oobn, nil
}

func (m *plainMailer) readFromUDP(p []byte) (int, netip.AddrPort, error) {
	n, _, _, from, err := call(func() (r received[netip.AddrPort]) {
		r.n, r.from, r.err = m.udp.ReadFromUDPAddrPort(p)
		return r
	}).or(netip.AddrPort{})
	return n, from, err
}

func (m *plainMailer) writeToUDP(p []byte, to *net.UDPAddr) (int, error) {
	n, _, err := call(func() (s sent) { s.n, s.err = m.udp.WriteToUDP(p, to); return s }).all()
	return n, err
}

func (m *plainMailer) writeToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	n, _, err := call(func() (s sent) { s.n, s.err = m.udp.WriteToUDPAddrPort(p, to); return s }).all()
	return n, err
}

func (m *plainMailer) readMsgUDP(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	return call(func() (r received[netip.AddrPort]) {
		r.n, r.oobn, r.flags, r.from, r.err = m.udp.ReadMsgUDPAddrPort(p, oob)
		return r
	}).or(netip.AddrPort{})
}

func (m *plainMailer) writeMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	return call(func() (s sent) { s.n, s.oobn, s.err = m.udp.WriteMsgUDP(p, oob, to); return s }).all()
}

func (m *plainMailer) writeMsgAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	return call(func() (s sent) { s.n, s.oobn, s.err = m.udp.WriteMsgUDPAddrPort(p, oob, to); return s }).all()
}

func (m *plainMailer) readFromUnix(p []byte) (int, *net.UnixAddr, error) {
	n, _, _, from, err := call(func() (r received[*net.UnixAddr]) {
		r.n, r.from, r.err = m.c.(*net.UnixConn).ReadFromUnix(p)
		return r
	}).or(nil)
	return n, from, err
}

func (m *plainMailer) writeToUnix(p []byte, to *net.UnixAddr) (int, error) {
	n, _, err := call(func() (s sent) { s.n, s.err = m.c.(*net.UnixConn).WriteToUnix(p, to); return s }).all()
	return n, err
}

// readMsgUnix implements envoy.
func (s *plainStream) readMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	c, ok := s.c.(*net.UnixConn)
	if !ok {
		return 0, 0, 0, nil, errors.ErrUnsupported
	}
	return call(func() (r received[*net.UnixAddr]) {
		r.n, r.oobn, r.flags, r.from, r.err = c.ReadMsgUnix(p, oob)
		return r
	}).or(nil)
}

// writeMsgUnix implements envoy.
func (s *plainStream) writeMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	c, ok := s.c.(*net.UnixConn)
	if !ok {
		return 0, 0, errors.ErrUnsupported
	}
	return call(func() (x sent) { x.n, x.oobn, x.err = c.WriteMsgUnix(p, oob, to); return x }).all()
}
