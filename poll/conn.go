package poll

import (
	"io"
	"net"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll/epoll"
)

// A Conn is a stream connection, TCP or unix: a net.Conn whose waits park the
// calling fiber, or goroutine, alone. Its methods may be called at the same time;
// writes do not mix. One that is forgotten is closed by the garbage collector.
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

func (c *Conn) fail(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return opError(op, c.network, c.s.local(), c.s.remote(), err)
}

// set is fail for deadlines and buffers, where package net leaves the peer out.
func (c *Conn) set(err error) error {
	if err == nil {
		return nil
	}
	return opError("set", c.network, nil, c.s.local(), err)
}

// Read reads up to len(p) bytes and waits until there is at least one. At the end
// of the peer's side it returns io.EOF. The read deadline and Close end the wait.
func (c *Conn) Read(p []byte) (int, error) {
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
	n, err := c.s.write(p)
	goruntime.KeepAlive(c)
	if err != nil {
		err = c.fail("write", err)
	}
	return n, err
}

// Close closes the connection. All who wait for it are woken with net.ErrClosed;
// when Close returns, the descriptor is closed. What was written is still sent.
func (c *Conn) Close() error {
	err := c.s.close()
	if err != nil {
		return c.fail("close", err)
	}
	goruntime.SetFinalizer(c, nil)
	return nil
}

// CloseRead shuts the reading side: reads find the end.
func (c *Conn) CloseRead() error { return c.fail("close", c.s.shutdown(epoll.In)) }

// CloseWrite shuts the writing side: the peer finds the end when it has read what
// was written. Reads go on.
func (c *Conn) CloseWrite() error { return c.fail("close", c.s.shutdown(epoll.Out)) }

// LocalAddr returns the address of this side.
func (c *Conn) LocalAddr() net.Addr { return c.s.local() }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.s.remote() }

// SetDeadline sets the deadlines of reads and writes. When one is over, those that
// wait and those that come fail, with an error that is os.ErrDeadlineExceeded and
// whose Timeout is true, until it is set anew. The zero time is none.
func (c *Conn) SetDeadline(t time.Time) error { return c.set(c.s.setDeadline(t, true, true)) }

// SetReadDeadline is SetDeadline for reads alone.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.set(c.s.setDeadline(t, true, false)) }

// SetWriteDeadline is SetDeadline for writes alone.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.set(c.s.setDeadline(t, false, true)) }

// ReadableOp returns the operation that is ready when Read would not wait: there
// is something to read, or the end, or an error. Its value is nil, or the error if
// the connection is closed or the deadline over. Another may read before its
// performer does.
func (c *Conn) ReadableOp() cml.Op[error] {
	return cml.Wrap(c.s.ready(epoll.In), func(err error) error { return c.fail("read", err) })
}

// WritableOp returns the operation that is ready when Write would not wait, at
// least with a little: see ReadableOp.
func (c *Conn) WritableOp() cml.Op[error] {
	return cml.Wrap(c.s.ready(epoll.Out), func(err error) error { return c.fail("write", err) })
}

// SyscallConn implements syscall.Conn. A function that is given to Read or Write of
// what it returns is called at once, whatever is there to be read, and then after
// each event until it returns true; it must not close the connection. What it
// returns keeps the connection from being collected.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	r, err := own(c.s, c, func(op string, err error) error {
		if op == "raw-control" && err != nil {
			return opError(op, c.network, nil, c.s.local(), err)
		}
		return c.fail(op, err)
	})
	return r, c.fail("raw-control", err)
}

// SetNoDelay says whether small writes are sent at once, which they are unless
// this says otherwise. TCP alone.
func (c *Conn) SetNoDelay(on bool) error { return c.fail("set", c.s.options().SetNoDelay(on)) }

// SetKeepAlive says whether the system asks now and then whether the peer is
// there, which it does unless this says otherwise. TCP alone.
func (c *Conn) SetKeepAlive(on bool) error { return c.fail("set", c.s.options().SetKeepAlive(on)) }

// SetKeepAlivePeriod says how long the connection is silent before it asks, and
// between two times. TCP alone.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.fail("set", c.s.options().SetKeepAlivePeriod(d))
}

// SetKeepAliveConfig sets all that belongs to this, as in package net. TCP alone.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.fail("set", c.s.options().SetKeepAliveConfig(config))
}

// SetLinger says what Close does with data that is not sent yet: with sec < 0 it
// goes on being sent, with 0 it is dropped and the peer gets a reset, with more
// Close may block for as long, with its thread. TCP alone.
func (c *Conn) SetLinger(sec int) error { return c.fail("set", c.s.options().SetLinger(sec)) }

// SetReadBuffer sets the size in bytes of the system's buffer for what comes in.
func (c *Conn) SetReadBuffer(bytes int) error { return c.set(c.s.options().SetReadBuffer(bytes)) }

// SetWriteBuffer sets the size in bytes of the system's buffer for what goes out.
func (c *Conn) SetWriteBuffer(bytes int) error { return c.set(c.s.options().SetWriteBuffer(bytes)) }

// copyBuffer is what ReadFrom and WriteTo use.
const copyBuffer = 32 << 10

// ReadFrom writes what it reads from r until the end: io.Copy calls it.
func (c *Conn) ReadFrom(r io.Reader) (n int64, err error) { return pump(c, r) }

// WriteTo reads to the end and writes it to w: io.Copy calls it.
func (c *Conn) WriteTo(w io.Writer) (n int64, err error) { return pump(w, c) }

// pump is io.Copy that does not ask its parties to do it.
func pump(w io.Writer, r io.Reader) (n int64, err error) {
	buf := make([]byte, copyBuffer)
	for {
		got, err := r.Read(buf)
		if got > 0 {
			put, err := w.Write(buf[:got])
			n += int64(put)
			if err != nil {
				return n, err
			}
			if put < got {
				return n, io.ErrShortWrite
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
