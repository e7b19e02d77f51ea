package poll

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// MemPipe returns the two ends of a connection in memory: what is written to one is read
// from the other. They are Conns with all that these have but a descriptor: their waits
// park the calling fiber alone, with deadlines, operations, CloseRead and CloseWrite.
//
// Unlike the ends of net.Pipe they have buffers, of 64 KiB in each direction, as
// sockets have: a Write waits only while there is no room. What was written before
// Close is still read by the peer; to write to one that reads no more fails with io.ErrClosedPipe.
// It works on all systems.
func MemPipe() (a, b *Conn) {
	realOnly("MemPipe")
	x, y := new(memEnd), new(memEnd)
	x.in, y.in = new(memHalf), new(memHalf)
	x.peer, y.peer = y, x
	x.desc.Virtual()
	y.desc.Virtual()
	return newConn(x, memNetwork), newConn(y, memNetwork)
}

const (
	memNetwork = "pipe" // as of net.Pipe
	memSize    = 64 << 10
)

// A memEnd is an end of a MemPipe. It is to its half what an fd is to a descriptor: the
// cells of its Desc say whether an attempt may succeed, and who waits.
//
// V1: an attempt that finds nothing, or no room, against the peer who changes that.
//
//	The attempt takes its ticket, then looks, under the lock of the half, and then says
//	that it was drained. The peer changes the half, under the lock, and then says that
//	something was found. If the attempt looked first, what the peer says is after the
//	ticket, so the drained of it does nothing, or after the drained, and makes the cell
//	ready. The peer says so only if there was nothing, or no room, before: otherwise
//	the cell is ready, or who made it so is about to say so.
//
// Checked by: TestMemPipe…, nettest over it, and what checks the cells.
type memEnd struct {
	desc   epoll.Desc
	in     *memHalf // what the peer has written
	peer   *memEnd
	closed atomic.Bool // Writers: the one who closes it, once
	streak atomic.Uint32
	turn   turn // of those who write
	dead   atomic.Pointer[deadlines]
}

// A memHalf is one direction.
type memHalf struct {
	mu   sync.Mutex // of all that follows
	buf  []byte     // a ring; nil until something is written
	at   int        // where reading goes on
	n    int        // so many bytes are there
	eof  bool       // nothing more will come
	gone bool       // nobody will read
}

// tryRead implements stream. Idle is always true here: there is nobody to be asked.
func (e *memEnd) tryRead(p []byte, _ bool) (n int, ok bool, err error) {
	t, s := e.desc.Begin(epoll.In) // V1
	switch {
	case s == epoll.Idle:
		return 0, len(p) == 0, nil
	case s != epoll.Ready:
		return 0, true, over(s)
	case len(p) == 0:
		return 0, true, nil
	}
	h := e.in
	h.mu.Lock()
	full := h.n == len(h.buf)
	switch {
	case h.gone:
		err, ok = io.EOF, true
	case h.n > 0:
		n, ok = copy(p, h.buf[h.at:min(h.at+h.n, len(h.buf))]), true
		n += copy(p[n:], h.buf[:max(0, h.at+h.n-len(h.buf))])
		h.n -= n
		if h.at += n; h.at >= len(h.buf) {
			h.at -= len(h.buf)
		}
		if h.n == 0 {
			h.at = 0
		}
	case h.eof:
		err, ok = io.EOF, true
	}
	drained := h.n == 0 && !h.eof && !h.gone
	h.mu.Unlock()
	if drained {
		e.desc.Drained(epoll.In, t)
	}
	if n > 0 && full {
		e.peer.desc.Found(epoll.Out)
	}
	return n, ok, err
}

// put writes as much of p as there is room for. The turn is the caller's.
func (e *memEnd) put(p []byte) (n int, ok bool, err error) {
	t, s := e.desc.Begin(epoll.Out) // V1
	if err := over(s); err != nil {
		return 0, true, err
	}
	h := e.peer.in
	h.mu.Lock()
	empty := h.n == 0
	switch {
	case h.eof || h.gone:
		err, ok = io.ErrClosedPipe, true
	case len(p) == 0:
		ok = true
	default:
		if h.buf == nil || h.n == len(h.buf) && len(h.buf) < memSize {
			h.grow(h.n + len(p))
		}
		to := h.at + h.n
		if to < len(h.buf) {
			n = copy(h.buf[to:], p)
			to = len(h.buf)
		}
		if n < len(p) {
			n += copy(h.buf[to-len(h.buf):h.at], p[n:])
		}
		h.n += n
		ok = n > 0
	}
	h.mu.Unlock()
	if !ok {
		e.desc.Drained(epoll.Out, t)
	} else if n > 0 && empty {
		e.peer.desc.Found(epoll.In)
	}
	return n, ok, err
}

// grow makes the ring, which is full, one for n bytes, as far as that is allowed.
func (h *memHalf) grow(n int) {
	size := 512
	for size < n && size < memSize {
		size *= 2
	}
	buf := make([]byte, size)
	k := copy(buf, h.buf[h.at:])
	copy(buf[k:], h.buf[:h.at])
	h.buf, h.at = buf, 0
}

// yieldIfBusy lets other fibers run if this end keeps the caller busy.
func (e *memEnd) yieldIfBusy() {
	if n := e.streak.Load(); n < longStreak {
		e.streak.Store(n + 1)
		return
	}
	e.streak.Store(0)
	fibers.Yield()
}

// read implements stream.
func (e *memEnd) read(p []byte) (int, error) {
	e.yieldIfBusy()
	for {
		if n, ok, err := e.tryRead(p, true); ok {
			return n, err
		}
		e.streak.Store(0)
		if w := e.desc.Wait(epoll.In); w != nil {
			w.Exit()
		}
	}
}

// write implements stream.
func (e *memEnd) write(p []byte) (done int, err error) {
	e.yieldIfBusy()
	e.turn.Lock()
	for {
		n, ok, err := e.put(p[done:])
		if done += n; err != nil || done == len(p) {
			e.turn.Unlock()
			return done, err
		}
		if ok {
			continue
		}
		e.streak.Store(0)
		if w := e.desc.Wait(epoll.Out); w != nil {
			e.turn.Unlock()
			w.Exit()
			e.turn.Lock() // a goroutine: not reached
		}
	}
}

// tryWrite implements stream.
func (e *memEnd) tryWrite(p []byte, _ bool) (n int, ok bool, err error) {
	_, s := e.desc.Begin(epoll.Out)
	if err := over(s); err != nil {
		return 0, true, err
	}
	if !e.turn.TryLock() {
		return 0, false, nil
	}
	defer e.turn.Unlock()
	return e.put(p)
}

// notice implements prompt.
func (e *memEnd) notice(dir epoll.Direction, call func()) (cancel func(), ok bool) {
	if dir == epoll.Out {
		if cancel, ok := e.turn.whenFree(call); ok {
			return cancel, ok
		}
	}
	return e.desc.Subscribe(dir, call)
}

// awaitUnless implements prompt.
func (e *memEnd) awaitUnless(w wait.Waiter, off *atomic.Bool) (ending bool) {
	return e.desc.WaitUnless(w, epoll.In, off)
}

// ready implements stream.
func (e *memEnd) ready(dir epoll.Direction) cml.Op[error] {
	return cml.NewOp(func() (error, bool) { return e.isReady(dir) }, func(w cml.Waiter[error]) func() {
		return watch(&e.desc, dir, func() bool {
			err, ok := e.isReady(dir)
			if ok {
				w.Commit(err)
			}
			return ok
		})
	})
}

func (e *memEnd) isReady(dir epoll.Direction) (error, bool) {
	t, s := e.desc.Begin(dir) // V1
	if err := over(s); err != nil {
		return err, true
	}
	h := e.in
	if dir == epoll.Out {
		h = e.peer.in
	}
	h.mu.Lock()
	ok := h.eof || h.gone || dir == epoll.In && h.n > 0 || dir == epoll.Out && h.n < memSize
	h.mu.Unlock()
	if !ok {
		e.desc.Drained(dir, t)
	}
	return nil, ok
}

// end says of a half that nothing more will come, or that nobody will read, and tells
// both sides.
func (h *memHalf) end(eof, gone bool) {
	h.mu.Lock()
	h.eof, h.gone = h.eof || eof, h.gone || gone
	if h.gone {
		h.buf, h.at, h.n = nil, 0, 0
	}
	h.mu.Unlock()
}

// shutdown implements stream.
func (e *memEnd) shutdown(dir epoll.Direction) error {
	if e.closed.Load() {
		return net.ErrClosed
	}
	e.finish(dir)
	return nil
}

// finish ends a direction of e.
func (e *memEnd) finish(dir epoll.Direction) {
	if dir == epoll.In {
		e.in.end(false, true)
		e.desc.Found(epoll.In)
		e.peer.desc.Found(epoll.Out)
		return
	}
	e.peer.in.end(true, false)
	e.desc.Found(epoll.Out)
	e.peer.desc.Found(epoll.In)
}

// close implements endpoint.
func (e *memEnd) close() error {
	if e.closed.Swap(true) {
		return net.ErrClosed
	}
	if d := e.dead.Load(); d != nil {
		d.stop()
	}
	e.desc.Close()
	e.finish(epoll.In)
	e.finish(epoll.Out)
	return nil
}

// setDeadline implements endpoint.
func (e *memEnd) setDeadline(t time.Time, in, out bool) error {
	if e.closed.Load() {
		return net.ErrClosed
	}
	d := e.dead.Load()
	if d == nil {
		if t.IsZero() {
			return nil
		}
		d = newDeadlines(&e.desc)
		if !e.dead.CompareAndSwap(nil, d) {
			d = e.dead.Load()
		}
	}
	d.set(t, in, out)
	if e.closed.Load() { // meanwhile: its close may not have seen d
		d.stop()
	}
	return nil
}

func (e *memEnd) copyFrom(io.Reader, int64) (int64, bool, error) { return 0, false, nil }
func (e *memEnd) raw() (syscall.RawConn, error)                  { return nil, errors.ErrUnsupported }
func (e *memEnd) file() (*os.File, error)                        { return nil, errors.ErrUnsupported }
func (e *memEnd) local() net.Addr                                { return memAddr{} }
func (e *memEnd) remote() net.Addr                               { return memAddr{} }
func (e *memEnd) options() options                               { return noOptions{} }

// memAddr is the address of both ends.
type memAddr struct{}

// Network implements net.Addr.
func (memAddr) Network() string { return memNetwork }

// String implements net.Addr.
func (memAddr) String() string { return memNetwork }
