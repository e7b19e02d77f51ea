package poll

import (
	"io"
	"net"
	"os"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// A Conn is a stream connection, TCP or unix: a net.Conn whose waits park the
// calling fiber, or goroutine, alone. Its methods may be called at the same time;
// writes do not mix. One that is forgotten is closed by the garbage collector. The
// methods of a nil one fail with syscall.EINVAL.
type Conn struct {
	s       stream
	network string
}

// newConn takes over s.
func newConn(s stream, network string) *Conn {
	c := &Conn{s: s, network: network}
	goruntime.SetFinalizer(c, func(c *Conn) { go c.s.close() })
	return c
}

// ok reports whether there is a connection at all.
func (c *Conn) ok() bool { return c != nil && c.s != nil }

func (c *Conn) fail(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return opError(op, c.network, c.s.local(), c.s.remote(), err)
}

// set is fail for deadlines and buffers, where package net leaves the peer out.
func (c *Conn) set(err error) error { return c.about("set", err) }

// about is fail for what has to do with this side alone.
func (c *Conn) about(op string, err error) error {
	if err == nil {
		return nil
	}
	return opError(op, c.network, nil, c.s.local(), err)
}

// Read reads up to len(p) bytes and waits until there is at least one. At the end
// of the peer's side it returns io.EOF. The read deadline and Close end the wait.
func (c *Conn) Read(p []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.s.read(p)
	goruntime.KeepAlive(c)
	if err != nil {
		err = c.fail("read", err)
	}
	return n, err
}

// Write writes all of p, waiting as often as the peer does not read. The write
// deadline and Close end that; then it says how much was written.
func (c *Conn) Write(p []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.s.write(p)
	goruntime.KeepAlive(c)
	if err != nil {
		err = c.fail("write", err)
	}
	return n, err
}

// TryRead is Read that does not wait: if there is nothing to be read, and neither the
// end nor an error, it reports false and has done nothing. Where the system has no means
// to know (systems that are not unix), it fails with errors.ErrUnsupported.
func (c *Conn) TryRead(p []byte) (n int, ok bool, err error) { return c.tryRead(p, true) }

func (c *Conn) tryRead(p []byte, ask bool) (n int, ok bool, err error) {
	if !c.ok() {
		return 0, true, syscall.EINVAL
	}
	n, ok, err = c.s.tryRead(p, ask)
	goruntime.KeepAlive(c)
	if err != nil {
		err = c.fail("read", err)
	}
	return n, ok, err
}

// TryWrite is Write that does not wait: it writes as much of p as there is room for,
// and says how much. It reports false if that was nothing: there is no room, or
// another call is writing. See TryRead.
func (c *Conn) TryWrite(p []byte) (n int, ok bool, err error) { return c.tryWrite(p, true) }

func (c *Conn) tryWrite(p []byte, ask bool) (n int, ok bool, err error) {
	if !c.ok() {
		return 0, true, syscall.EINVAL
	}
	n, ok, err = c.s.tryWrite(p, ask)
	goruntime.KeepAlive(c)
	if err != nil {
		err = c.fail("write", err)
	}
	return n, ok, err
}

// promptly returns the stream, if it is prompt.
func (c *Conn) promptly() (p prompt, ok bool) {
	if !c.ok() {
		return nil, false
	}
	p, ok = c.s.(prompt)
	return p, ok
}

// Close closes the connection. All who wait for it are woken with net.ErrClosed;
// when Close returns, the descriptor is closed. What was written is still sent.
func (c *Conn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	err := c.s.close()
	if err != nil {
		return c.fail("close", err)
	}
	goruntime.SetFinalizer(c, nil)
	return nil
}

// CloseRead shuts the reading side: reads find the end.
func (c *Conn) CloseRead() error { return c.shutdown(epoll.In) }

// CloseWrite shuts the writing side: the peer finds the end when it has read what
// was written. Reads go on.
func (c *Conn) CloseWrite() error { return c.shutdown(epoll.Out) }

func (c *Conn) shutdown(dir epoll.Direction) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	err := c.s.shutdown(dir)
	goruntime.KeepAlive(c)
	return c.fail("close", err)
}

// LocalAddr returns the address of this side.
func (c *Conn) LocalAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	a := c.s.local()
	goruntime.KeepAlive(c)
	return a
}

// RemoteAddr returns the address of the peer, also when that is gone.
func (c *Conn) RemoteAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	a := c.s.remote()
	goruntime.KeepAlive(c)
	return a
}

// SetDeadline sets the deadlines of reads and writes. When one is over, those that
// wait and those that come fail, with an error that is os.ErrDeadlineExceeded and
// whose Timeout is true, until it is set anew. The zero time is none. A time without
// a monotonic reading is taken by the wall clock as it is now; steps of that clock
// afterwards do not move the deadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadline(t, true, true) }

// SetReadDeadline is SetDeadline for reads alone.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(t, true, false) }

// SetWriteDeadline is SetDeadline for writes alone.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(t, false, true) }

func (c *Conn) setDeadline(t time.Time, in, out bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	err := c.s.setDeadline(t, in, out)
	goruntime.KeepAlive(c)
	return c.set(err)
}

// ReadableOp returns the operation that is ready when Read would not wait: there
// is something to read, or the end, or an error. Its value is nil, or the error if
// the connection is closed or the deadline over. Another may read before its
// performer does.
func (c *Conn) ReadableOp() cml.Op[error] { return c.ready(epoll.In, "read") }

// WritableOp returns the operation that is ready when Write would not wait, at
// least with a little: see ReadableOp.
func (c *Conn) WritableOp() cml.Op[error] { return c.ready(epoll.Out, "write") }

func (c *Conn) ready(dir epoll.Direction, name string) cml.Op[error] {
	if !c.ok() {
		return cml.Always[error](syscall.EINVAL)
	}
	return cml.Wrap(c.s.ready(dir), func(err error) error { return c.fail(name, err) })
}

// SyscallConn implements syscall.Conn. A function that is given to Read or Write of
// what it returns is called at once, whatever is there to be read, and then after
// each event until it returns true; it must not close the connection. What it
// returns keeps the connection from being collected.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	r, err := own(c.s, c, func(op string, err error) error {
		if op == "raw-control" {
			return c.about(op, err)
		}
		return c.fail(op, err)
	})
	return r, c.fail("raw-control", err)
}

// File returns an os.File with a descriptor of its own for the same connection, as
// that of package net does: closing one does not close the other, but what is set by
// one, as that it is blocking, which Fd of the file does, holds for both.
func (c *Conn) File() (*os.File, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	f, err := c.s.file()
	goruntime.KeepAlive(c)
	return f, c.fail("file", err)
}
