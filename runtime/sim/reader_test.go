package sim_test

import (
	"io"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// Several fibers at one poll.Reader, and at one poll.Writer: the fiber that reads or writes for
// them is spawned, which is a point, when the locks of these are free.
func TestReaderAndWriterOfSeveral(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		a, b := s.Host("a"), s.Host("b")
		b.Go(func() { serveLines(s, b) })
		fibers.Sleep(time.Millisecond)
		c, err := a.Dial("tcp", "b:7")
		s.Always(err == nil, "%v", err)
		defer c.Close()
		r, w := poll.NewReader(c), poll.NewWriterSize(c, 4)
		const each = 3
		got, wrote := 0, 0
		for range each {
			fibers.Go(func() {
				line, err := r.ReadLine()
				s.Always(err == nil && line == "hello", "%q, %v", line, err)
				got++
			})
			fibers.Go(func() {
				_, err := io.WriteString(w, "hello\n")
				s.Always(err == nil && w.Flush() == nil, "write: %v", err)
				wrote++
			})
		}
		s.Eventually(time.Minute, func() bool { return got == each && wrote == each }, "all lines are there")
	}, sim.Runs(50)))
}

// A LineMerger of which all has ended says so to all who wait, and wakes them when no lock is held.
func TestMergeLinesOfSeveral(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		h := s.Host("a")
		l, err := h.Listen("tcp", ":7")
		s.Always(err == nil, "%v", err)
		var readers []*poll.Reader
		for range 2 {
			c, err := h.Dial("tcp", "a:7")
			s.Always(err == nil, "%v", err)
			defer c.Close()
			peer, err := l.Accept()
			s.Always(err == nil, "%v", err)
			readers = append(readers, poll.NewReader(peer))
			fibers.Go(func() {
				_, _ = io.WriteString(c, "hello\n")
				c.Close()
			})
		}
		m := poll.MergeLines(readers...)
		lines, ends, over := 0, 0, 0
		for range 3 {
			fibers.Go(func() {
				for {
					switch x := m.Get(); {
					case x.From < 0:
						over++
						return
					case x.Err != nil:
						ends++
					default:
						lines++
					}
				}
			})
		}
		s.Eventually(time.Minute, func() bool { return over == 3 }, "all know of the end")
		s.Always(lines == 2 && ends == 2, "%d lines, %d ends", lines, ends)
		_ = l.Close()
	}, sim.Runs(50)))
}
