package sim

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A PacketConn sends and receives packets, which may be lost, and overtake each
// other. It is a net.PacketConn, and a net.Conn, if Dial made it.
type PacketConn struct {
	h       *Host
	at      netip.AddrPort
	peer    netip.AddrPort // of Dial
	queue   []packet
	closed  bool
	rd, wd  alarm
	readers line
}

var (
	_ net.PacketConn = (*PacketConn)(nil)
	_ net.Conn       = (*PacketConn)(nil)
)

type packet struct {
	data []byte
	from netip.AddrPort
}

const (
	mostQueued  = 256   // packets that wait to be read; more are lost
	largestData = 65507 // bytes
)

func (p *PacketConn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: p.LocalAddr(), Err: err}
}

// readable returns what a read would fail with, and whether one would not wait.
func (p *PacketConn) readable() (error, bool) {
	switch {
	case p.closed:
		return net.ErrClosed, true
	case p.rd.over(p.h):
		return errDeadline, true
	}
	return nil, len(p.queue) > 0
}

// ReadFrom implements net.PacketConn. What does not fit in b is lost.
func (p *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	inside("PacketConn.ReadFrom")
	point("PacketConn.ReadFrom", p)
	for {
		err, ready := p.readable()
		if err != nil {
			return 0, nil, p.opError("read", err)
		}
		if ready {
			x := p.queue[0]
			p.queue = p.queue[1:]
			return copy(b, x.data), net.UDPAddrFromAddrPort(x.from), nil
		}
		p.readers.wait(wait.Read)
	}
}

// Read implements net.Conn: only packets of the other side.
func (p *PacketConn) Read(b []byte) (int, error) {
	n, _, err := p.ReadFrom(b)
	return n, err
}

// WriteTo implements net.PacketConn. addr is a *net.UDPAddr, or one whose String is
// an address as in Dial.
func (p *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if addr == nil {
		return 0, p.opError("write", errMissing)
	}
	to, port, err := p.h.resolve(addr.String(), false)
	if err != nil {
		return 0, p.opError("write", err)
	}
	return p.write(b, netip.AddrPortFrom(to.ip, port))
}

// Write implements net.Conn.
func (p *PacketConn) Write(b []byte) (int, error) {
	if !p.peer.IsValid() {
		return 0, p.opError("write", errMissing)
	}
	return p.write(b, p.peer)
}

var errMissing = &net.AddrError{Err: "missing address"}

func (p *PacketConn) write(b []byte, at netip.AddrPort) (int, error) {
	inside("PacketConn.WriteTo")
	point("PacketConn.WriteTo", p)
	switch {
	case p.closed:
		return 0, p.opError("write", net.ErrClosed)
	case p.wd.over(p.h):
		return 0, p.opError("write", errDeadline)
	case len(b) > largestData:
		return 0, p.opError("write", &net.AddrError{Err: "packet too large"})
	}
	if p.h.down {
		return len(b), nil
	}
	for _, to := range p.h.n.hosts {
		if to.ip == at.Addr() {
			x := packet{slices.Clone(b), p.at}
			p.h.n.link(p.h, to).packet(p.h, func() { to.receive(x, at.Port()) })
		}
	}
	return len(b), nil
}

// receive takes in a packet that has come to a port.
func (h *Host) receive(x packet, port uint16) {
	p := h.packet(port)
	if h.down || p == nil || len(p.queue) >= mostQueued || p.peer.IsValid() && p.peer != x.from {
		return
	}
	p.queue = append(p.queue, x)
	p.readers.wake()
}

// Close implements net.PacketConn.
func (p *PacketConn) Close() error {
	inside("PacketConn.Close")
	if p.closed {
		return p.opError("close", net.ErrClosed)
	}
	p.shut()
	simhook.Woke()
	return nil
}

func (p *PacketConn) shut() {
	p.closed = true
	p.h.packets = slices.DeleteFunc(p.h.packets, func(x *PacketConn) bool { return x == p })
	p.readers.wake()
}

// ReadableOp is ready when a read would not wait, with the error that it would fail
// with, if any.
func (p *PacketConn) ReadableOp() cml.Op[error] { return readyOp(&p.readers, p.readable) }

// LocalAddr implements net.PacketConn.
func (p *PacketConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.at) }

// RemoteAddr implements net.Conn; it is nil unless Dial made p.
func (p *PacketConn) RemoteAddr() net.Addr {
	if !p.peer.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(p.peer)
}

// SetDeadline implements net.PacketConn; t is by the clock of the host.
func (p *PacketConn) SetDeadline(t time.Time) error {
	_ = p.SetReadDeadline(t)
	return p.SetWriteDeadline(t)
}

// SetReadDeadline implements net.PacketConn.
func (p *PacketConn) SetReadDeadline(t time.Time) error {
	p.rd.to(p.h, t, &p.readers)
	return nil
}

// SetWriteDeadline implements net.PacketConn.
func (p *PacketConn) SetWriteDeadline(t time.Time) error {
	var nobody line
	p.wd.to(p.h, t, &nobody)
	return nil
}
