package poll

import (
	"errors"
	"io"
	"os"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Writer writes to a connection, or another io.Writer, through a buffer, in calls and
// in operations. An operation that loses a choice has written nothing of its own; what was
// written before it is in the buffer, on its way, or has been sent.
//
// All may be called at the same time, by fibers and goroutines; what one call or
// operation writes does not mix with others', which come in the order of coming.
// What is in the buffer is sent when there is no room for more, and by Flush. What is
// under the Writer must not be written to by others meanwhile.
//
// An error of a write is told to all who wait, and to all who come, but that of a deadline only
// to those who wait: one can go on when the deadline has been set anew, and nothing
// is missing or comes twice.
//
// # How it is built
//
// As Reader is, the other way round: whoever calls, or brings an event, holds the lock while it
// writes what there is room for, and serves those in the queue. An operation commits with the lock
// held, after its bytes have been copied, and if that fails they do not count.
//
// Checked by: TestWriter…, in particular TestWriterModel and TestWriterLosersStress.
type Writer struct {
	under  io.Writer
	dst    sink
	flush  cml.Op[error] // for calls
	look   func()        // w.event
	prompt bool          // nobody writes beside the callers

	mu     guard  // of all that follows
	buf    []byte // accepted and not sent
	size   int    // of what is in the buffer at most, but for a single larger piece
	sent   uint64 // bytes
	err    error
	puts   int // writes in the queue
	streak int

	first, last *writeWaiter
	cancel      func()
}

// A sink is where a Writer writes to: see stream.
type sink interface {
	tryWrite(p []byte, ask bool) (n int, ok bool, err error)
	notice(call func()) (cancel func(), ok bool)
}

const writerSize = 4 << 10

// NewWriter returns a Writer to w with a buffer of 4 KiB. Over a Conn, a File or an end of a MemPipe it
// writes without waiting. Over any other io.Writer, and on systems other than Linux, a
// goroutine writes for it while there is something to be written that somebody waits for.
func NewWriter(w io.Writer) *Writer { return NewWriterSize(w, writerSize) }

// NewWriterSize is NewWriter with another size of the buffer, in bytes. A piece that is
// larger is accepted when the buffer is empty.
func NewWriterSize(w io.Writer, size int) *Writer {
	if w == nil {
		panic("poll: NewWriter(nil): give it a connection")
	}
	if size < 1 {
		panic("poll: NewWriterSize with less than one byte")
	}
	x := &Writer{under: w, size: size}
	x.dst, x.prompt = sinkOf(w, &x.mu)
	x.flush = x.op(nil, true, true)
	x.look = x.event
	return x
}

// Buffered returns how many bytes have been accepted and not been sent.
func (w *Writer) Buffered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.buf)
}

// Write implements io.Writer: it waits until all of p is in the buffer, or sent. If it
// fails it says how much was accepted.
func (w *Writer) Write(p []byte) (n int, err error) {
	for first := true; first || n < len(p); first = false {
		if len(p)-n > w.size && w.prompt {
			if k, ok, err := w.writeThrough(p[n:]); ok || err != nil {
				return n + k, err
			}
		}
		piece := p[n:min(len(p), n+max(w.size, keptIdle))]
		w.mu.Lock()
		tired, ok, err := w.attempt(piece, false, 0, false)
		w.mu.Unlock()
		rest(tired)
		if !ok {
			err = cml.Perform(w.op(piece, false, true))
		}
		if err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// writeThrough writes p, which is large, past the buffer, if that can be emptied and
// nobody waits: what is under w sees to it that p does not mix with what others write.
func (w *Writer) writeThrough(p []byte) (n int, ok bool, err error) {
	if err := w.Flush(); err != nil {
		return 0, false, err
	}
	w.mu.Lock()
	ok = len(w.buf) == 0 && w.first == nil && w.err == nil
	w.mu.Unlock()
	if !ok {
		return 0, false, nil
	}
	n, err = w.under.Write(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
	}
	return n, true, err
}

// WriteString implements io.StringWriter.
func (w *Writer) WriteString(s string) (int, error) {
	return w.Write(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// WriteOp returns the operation that is ready when there is room in the buffer for all
// of p, or none of p is and it is larger: then it is accepted, as a whole. p must not be
// changed until the operation is over. Its value is nil, or why what was written before
// could not be sent.
func (w *Writer) WriteOp(p []byte) cml.Op[error] { return w.op(p, false, false) }

// Flush waits until all has been sent that was accepted before.
func (w *Writer) Flush() error {
	w.mu.Lock()
	tired, ok, err := w.attempt(nil, true, w.target(), false)
	w.mu.Unlock()
	rest(tired)
	if ok {
		return err
	}
	return cml.Perform(w.flush)
}

// FlushOp returns the operation that is ready when all has been sent that was accepted
// before it was performed. If it loses, what has not been sent stays in the buffer.
func (w *Writer) FlushOp() cml.Op[error] { return w.op(nil, true, false) }

// target is how much will have been sent when the buffer, as it is, is empty.
func (w *Writer) target() uint64 { return w.sent + uint64(len(w.buf)) }

// find says whether a write of p, or a flush up to target, can be done. The lock is
// held, as in all that follows.
func (w *Writer) find(p []byte, flush bool, target uint64) (err error, ok bool) {
	switch {
	case w.err != nil:
		return w.err, true
	case flush:
		return nil, w.sent >= target
	}
	return nil, len(w.buf) == 0 || len(p) <= w.size-len(w.buf)
}

// attempt does that if it need not wait.
func (w *Writer) attempt(p []byte, flush bool, target uint64, ask bool) (tired, ok bool, err error) {
	w.forget()
	if !flush && w.puts > 0 {
		return false, false, nil // they came first
	}
	for got := false; ; {
		if err, ok := w.find(p, flush, target); ok {
			if !flush && err == nil {
				w.buf = append(w.buf, p...)
			}
			return got && w.busy(true), true, err
		}
		if !w.send(ask) {
			w.busy(false)
			return false, false, nil
		}
		got = true
		w.serve()
	}
}

// busy is as that of Reader.
func (w *Writer) busy(got bool) (tired bool) {
	if w.streak++; !got || w.streak >= readerStreak {
		w.streak = 0
		return got
	}
	return false
}

// send sends once what there is, and reports whether something came of it, be it an
// error.
func (w *Writer) send(ask bool) bool {
	if len(w.buf) == 0 {
		return false
	}
	n, ok, err := w.dst.tryWrite(w.buf, ask)
	w.sent += uint64(n)
	if n == len(w.buf) {
		w.buf = w.buf[:0]
		if cap(w.buf) > max(keptIdle, w.size) {
			w.buf = nil
		}
	} else if n > 0 {
		w.buf = w.buf[:copy(w.buf, w.buf[n:])]
	}
	w.err = err
	return ok
}

// forget drops the error of a deadline that has been told: there may be another deadline
// by now.
func (w *Writer) forget() {
	if w.err != nil && errors.Is(w.err, os.ErrDeadlineExceeded) {
		w.err = nil
	}
}

// serve serves those in the queue that can be: writes in their order.
func (w *Writer) serve() {
	full := false
	for x := w.first; x != nil; {
		next := x.next
		switch err, ok := w.find(x.p, x.flush, x.target); {
		case !ok:
			full = full || !x.flush
		case !x.flush && full: // after one that has no room
		default:
			had := len(w.buf)
			put := !x.flush && err == nil
			if put {
				w.buf = append(w.buf, x.p...)
			}
			w.unlink(x)
			if !x.reg.Commit(err) && put { // if it succeeds x is its performer's again
				w.buf = w.buf[:had]
			}
		}
		x = next
	}
	if w.first == nil {
		w.unwatch()
	}
}

// event is called when there may be room.
func (w *Writer) event() {
	if lockAtOnce(&w.mu.Mutex) {
		w.renew()
	} else {
		go func() { w.mu.Lock(); w.renew() }() // L2
	}
}

func (w *Writer) renew() {
	w.unwatch()
	w.watch()
	w.mu.Unlock()
}

// watch serves those who wait, and has w told of the next event if somebody is left.
func (w *Writer) watch() {
	w.forget()
	for w.serve(); w.first != nil; w.serve() {
		if w.send(false) {
			continue
		}
		cancel, ok := w.dst.notice(w.look)
		if ok {
			w.cancel = cancel
			return
		}
	}
}

func (w *Writer) unwatch() {
	if w.cancel != nil {
		w.cancel()
		w.cancel = nil
	}
}

// op returns the operation of a write of p, or a flush. quiet: the caller has tried.
func (w *Writer) op(p []byte, flush, quiet bool) cml.Op[error] {
	return cml.FromSource[error](&writeSource{w, p, flush, quiet})
}

// writeSource implements cml.Source.
type writeSource struct {
	w            *Writer
	p            []byte
	flush, quiet bool
}

// A writeWaiter is a performance in the queue.
type writeWaiter struct {
	next, prev *writeWaiter
	w          *Writer // whose queue it is in; nil: none
	p          []byte
	flush      bool
	target     uint64
	reg        *cml.Registration[error]
}

// Waits tells what such a wait is for.
func (*writeSource) Waits() wait.Reason { return wait.Write }

// Try implements cml.Source.
func (s *writeSource) Try() (error, bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	_, ok, err := s.w.attempt(s.p, s.flush, s.w.target(), !s.quiet)
	return err, ok
}

// Block implements cml.Source.
func (s *writeSource) Block(reg *cml.Registration[error]) {
	x, ok := reg.Place.(*writeWaiter)
	if !ok {
		x = new(writeWaiter)
		reg.Place = x
	}
	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	*x = writeWaiter{prev: w.last, w: w, p: s.p, flush: s.flush, target: w.target(), reg: reg}
	if w.last == nil {
		w.first = x
	} else {
		w.last.next = x
	}
	w.last = x
	if !x.flush {
		w.puts++
	}
	if w.cancel == nil {
		w.watch()
	} else {
		w.forget()
		w.serve()
	}
}

// Withdraw implements cml.Source.
func (s *writeSource) Withdraw(reg *cml.Registration[error]) bool {
	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := reg.Place.(*writeWaiter)
	if !ok || x.w != w {
		return false
	}
	w.unlink(x)
	w.serve() // it may have stood in the way of others
	return true
}

// unlink takes x out of the queue.
func (w *Writer) unlink(x *writeWaiter) {
	if x.prev == nil {
		w.first = x.next
	} else {
		x.prev.next = x.next
	}
	if x.next == nil {
		w.last = x.prev
	} else {
		x.next.prev = x.prev
	}
	if !x.flush {
		w.puts--
	}
	x.next, x.prev, x.w, x.p = nil, nil, nil, nil
}

// A writable is what a Writer can write to without help.
type writable interface {
	tryWrite(p []byte, ask bool) (n int, ok bool, err error)
}

// promptSink implements sink.
type promptSink struct {
	writable
	p prompt
}

func (s promptSink) notice(call func()) (cancel func(), ok bool) { return s.p.notice(epoll.Out, call) }

// sinkOf returns the sink of w: see sourceOf.
func sinkOf(w io.Writer, host *guard) (s sink, isPrompt bool) {
	switch x := w.(type) {
	case *Conn:
		if p, ok := x.promptly(); ok {
			return promptSink{x, p}, true
		}
	case *File:
		if p, ok := x.promptly(); ok {
			return promptSink{x, p}, true
		}
	}
	return &drain{w: w, host: host}, false
}
