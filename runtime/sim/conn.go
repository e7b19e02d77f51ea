package sim

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Conn is one end of a simulated connection. It is a net.Conn, and has what
// connections of package poll have beside that: CloseRead, CloseWrite, ReadableOp,
// WritableOp.
type Conn struct {
	h             *Host
	local, remote netip.AddrPort
	link          *Link
	peer          *Conn
	in            inbox
	out           outbox
	closed        bool
	readShut      bool
	broken        error // it was reset
	rd, wd        alarm
	readers       line
	writers       line
}

var _ net.Conn = (*Conn)(nil)

// An inbox is what comes in.
type inbox struct {
	queue []*segment // on their way, in order
	buf   []byte
	fin   bool
}

// An outbox is what goes out.
type outbox struct {
	unread int // bytes sent that the other side has not read
	shut   bool
	stall  func() bool // stops the clock of a segment that does not arrive
}

// A segment is a piece of a stream.
type segment struct {
	data    []byte
	fin     bool
	arrived bool
}

// newPair makes a connection between two hosts.
func newPair(a, b *Host, from, to netip.AddrPort) (*Conn, *Conn) {
	l := a.n.link(a, b)
	x := &Conn{h: a, local: from, remote: to, link: l}
	y := &Conn{h: b, local: to, remote: from, link: l, peer: x}
	x.peer = y
	a.conns = append(a.conns, x)
	b.conns = append(b.conns, y)
	return x, y
}

func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// readable returns what a Read would fail with, and whether one would not wait.
func (c *Conn) readable() (error, bool) {
	switch {
	case c.closed:
		return net.ErrClosed, true
	case c.rd.over(c.h):
		return errDeadline, true
	case len(c.in.buf) > 0:
		return nil, true
	case c.broken != nil:
		return c.broken, true
	case c.in.fin || c.readShut:
		return io.EOF, true
	}
	return nil, false
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	inside("Conn.Read")
	point("Conn.Read", c)
	for {
		err, ready := c.readable()
		switch {
		case err != nil:
			return 0, c.opError("read", err)
		case len(p) == 0:
			return 0, nil
		case ready:
			n := copy(p, c.in.buf)
			c.in.buf = c.in.buf[n:]
			if len(c.in.buf) == 0 {
				c.in.buf = nil
			}
			c.peer.out.unread -= n
			c.peer.writers.wake()
			return n, nil
		}
		c.readers.wait(wait.Read)
	}
}

// writable returns what a Write would fail with, and whether one would not wait.
func (c *Conn) writable() (error, bool) {
	switch {
	case c.closed:
		return net.ErrClosed, true
	case c.wd.over(c.h):
		return errDeadline, true
	case c.broken != nil:
		return c.broken, true
	case c.out.shut:
		return errPipe, true
	}
	return nil, c.out.unread < c.link.window
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (done int, err error) {
	inside("Conn.Write")
	point("Conn.Write", c)
	for {
		err, ready := c.writable()
		switch {
		case err != nil:
			return done, c.opError("write", err)
		case done == len(p):
			return done, nil
		case ready:
			n := min(len(p)-done, c.link.window-c.out.unread)
			c.out.unread += n
			c.send(&segment{data: slices.Clone(p[done : done+n])})
			done += n
			continue
		}
		c.writers.wait(wait.Write)
	}
}

// send sends a segment to the other side, which gets it after those before it.
func (c *Conn) send(s *segment) {
	if c.h.down { // what a crashed host sends does not leave it
		return
	}
	to := c.peer
	to.in.queue = append(to.in.queue, s)
	if c.out.stall == nil {
		c.watchStall()
	}
	c.link.send(c.h, func() {
		s.arrived = true
		to.arrived()
	})
}

// watchStall breaks the connection if nothing gets across for long.
func (c *Conn) watchStall() {
	first := c.peer.in.queue[0]
	c.out.stall = c.h.n.r.engine.AfterFunc(giveUpAfter, func() {
		c.out.stall = nil
		q := c.peer.in.queue
		switch {
		case c.closed || c.broken != nil || len(q) == 0:
		case q[0] == first:
			c.reset(errTimeout)
		default:
			c.watchStall()
		}
	})
}

// arrived takes in what has come, in order.
func (c *Conn) arrived() {
	changed := false
	for len(c.in.queue) > 0 && c.in.queue[0].arrived {
		s := c.in.queue[0]
		c.in.queue = c.in.queue[1:]
		changed = true
		switch {
		case c.broken != nil || c.h.down:
		case c.closed && len(s.data) > 0:
			c.bounce()
		default:
			c.in.buf = append(c.in.buf, s.data...)
			c.in.fin = c.in.fin || s.fin
		}
	}
	if changed {
		if len(c.in.queue) == 0 && c.peer.out.stall != nil {
			c.peer.out.stall()
			c.peer.out.stall = nil
		}
		c.readers.wake()
	}
}

// bounce tells the other side that nobody is here any more.
func (c *Conn) bounce() {
	c.link.send(c.h, func() { c.peer.reset(errReset) })
}

// reset breaks the connection, as seen from c.
func (c *Conn) reset(err error) {
	if c.broken == nil && !c.closed {
		c.broken = err
		c.in.buf = nil
		c.leave()
		c.readers.wake()
		c.writers.wake()
	}
}

// leave takes c from its host.
func (c *Conn) leave() {
	c.h.conns = slices.DeleteFunc(c.h.conns, func(x *Conn) bool { return x == c })
	if c.out.stall != nil {
		c.out.stall()
		c.out.stall = nil
	}
}

// abort is the end of c when its host crashes.
func (c *Conn) abort() {
	c.bounce()
	c.reset(errReset)
}

// Close implements net.Conn. What was written before still arrives; if something has
// not been read, the other side sees a reset.
func (c *Conn) Close() error {
	inside("Conn.Close")
	point("Conn.Close", c)
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	unread := len(c.in.buf) > 0
	if c.broken == nil {
		if unread {
			c.bounce()
		} else if !c.out.shut {
			c.send(&segment{fin: true})
		}
	}
	c.closed = true
	c.in.buf = nil
	c.h.conns = slices.DeleteFunc(c.h.conns, func(x *Conn) bool { return x == c })
	c.readers.wake()
	c.writers.wake()
	simhook.Woke()
	return nil
}

// CloseWrite tells the other side that no more comes.
func (c *Conn) CloseWrite() error {
	inside("Conn.CloseWrite")
	point("Conn.CloseWrite", c)
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	if !c.out.shut && c.broken == nil {
		c.send(&segment{fin: true})
	}
	c.out.shut = true
	c.writers.wake()
	return nil
}

// CloseRead has all further reads return io.EOF, when what has arrived is read.
func (c *Conn) CloseRead() error {
	inside("Conn.CloseRead")
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.readShut = true
	c.readers.wake()
	return nil
}

// Reset breaks the connection: the other side sees ECONNRESET, also instead of what is
// under way.
func (c *Conn) Reset() {
	inside("Conn.Reset")
	c.bounce()
	c.reset(errReset)
}

// ReadableOp is ready when a Read would not wait, with the error that it would fail
// with, if any.
func (c *Conn) ReadableOp() cml.Op[error] { return readyOp(&c.readers, c.readable) }

// WritableOp is ready when a Write would not wait at once, likewise.
func (c *Conn) WritableOp() cml.Op[error] { return readyOp(&c.writers, c.writable) }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

// SetDeadline implements net.Conn; t is by the clock of the host.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	c.rd.to(c.h, t, &c.readers)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	c.wd.to(c.h, t, &c.writers)
	return nil
}

// dial is Host.DialContext.
func (h *Host) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	stream, err := checkNetwork(network)
	if err != nil {
		return nil, err
	}
	to, port, err := h.resolve(addr, false)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if h.down {
		return nil, errDown
	}
	if !stream {
		p, err := h.listenPacket(network, ":0")
		if err != nil {
			return nil, err
		}
		p.peer = netip.AddrPortFrom(to.ip, port)
		return p, nil
	}
	from := netip.AddrPortFrom(h.ip, h.port())
	d := &dialing{}
	point("Dial", d)
	link := h.n.link(h, to)
	link.send(h, func() { // the first packet
		l := to.listener(port)
		if to.down || l == nil || len(l.backlog) >= mostBacklog {
			link.send(to, func() { d.come(nil, errRefused) })
			return
		}
		mine, theirs := newPair(h, to, from, l.at)
		l.backlog = append(l.backlog, theirs)
		l.acceptors.wake()
		link.send(to, func() { d.come(mine, nil) }) // the answer
	})
	e := h.n.r.engine
	defer e.AfterFunc(giveUpAfter, func() { d.come(nil, errTimeout) })()
	if ctx.Done() != nil {
		if stop, ok := simhook.AfterFunc(ctx, func() { d.come(nil, context.Cause(ctx)) }); ok {
			defer stop()
		}
	}
	defer func() { // also if the fiber is ended meanwhile
		if !d.over {
			d.over = true
		}
	}()
	for !d.over {
		d.line.wait(wait.Read)
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.conn, nil
}

// dialing is a connection that is being made.
type dialing struct {
	line line
	over bool
	conn *Conn
	err  error
}

// come ends it, unless it is over.
func (d *dialing) come(c *Conn, err error) {
	if d.over {
		if c != nil {
			c.bounce()
			c.reset(errReset)
		}
		return
	}
	d.over, d.conn, d.err = true, c, err
	d.line.wake()
}

const mostBacklog = 128
