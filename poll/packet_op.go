package poll

import (
	"net"
	"syscall"

	"github.com/seed222ee791/fibers/cml"
)

// A Packet is what RecvFromOp gives.
type Packet struct {
	Data []byte
	From net.Addr // a *net.UDPAddr or *net.UnixAddr; nil if the sender has no name
	Err  error
}

// RecvFromOp returns the operation that takes a packet, and is ready when there is one: see
// ReadFrom. What of it is beyond max bytes is lost. If it loses it has taken none: a packet
// that was on its way to it goes, whole but without its out-of-band data, to the next who receives, by whatever call; one
// who reads by way of SyscallConn, or in the portable backend waits in a call already, does not see it.
func (c *PacketConn) RecvFromOp(max int) cml.Op[Packet] {
	if max < 0 {
		panic("poll: RecvFromOp of a negative number of bytes")
	}
	if !c.ok() {
		return cml.Always(Packet{Err: syscall.EINVAL})
	}
	return cml.Wrap(c.m.recvOp(max), func(l letter) Packet {
		return Packet{Data: l.data, From: l.from, Err: c.fail("read", l.err)}
	})
}

// SendToOp returns the operation that sends p as a packet, and is ready when there is room
// for it: see WriteTo; its value is nil or why it could not. If it loses nothing has been sent.
// to is nil for a socket that has been dialed. p must not be changed until the operation is
// over. Where there is room here, but none at the receiver, a unix socket, it may fail with EAGAIN; in
// the portable backend it may wait a little after it has committed, if another was faster.
func (c *PacketConn) SendToOp(p []byte, to net.Addr) cml.Op[error] {
	if !c.ok() {
		return cml.Always[error](syscall.EINVAL)
	}
	return cml.Wrap(c.m.sendOp(p, to), func(err error) error {
		if to == nil {
			return c.fail("write", err)
		}
		return c.failTo("write", to, err)
	})
}
