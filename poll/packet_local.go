package poll

import (
	"errors"
	"net"
	goruntime "runtime"
	"syscall"
)

// The methods of net.UnixConn: of what is no unix socket they fail with
// errors.ErrUnsupported.

// ReadFromUnix is ReadFrom that returns the address of a unix socket, nil if the
// sender has no name.
func (c *PacketConn) ReadFromUnix(p []byte) (int, *net.UnixAddr, error) {
	if err := c.usable("read", false); err != nil {
		return 0, nil, err
	}
	n, from, err := c.m.readFromUnix(p)
	return n, from, c.fail("read", err)
}

// WriteToUnix is WriteTo with the address of a unix socket.
func (c *PacketConn) WriteToUnix(p []byte, to *net.UnixAddr) (int, error) {
	if err := c.usable("write", false); err != nil {
		return 0, err
	}
	n, err := c.m.writeToUnix(p, to)
	return n, c.failToUnix(to, err)
}

func (c *PacketConn) failToUnix(to *net.UnixAddr, err error) error {
	if to == nil || err == nil { // a nil one is no address
		return c.failTo("write", nil, err)
	}
	return c.failTo("write", to, err)
}

// ReadMsgUnix waits for a packet, and returns its size, that of the out-of-band data
// which came with it (descriptors: see syscall.ParseUnixRights), the flags of the
// system for it, and where it comes from.
func (c *PacketConn) ReadMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	if err := c.usable("read", false); err != nil {
		return 0, 0, 0, nil, err
	}
	n, oobn, flags, from, err = c.m.readMsgUnix(p, oob)
	return n, oobn, flags, from, c.fail("read", err)
}

// WriteMsgUnix sends a packet with out-of-band data, descriptors for instance, to the
// address of a unix socket. A socket that has been dialed sends none: it fails with
// net.ErrWriteToConnected, as in package net.
func (c *PacketConn) WriteMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	if err := c.usable("write", false); err != nil {
		return 0, 0, err
	}
	n, oobn, err = c.m.writeMsgUnix(p, oob, to)
	return n, oobn, c.failToUnix(to, err)
}

// envoy returns what sends and receives descriptors for a unix connection.
func (c *Conn) envoy(op string) (envoy, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	e, ok := c.s.(envoy)
	if form := formOf(c.network); !ok || form != formUnix && form != formUnixpacket {
		return nil, c.fail(op, errors.ErrUnsupported)
	}
	return e, nil
}

// ReadMsgUnix reads from a unix connection with the out-of-band data that has come
// beside what is read, descriptors for instance: see syscall.ParseUnixRights. It
// returns how much of both, the flags of the system for it, and the name of the
// sender, which is nil of a stream. If p is empty and oob is not, one byte is taken and
// lost. The end is an error that is io.EOF.
func (c *Conn) ReadMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	e, err := c.envoy("read")
	if err != nil {
		return 0, 0, 0, nil, err
	}
	n, oobn, flags, from, err = e.readMsgUnix(p, oob)
	goruntime.KeepAlive(c)
	if err != nil { // also the end, as in package net
		err = &net.OpError{Op: "read", Net: c.network, Source: c.s.local(), Addr: c.s.remote(), Err: err}
	}
	return n, oobn, flags, from, err
}

// WriteMsgUnix writes to a unix connection with out-of-band data, descriptors for
// instance. to is nil. If p is empty and oob is not, one byte is sent. It may write
// less than p, and says how much; oob has gone with the first byte.
func (c *Conn) WriteMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	e, err := c.envoy("write")
	if err != nil {
		return 0, 0, err
	}
	n, oobn, err = e.writeMsgUnix(p, oob, to)
	goruntime.KeepAlive(c)
	if err != nil {
		var addr net.Addr
		if to != nil {
			addr = to
		}
		err = &net.OpError{Op: "write", Net: c.network, Source: c.s.local(), Addr: addr, Err: err}
	}
	return n, oobn, err
}
