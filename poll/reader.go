package poll

import (
	"bytes"
	"io"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Reader reads from a connection, or another io.Reader, through a buffer, in calls and
// in operations. What has been read and not been taken stays in the buffer for whoever
// comes next: an operation that loses a choice has taken nothing. So one may wait for a
// line and for a time-out, and then go on with the next line, or the rest of it.
//
// All may be called at the same time, by fibers and goroutines. Of those who wait, the
// first for whom there is enough is served first. What is under the Reader must not be
// read by others meanwhile, as with bufio.Reader.
//
// Errors come as values, the end as io.EOF, after all that was read before. Each is told
// once, to all who wait then; that of a deadline is gone when it has been told, so one
// can go on when the deadline has been set anew. What fails takes nothing.
//
// # How it is built
//
// Whoever calls, or brings an event, holds the lock while it reads what there is without
// waiting, serves those in the queue, and if somebody is left has itself told of the next
// event. An operation commits with the lock held, and only if that succeeds are the bytes
// taken from the buffer.
//
// Checked by: TestReader…, in particular TestReaderModel (against a plain slice of bytes)
// and TestReaderLosersStress.
type Reader struct {
	under  io.Reader
	src    source
	prompt prompt        // nil: a goroutine reads
	line   cml.Op[taken] // a line, for calls
	look   func()        // r.event

	mu      guard // of all that follows
	buf     []byte
	at, end int // what is in it
	scanned int // so many of these bytes have been looked through for the end of a line
	limit   int
	err     error // found, and not told yet
	streak  int   // reads in a row that did not wait

	caller      caller
	first, last *readWaiter
	cancel      func() // there is a notice; nil: none
}

// A source is where a Reader reads from: see stream.
type source interface {
	tryRead(p []byte, ask bool) (n int, ok bool, err error)
	notice(call func()) (cancel func(), ok bool)
}

const (
	readerSize   = 4 << 10  // of the buffer at first
	keptIdle     = 64 << 10 // the most that is kept of an empty one
	defaultLimit = 1 << 20
	perEvent     = 256 << 10 // how much is read in a call that an event makes
	readerStreak = longStreak
)

// NewReader returns a Reader of r. Over a Conn, a File or an end of a MemPipe it reads
// without waiting and leaves nothing behind. Over any other io.Reader, a tls.Conn, os.Stdin, and on systems other
// than Linux, one goroutine reads ahead while somebody waits, a buffer full, which stays for the next; after an
// operation that lost that goroutine is there until it has got something. Its limit is 1 MiB.
func NewReader(r io.Reader) *Reader {
	if r == nil {
		panic("poll: NewReader(nil): give it a connection")
	}
	x := &Reader{under: r, limit: defaultLimit}
	x.src = sourceOf(r, &x.mu)
	if s, ok := x.src.(promptSource); ok {
		x.prompt = s.p
	}
	x.line = x.op(want{kind: aLine}, true)
	x.look = x.event
	return x
}

// SetLimit sets how many bytes a line without its end, ReadN, ReadAll or Peek may have: for
// longer ones they fail with ErrTooLong, and take nothing. So much memory a peer can
// make the Reader use.
func (r *Reader) SetLimit(n int) {
	if n < 1 {
		panic("poll: SetLimit of a Reader to less than one byte")
	}
	r.mu.Lock()
	r.limit = n
	r.advance(false)
	r.mu.Unlock()
}

// Buffered returns how many bytes have been read and not been taken.
func (r *Reader) Buffered() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end - r.at
}

// Read implements io.Reader: it takes what there is, at most len(p) bytes, and waits
// until there is something.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		r.mu.Lock()
		if r.at == r.end && r.err == nil && r.first == nil && len(p) >= readerSize {
			n, ok, err := r.src.tryRead(p, false)
			if tired := r.busy(ok); ok && (n > 0 || err != nil) {
				r.mu.Unlock()
				rest(tired)
				return n, err
			}
		}
		_, tired, ok := r.attempt(want{kind: anything}, false)
		if ok {
			n, err := 0, r.err
			if r.at < r.end {
				n, err = copy(p, r.buf[r.at:r.end]), nil
				r.drop(n)
			} else {
				r.err = nil
			}
			r.mu.Unlock()
			rest(tired)
			return n, err
		}
		r.mu.Unlock()
		r.get(want{kind: anything}, nil)
	}
}

// ReadLine waits for a line and returns it without its end, "\n" or "\r\n". What is
// after the last end is a line too, if it is not empty; then comes io.EOF.
func (r *Reader) ReadLine() (string, error) {
	r.mu.Lock()
	have := r.buf[r.at:r.end]
	i := bytes.IndexByte(have[r.scanned:], '\n')
	if i >= 0 && r.scanned+i <= r.limit { // it is there: most often
		i += r.scanned
		n := i
		if i > 0 && have[i-1] == '\r' {
			i--
		}
		line := string(have[:i])
		if r.at += n + 1; r.at == r.end {
			r.drop(0)
		}
		r.scanned = 0
		r.mu.Unlock()
		return line, nil
	}
	if i < 0 {
		r.scanned = len(have)
	}
	r.mu.Unlock()
	t := r.get(want{kind: aLine}, r.line)
	return t.text(), t.err
}

// ReadLineOp returns the operation that is ready when there is a line: see ReadLine.
func (r *Reader) ReadLineOp() cml.Op[cml.Item[string]] {
	return cml.Wrap(r.op(want{kind: aLine}, false), taken.line)
}

// ReadOp returns the operation that takes what there is, at most n bytes, and is ready
// when there is something.
func (r *Reader) ReadOp(n int) cml.Op[cml.Item[[]byte]] {
	return r.bytesOp(want{kind: atMost, n: length("ReadOp", n)})
}

// ReadN waits until there are n bytes, and returns them. If the end comes before, the
// error is io.EOF where there is nothing, otherwise io.ErrUnexpectedEOF, and what there
// is stays.
func (r *Reader) ReadN(n int) ([]byte, error) {
	t := r.get(want{kind: exactly, n: length("ReadN", n)}, nil)
	return t.b, t.err
}

// ReadNOp returns the operation that is ready when there are n bytes: see ReadN.
func (r *Reader) ReadNOp(n int) cml.Op[cml.Item[[]byte]] {
	return r.bytesOp(want{kind: exactly, n: length("ReadNOp", n)})
}

// ReadAll waits for the end and returns all before it.
func (r *Reader) ReadAll() ([]byte, error) {
	t := r.get(want{kind: all}, nil)
	return t.b, t.err
}

// ReadAllOp returns the operation that is ready at the end: see ReadAll. Until then all
// is kept in the buffer.
func (r *Reader) ReadAllOp() cml.Op[cml.Item[[]byte]] { return r.bytesOp(want{kind: all}) }

// Peek waits until there are n bytes, and returns them, and does not take them. If the
// end comes before, it returns what there is, with io.EOF.
func (r *Reader) Peek(n int) ([]byte, error) {
	t := r.get(want{kind: peek, n: length("Peek", n)}, nil)
	return t.b, t.err
}

// PeekOp returns the operation that is ready when Peek would not wait.
func (r *Reader) PeekOp(n int) cml.Op[cml.Item[[]byte]] {
	return r.bytesOp(want{kind: peek, n: length("PeekOp", n)})
}

func length(what string, n int) int {
	if n < 0 {
		panic("poll: " + what + " of a negative number of bytes")
	}
	return n
}

// WriteTo implements io.WriterTo: it writes to w what is in the buffer and then all that
// comes until the end, by the system alone where Conn.WriteTo does that. If a write
// fails, what it has not written of the buffer is lost.
func (r *Reader) WriteTo(w io.Writer) (n int64, err error) {
	for {
		r.mu.Lock()
		buf, err := r.buf[r.at:r.end], r.err
		r.buf, r.at, r.end, r.scanned, r.err = nil, 0, 0, 0, nil
		r.mu.Unlock()
		if len(buf) > 0 {
			k, err := w.Write(buf)
			n += int64(k)
			if err != nil {
				return n, err
			}
		}
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
		if x, ok := r.under.(io.WriterTo); ok && r.prompt != nil {
			k, err := x.WriteTo(w)
			return n + k, err
		}
		r.get(want{kind: anything}, nil)
	}
}

// bytesOp is op for users.
func (r *Reader) bytesOp(w want) cml.Op[cml.Item[[]byte]] {
	return cml.Wrap(r.op(w, false), taken.bytes)
}

// get takes what w says, and waits for it; op is its operation, if there is one. If
// nobody else waits it does so at the descriptor itself, which saves going through others.
func (r *Reader) get(w want, op cml.Op[taken]) taken {
	r.mu.Lock()
	t, tired, ok := r.attempt(w, false)
	if ok {
		r.mu.Unlock()
		rest(tired)
		return t
	}
	if r.prompt != nil && r.first == nil && r.caller.waiter == nil {
		return r.wait(w)
	}
	r.mu.Unlock()
	if op == nil {
		op = r.op(w, true)
	}
	return cml.Perform(op)
}

// A caller waits at the descriptor, one at a time. It counts as the first in the queue.
type caller struct {
	waiter wait.Waiter // nil: there is none
	want   want
	t      taken
	served atomic.Bool // t is what was wanted. Writers: under mu
}

// wait is get for one who has become the caller: it unlocks.
func (r *Reader) wait(want want) (t taken) {
	c := &r.caller
	w := wait.Current()
	for {
		c.waiter, c.want = w, want
		c.served.Store(false)
		r.mu.Unlock()
		ending := r.prompt.awaitUnless(w, &c.served)
		r.mu.Lock()
		c.waiter = nil
		ok := c.served.Load()
		if ok {
			t, c.t = c.t, taken{}
		} else {
			t, _, ok = r.attempt(want, false)
		}
		switch {
		case ok:
			r.mu.Unlock()
			wait.Release(w)
			return t
		case ending:
			r.mu.Unlock()
			w.Exit()
			r.mu.Lock() // a goroutine: not reached
		}
	}
}

// busy counts the reads that did not wait, and reports whether others shall have their
// turn. The lock is held.
func (r *Reader) busy(got bool) (tired bool) {
	if !got {
		r.streak = 0
		return false
	}
	if r.streak++; r.streak < readerStreak {
		return false
	}
	r.streak = 0
	return true
}

// rest lets others run.
func rest(tired bool) {
	if tired {
		fibers.Yield()
	}
}
