package poll

import (
	"context"
	"errors"
	"net"
	"os"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
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

// ok reports whether there is a socket at all.
func (c *PacketConn) ok() bool { return c != nil && c.m != nil }

func (c *PacketConn) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return c.failTo(op, c.m.remote(), err)
}

// failTo is fail for what was meant for an address, which may be none.
func (c *PacketConn) failTo(op string, to net.Addr, err error) error {
	goruntime.KeepAlive(c)
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: c.network, Source: c.m.local(), Addr: to, Err: err}
}

// about is fail for what has to do with this side alone.
func (c *PacketConn) about(op string, err error) error {
	goruntime.KeepAlive(c)
	if err == nil {
		return nil
	}
	return opError(op, c.network, nil, c.m.local(), err)
}

// isUDP reports whether the socket is one of UDP; otherwise it is a unix socket.
func (c *PacketConn) isUDP() bool { return formOf(c.network) == formUDP }

// ReadFrom waits for a packet, and returns its size and where it comes from, nil if
// the sender is a unix socket without a name. What of it does not fit into p is lost.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	if c.isUDP() {
		if n, from, err := c.ReadFromUDP(p); err == nil {
			return n, from, nil
		} else {
			return 0, nil, err
		}
	}
	n, from, err := c.ReadFromUnix(p)
	if from == nil {
		return n, nil, err
	}
	return n, from, err
}

// WriteTo sends p as a packet to an address, which is of the type for the network. A
// socket that has been dialed has its address already: WriteTo fails with
// net.ErrWriteToConnected, and Write sends.
func (c *PacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	switch a := to.(type) {
	case *net.UDPAddr:
		if c.isUDP() {
			return c.WriteToUDP(p, a)
		}
	case *net.UnixAddr:
		if !c.isUDP() {
			return c.WriteToUnix(p, a)
		}
	}
	return 0, c.failTo("write", to, syscall.EINVAL)
}

var errMissingAddress = errors.New("missing address")

// Read is ReadFrom for a socket that has been dialed. If p is empty it does not wait
// and takes nothing.
func (c *PacketConn) Read(p []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.m.read(p)
	return n, c.fail("read", err)
}

// Write sends p as a packet to the peer of a socket that has been dialed.
func (c *PacketConn) Write(p []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.m.write(p)
	return n, c.fail("write", err)
}

// Close closes the socket. All who wait are woken with net.ErrClosed.
func (c *PacketConn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.m.close(); err != nil {
		return c.fail("close", err)
	}
	goruntime.SetFinalizer(c, nil)
	return nil
}

// LocalAddr returns the address of this side.
func (c *PacketConn) LocalAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	a := c.m.local()
	goruntime.KeepAlive(c)
	return a
}

// RemoteAddr returns the address of the peer, nil if it has not been dialed.
func (c *PacketConn) RemoteAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	a := c.m.remote()
	goruntime.KeepAlive(c)
	return a
}

// SetDeadline sets the deadlines of reads and writes: see Conn.SetDeadline.
func (c *PacketConn) SetDeadline(t time.Time) error { return c.setDeadline(t, true, true) }

// SetReadDeadline is SetDeadline for reads alone.
func (c *PacketConn) SetReadDeadline(t time.Time) error { return c.setDeadline(t, true, false) }

// SetWriteDeadline is SetDeadline for writes alone.
func (c *PacketConn) SetWriteDeadline(t time.Time) error { return c.setDeadline(t, false, true) }

func (c *PacketConn) setDeadline(t time.Time, in, out bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.about("set", c.m.setDeadline(t, in, out))
}

// SetReadBuffer sets the size in bytes of the system's buffer for packets that have
// come and not been read: what does not fit is lost, if it is UDP.
func (c *PacketConn) SetReadBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.about("set", c.m.options().SetReadBuffer(bytes))
}

// SetWriteBuffer sets the size in bytes of the system's buffer for packets that have
// not been sent.
func (c *PacketConn) SetWriteBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.about("set", c.m.options().SetWriteBuffer(bytes))
}

// ReadableOp returns the operation that is ready when there is a packet, or an
// error: see Conn.ReadableOp.
func (c *PacketConn) ReadableOp() cml.Op[error] { return c.ready(epoll.In, "read") }

// WritableOp returns the operation that is ready when there is room for a packet.
func (c *PacketConn) WritableOp() cml.Op[error] { return c.ready(epoll.Out, "write") }

func (c *PacketConn) ready(dir epoll.Direction, name string) cml.Op[error] {
	if !c.ok() {
		return cml.Always[error](syscall.EINVAL)
	}
	return cml.Wrap(c.m.ready(dir), func(err error) error { return c.fail(name, err) })
}

// SyscallConn implements syscall.Conn: see Conn.SyscallConn. The functions that are
// given to it must not close the socket.
func (c *PacketConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	r, err := own(c.m, c, func(op string, err error) error {
		if op == "raw-control" {
			return c.about(op, err)
		}
		return c.fail(op, bare(err))
	})
	return r, c.fail("raw-control", err)
}

// File returns an os.File with a descriptor of its own for the same socket: see
// Conn.File.
func (c *PacketConn) File() (*os.File, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	f, err := c.m.file()
	return f, c.fail("file", err)
}
