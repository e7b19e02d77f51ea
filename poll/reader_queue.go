package poll

import (
	"bytes"
	"errors"
	"io"
	"os"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A want is what is wanted of a Reader.
type want struct {
	kind wanted
	n    int
	of   *member // a line for a LineMerger
}

type wanted uint8

const (
	anything wanted = iota // or an error: nothing is taken
	atMost
	aLine
	exactly
	all
	peek
)

// taken is what came of it.
type taken struct {
	b   []byte // the taker's
	err error
}

func (t taken) text() string                     { return unsafe.String(unsafe.SliceData(t.b), len(t.b)) }
func (t taken) line() cml.Item[string]           { return cml.Item[string]{Value: t.text(), Err: t.err} }
func (t taken) bytes() cml.Item[[]byte]          { return cml.Item[[]byte]{Value: t.b, Err: t.err} }
func refused(err error) (taken, int, bool)       { return taken{err: err}, 0, true }
func granted(b []byte, n int) (taken, int, bool) { return taken{b: bytes.Clone(b)}, n, true }

// find says what w would get of what there is, and how many bytes that takes. Not ok:
// there is not enough yet. The lock is held, as in all that follows.
func (r *Reader) find(w want) (t taken, n int, ok bool) {
	have := r.buf[r.at:r.end]
	switch w.kind {
	case anything:
		return t, 0, len(have) > 0 || r.err != nil
	case atMost:
		if n := min(w.n, len(have)); n > 0 || w.n == 0 {
			return granted(have[:n], n)
		}
	case aLine:
		i := bytes.IndexByte(have[r.scanned:], '\n')
		if i += r.scanned; i < r.scanned {
			r.scanned, i = len(have), -1
		}
		switch {
		case i > r.limit, i < 0 && len(have) > r.limit:
			return refused(ErrTooLong)
		case i >= 0:
			line := have[:i]
			if i > 0 && line[i-1] == '\r' {
				line = line[:i-1]
			}
			return granted(line, i+1)
		case len(have) > 0 && r.err == io.EOF:
			return granted(have, len(have))
		}
	case exactly, peek:
		switch {
		case w.n > r.limit:
			return refused(ErrTooLong)
		case len(have) >= w.n && w.kind == peek:
			return granted(have[:w.n], 0)
		case len(have) >= w.n:
			return granted(have[:w.n], w.n)
		case r.err == io.EOF && len(have) > 0 && w.kind == exactly:
			return refused(io.ErrUnexpectedEOF)
		case r.err != nil && w.kind == peek:
			return taken{b: bytes.Clone(have), err: r.err}, 0, true
		}
	case all:
		switch {
		case len(have) > r.limit:
			return refused(ErrTooLong)
		case r.err == io.EOF:
			return granted(have, len(have))
		}
	}
	if r.err != nil {
		return refused(r.err)
	}
	return t, 0, false
}

// tells reports whether what find has found for w is the error that was kept.
func (r *Reader) tells(w want, t taken) bool {
	return r.err != nil && w.kind != anything && (t.err == r.err || w.kind == all && t.err == nil)
}

// drop takes n bytes out of the buffer.
func (r *Reader) drop(n int) {
	r.at += n
	r.scanned = max(0, r.scanned-n)
	if r.at == r.end {
		r.at, r.end = 0, 0
		if cap(r.buf) > keptIdle {
			r.buf = nil
		}
	}
}

// attempt takes what w says if it need not wait. With ask the system is asked.
func (r *Reader) attempt(w want, ask bool) (t taken, tired, ok bool) {
	r.forget()
	for got := false; ; {
		if w.of.over() {
			t, ok := w.of.rest()
			return t, false, ok
		}
		if t, n, ok := r.find(w); ok {
			r.drop(n)
			if r.tells(w, t) {
				r.err = nil
			}
			w.of.told(t.err, &r.mu)
			return t, got && r.busy(true), true
		}
		if r.err != nil || !r.fill(ask) {
			r.streak = 0
			return t, false, false
		}
		got = true
		r.serve() // those who came first
	}
}

// fill reads once, and reports whether that brought something, be it an error.
func (r *Reader) fill(ask bool) bool {
	r.room()
	n, ok, err := r.src.tryRead(r.buf[r.end:], ask)
	r.end += n
	r.err = err
	return ok
}

// room makes room in the buffer. Nobody wants more than limit bytes; for one more there
// is room, by which it shows that something is too long.
func (r *Reader) room() {
	switch have := r.end - r.at; {
	case r.buf == nil:
		r.buf = make([]byte, readerSize)
	case r.end < len(r.buf):
	case have <= len(r.buf)/2:
		copy(r.buf, r.buf[r.at:r.end])
		r.at, r.end = 0, have
	default:
		grown := make([]byte, max(min(2*len(r.buf), r.limit+1), have+readerSize))
		copy(grown, r.buf[r.at:r.end])
		r.buf, r.at, r.end = grown, 0, have
	}
}

// serve serves those in the queue for whom there is enough.
func (r *Reader) serve() {
	told := false
	if c := &r.caller; c.waiter != nil && !c.served.Load() {
		if t, n, ok := r.find(c.want); ok {
			r.drop(n)
			told = r.tells(c.want, t)
			c.t = t
			c.served.Store(true)
			c.waiter.Unpark()
		}
	}
	for x := r.first; x != nil; {
		next := x.next
		if x.want.of.over() {
			r.unlink(x)
			x.lost = true
		} else if t, n, ok := r.find(x.want); ok {
			w, tells := x.want, r.tells(x.want, t)
			r.unlink(x)
			if x.reg.Commit(t) { // x is its performer's again
				r.drop(n)
				told = told || tells
				w.of.told(t.err, &r.mu)
			}
		}
		x = next
	}
	if told {
		r.err = nil
	}
	if r.first == nil {
		r.unwatch()
	}
}

// forget drops the error of a deadline that nobody was there to be told of: there may be
// another deadline by now.
func (r *Reader) forget() {
	if r.err != nil && errors.Is(r.err, os.ErrDeadlineExceeded) {
		r.err = nil
	}
}

// advance serves the queue from what there is and what comes without waiting, and
// reports whether somebody is left. far: after perEvent bytes it is left to a goroutine.
func (r *Reader) advance(far bool) (left bool) {
	r.forget()
	r.serve()
	for got := 0; r.first != nil; {
		had := r.end - r.at
		if r.err == nil && !r.fill(false) {
			return true
		}
		if got += max(0, r.end-r.at-had); far && got >= perEvent {
			go r.look()
			return false
		}
		r.serve()
	}
	return false
}

// event is called when something may have come.
func (r *Reader) event() {
	if lockAtOnce(&r.mu.Mutex) {
		r.renew()
	} else {
		go func() { r.mu.Lock(); r.renew() }() // L2
	}
}

// renew is event with the lock held, which it gives back.
func (r *Reader) renew() {
	r.unwatch() // that was it; or it is a late one, and there is another
	r.watch()
	r.mu.Unlock()
}

// watch serves those who wait, and has r told of the next event if somebody is left.
func (r *Reader) watch() {
	for r.advance(true) {
		cancel, ok := r.src.notice(r.look)
		if ok {
			r.cancel = cancel
			return
		}
	}
}

func (r *Reader) unwatch() {
	if r.cancel != nil {
		r.cancel()
		r.cancel = nil
	}
}

// op returns the operation that takes what w says. quiet: the caller has tried already.
func (r *Reader) op(w want, quiet bool) cml.Op[taken] {
	return cml.FromSource[taken](&readSource{r: r, want: w, quiet: quiet})
}

// readSource implements cml.Source.
type readSource struct {
	r     *Reader
	want  want
	quiet bool
}

// A readWaiter is a performance in the queue.
type readWaiter struct {
	next, prev *readWaiter
	queued     bool
	lost       bool // out of the queue, and not committed
	want       want
	reg        *cml.Registration[taken]
}

// Waits tells what such a wait is for.
func (*readSource) Waits() wait.Reason { return wait.Read }

// Try implements cml.Source.
func (s *readSource) Try() (taken, bool) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	t, _, ok := s.r.attempt(s.want, !s.quiet)
	return t, ok
}

// Block implements cml.Source.
func (s *readSource) Block(reg *cml.Registration[taken]) {
	x, ok := reg.Place.(*readWaiter)
	if !ok {
		x = new(readWaiter)
		reg.Place = x
	}
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.lost = s.want.of.over(); x.lost {
		x.queued = false
		return
	}
	x.want, x.reg, x.queued, x.prev, x.next = s.want, reg, true, r.last, nil
	if r.last == nil {
		r.first = x
	} else {
		r.last.next = x
	}
	r.last = x
	if r.cancel == nil {
		r.watch()
	} else {
		r.forget()
		r.serve()
	}
}

// Withdraw implements cml.Source.
func (s *readSource) Withdraw(reg *cml.Registration[taken]) bool {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	x, ok := reg.Place.(*readWaiter)
	if !ok || !x.queued {
		return ok && x.lost
	}
	r.unlink(x)
	if r.first == nil {
		r.unwatch()
	}
	return true
}

// unlink takes x out of the queue.
func (r *Reader) unlink(x *readWaiter) {
	if x.prev == nil {
		r.first = x.next
	} else {
		x.prev.next = x.next
	}
	if x.next == nil {
		r.last = x.prev
	} else {
		x.next.prev = x.prev
	}
	x.next, x.prev, x.queued, x.want.of = nil, nil, false, nil
}

// A readable is what a Reader can read without help: a Conn or a File that is prompt.
type readable interface {
	tryRead(p []byte, ask bool) (n int, ok bool, err error)
}

// promptSource implements source.
type promptSource struct {
	readable
	p prompt
}

func (s promptSource) notice(call func()) (cancel func(), ok bool) {
	return s.p.notice(epoll.In, call)
}

// sourceOf returns the source of r for a Reader whose lock is host. A type that has a Conn
// in it may have a Read of its own: so what is asked is what r is, not what it has.
func sourceOf(r io.Reader, host *guard) source {
	switch x := r.(type) {
	case *Conn:
		if p, ok := x.promptly(); ok {
			return promptSource{x, p}
		}
	case *File:
		if p, ok := x.promptly(); ok {
			return promptSource{x, p}
		}
	}
	return &pump{r: r, host: host}
}
