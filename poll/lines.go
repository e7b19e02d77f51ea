package poll

import (
	"errors"
	"io"
	"os"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// A Line is one that a LineMerger delivers.
type Line struct {
	From int    // the number of its Reader, in the order in which they were given; −1: all have ended
	Text string // without its end
	Err  error  // io.EOF: that Reader has ended, or if From is −1 all have; or why it failed
}

// A LineMerger delivers the lines of several Readers as they come: the output and the
// messages of a process, say, or what several peers send.
type LineMerger struct {
	op   cml.Op[Line]
	left atomic.Int32 // Readers that have not ended. Writers: those who tell an end
	over *cml.Cond    // all have: for those who wait
}

// theEnd is what is delivered when all have ended, and errAllEnded stands for it among what is
// taken of a Reader.
var (
	theEnd      = Line{From: -1, Err: io.EOF}
	errAllEnded = errors.New("all have ended")
)

// A member is a Reader of a LineMerger.
type member struct {
	m     *LineMerger
	ended bool // its end, or error, has been delivered. Under the lock of the Reader
}

// MergeLines returns a LineMerger of the Readers. The end of each is delivered once, and
// then it is left out; so is one that fails, unless by its deadline. When the last has
// ended, there is only the Line from −1 with io.EOF, again and again.
func MergeLines(readers ...*Reader) *LineMerger {
	m := &LineMerger{over: cml.NewCond()}
	m.left.Store(int32(len(readers)))
	ops := make([]cml.Op[Line], 0, len(readers)+1)
	for i, r := range readers {
		if r == nil {
			panic("poll: MergeLines of a nil Reader")
		}
		op := r.op(want{kind: aLine, of: &member{m: m}}, false)
		ops = append(ops, cml.Wrap(op, func(t taken) Line {
			if t.err == errAllEnded {
				return theEnd
			}
			return Line{i, t.text(), t.err}
		}))
	}
	if len(readers) == 0 {
		m.over.Signal()
	}
	ops = append(ops, cml.Wrap(m.over.WaitOp(), func(cml.Unit) Line { return theEnd }))
	m.op = cml.Choice(ops...)
	return m
}

// Get waits for the next line of any of the Readers.
func (m *LineMerger) Get() Line { return cml.Perform(m.op) }

// GetOp returns the operation that is ready when one of the Readers has a line, or its
// end. If it loses, nothing has been taken.
func (m *LineMerger) GetOp() cml.Op[Line] { return m.op }

// over reports whether nothing will come of x any more.
func (x *member) over() bool { return x != nil && x.ended }

// rest is what an attempt finds when nothing will come of x any more: that all have ended, if
// they have, as those who wait may not have been told yet.
func (x *member) rest() (t taken, ok bool) { return taken{err: errAllEnded}, x.m.left.Load() == 0 }

// told says that x has delivered a line, or an error. The lock of its Reader, host, is held.
func (x *member) told(err error, host *guard) {
	if x == nil || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	x.ended = true
	if x.m.left.Dec() == 0 {
		host.aside(func() { x.m.over.Signal() }) // L1
	}
}
