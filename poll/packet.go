package poll

import (
	"context"
	"net"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll/epoll"
)

// A PacketConn is a socket for packets, UDP or unixgram: a net.PacketConn, and if
// it has been dialed a net.Conn, whose waits park the calling fiber, or goroutine,
// alone. Its methods may be called at the same time.
type PacketConn struct {
	m       mailer
	network string
}

// ListenPacket makes a socket that receives packets at an address, on the network
// "udp", "udp4", "udp6" or "unixgram". Addresses are those of net.ListenPacket. The
// file of a unix socket stays when it is closed, as in package net.
func ListenPacket(network, addr string) (*PacketConn, error) {
	return new(ListenConfig).ListenPacket(context.Background(), network, addr)
}

func newPacketConn(m mailer, network string) *PacketConn {
	c := &PacketConn{m: m, network: network}
	goruntime.SetFinalizer(c, func(c *PacketConn) { go c.m.close() })
	return c
}

func (c *PacketConn) fail(op string, addr net.Addr, err error) error {
	if err == nil {
		return nil
	}
	if addr == nil {
		addr = c.m.remote()
	}
	return opError(op, c.network, c.m.local(), addr, err)
}

func (c *PacketConn) set(err error) error {
	if err == nil {
		return nil
	}
	return opError("set", c.network, nil, c.m.local(), err)
}

// ReadFrom waits for a packet, and returns its size and where it comes from. What
// of it does not fit into p is lost.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.m.readFrom(p)
	goruntime.KeepAlive(c)
	return n, from, c.fail("read", nil, err)
}

// WriteTo sends p as a packet to an address. A socket that has been dialed has its
// address already: WriteTo fails with net.ErrWriteToConnected, and Write sends.
func (c *PacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if to == nil {
		return 0, c.fail("write", nil, errMissingAddress)
	}
	n, err := c.m.writeTo(p, to)
	goruntime.KeepAlive(c)
	return n, c.fail("write", to, err)
}

var errMissingAddress = &net.AddrError{Err: "missing address"}

// Read is ReadFrom for a socket that has been dialed.
func (c *PacketConn) Read(p []byte) (int, error) {
	n, _, err := c.m.readFrom(p)
	goruntime.KeepAlive(c)
	return n, c.fail("read", nil, err)
}

// Write sends p as a packet to the peer of a socket that has been dialed.
func (c *PacketConn) Write(p []byte) (int, error) {
	n, err := c.m.writeTo(p, nil)
	goruntime.KeepAlive(c)
	return n, c.fail("write", nil, err)
}

// Close closes the socket. All who wait are woken with net.ErrClosed.
func (c *PacketConn) Close() error {
	if err := c.m.close(); err != nil {
		return c.fail("close", nil, err)
	}
	goruntime.SetFinalizer(c, nil)
	return nil
}

// LocalAddr returns the address of this side.
func (c *PacketConn) LocalAddr() net.Addr { return c.m.local() }

// RemoteAddr returns the address of the peer, nil if it has not been dialed.
func (c *PacketConn) RemoteAddr() net.Addr { return c.m.remote() }

// SetDeadline sets the deadlines of reads and writes: see Conn.SetDeadline.
func (c *PacketConn) SetDeadline(t time.Time) error { return c.set(c.m.setDeadline(t, true, true)) }

// SetReadDeadline is SetDeadline for reads alone.
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	return c.set(c.m.setDeadline(t, true, false))
}

// SetWriteDeadline is SetDeadline for writes alone.
func (c *PacketConn) SetWriteDeadline(t time.Time) error {
	return c.set(c.m.setDeadline(t, false, true))
}

// ReadableOp returns the operation that is ready when there is a packet, or an
// error: see Conn.ReadableOp.
func (c *PacketConn) ReadableOp() cml.Op[error] {
	return cml.Wrap(c.m.ready(epoll.In), func(err error) error { return c.fail("read", nil, err) })
}

// WritableOp returns the operation that is ready when there is room for a packet.
func (c *PacketConn) WritableOp() cml.Op[error] {
	return cml.Wrap(c.m.ready(epoll.Out), func(err error) error { return c.fail("write", nil, err) })
}

// SyscallConn implements syscall.Conn: see Conn.SyscallConn. The functions that are
// given to it must not close the socket.
func (c *PacketConn) SyscallConn() (syscall.RawConn, error) {
	r, err := own(c.m, c, func(op string, err error) error {
		if op == "raw-control" && err != nil {
			return opError(op, c.network, nil, c.m.local(), err)
		}
		return c.fail(op, nil, err)
	})
	return r, c.fail("raw-control", nil, err)
}
