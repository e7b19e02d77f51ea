package poll

import (
	"net"
	goruntime "runtime"
	"syscall"
	"time"
)

// option sets an option of a TCP connection.
func (c *Conn) option(set func(o options) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	err := set(c.s.options())
	goruntime.KeepAlive(c)
	return c.fail("set", err)
}

// SetNoDelay says whether small writes are sent at once, which they are unless
// this says otherwise. TCP alone.
func (c *Conn) SetNoDelay(on bool) error {
	return c.option(func(o options) error { return o.SetNoDelay(on) })
}

// SetKeepAlive says whether the system asks now and then whether the peer is
// there, which it does unless this says otherwise. TCP alone.
func (c *Conn) SetKeepAlive(on bool) error {
	return c.option(func(o options) error { return o.SetKeepAlive(on) })
}

// SetKeepAlivePeriod says how long the connection is silent before the system asks;
// zero is 15 s, and negative changes nothing. The time between two questions is that
// of SetKeepAliveConfig. TCP alone.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.option(func(o options) error { return o.SetKeepAlivePeriod(d) })
}

// SetKeepAliveConfig sets all that belongs to this, as in package net. TCP alone.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.option(func(o options) error { return o.SetKeepAliveConfig(config) })
}

// SetLinger says what Close does with data that is not sent yet: with sec < 0 it
// goes on being sent, with 0 it is dropped and the peer gets a reset, with more
// Close may block for as long, with its thread. TCP alone.
func (c *Conn) SetLinger(sec int) error {
	return c.option(func(o options) error { return o.SetLinger(sec) })
}

// SetReadBuffer sets the size in bytes of the system's buffer for what comes in.
func (c *Conn) SetReadBuffer(bytes int) error {
	return c.buffer(func(o options) error { return o.SetReadBuffer(bytes) })
}

// SetWriteBuffer sets the size in bytes of the system's buffer for what goes out.
func (c *Conn) SetWriteBuffer(bytes int) error {
	return c.buffer(func(o options) error { return o.SetWriteBuffer(bytes) })
}

func (c *Conn) buffer(set func(o options) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	err := set(c.s.options())
	goruntime.KeepAlive(c)
	return c.set(err)
}

// MultipathTCP reports whether the connection speaks Multipath TCP; Linux tells from
// 5.16 on.
func (c *Conn) MultipathTCP() (bool, error) {
	if !c.ok() {
		return false, syscall.EINVAL
	}
	on, err := c.s.options().MultipathTCP()
	goruntime.KeepAlive(c)
	return on, c.fail("get", err)
}
