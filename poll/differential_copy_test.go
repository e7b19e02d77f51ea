package poll

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestDifferentialCopy(t *testing.T) { differential(t, copyPrograms) }

// long is more than a socket takes at once whose buffers are narrow.
var long = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

func narrow(conns ...net.Conn) {
	for _, c := range conns {
		c.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(128 << 10)
	}
}

// file makes a file with these contents.
func (p *probe) file(contents []byte) *os.File {
	f, err := os.CreateTemp("", "poll")
	p.check("a file", err)
	p.called(f.Name(), "FILE")
	p.later(func() { f.Close(); os.Remove(f.Name()) })
	_, err = f.Write(contents)
	p.check("write", err)
	_, err = f.Seek(0, io.SeekStart)
	p.check("seek", err)
	return f
}

// gathers reads all that comes from c, and notes whether it is what it should be.
func (p *probe) gathers(c net.Conn, want []byte) (wait func()) {
	done := make(chan []byte, 1)
	go func() {
		var b bytes.Buffer
		io.Copy(&b, onlyReader{c})
		done <- b.Bytes()
	}()
	return func() {
		p.within("all to arrive", func() {
			got := <-done
			p.note("arrived", len(got), bytes.Equal(got, want))
		})
	}
}

// failing fails after some bytes.
type failing struct{ r io.Reader }

var errFailing = errors.New("the reader fails")

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = errFailing
	}
	return n, err
}

type failingWriter struct{}

func (failingWriter) Write(p []byte) (int, error) { return 3, errFailing }

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

var copyPrograms = []program{
	{"from a file", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			c, s := p.pair(network)
			narrow(c, s)
			wait := p.gathers(s, append(append(append(append([]byte(nil), long...), long[:100]...), long[100:250]...), long[5:]...))
			f := p.file(long)
			n, err := io.Copy(c, f)
			p.note("all", n, err)
			n, err = io.Copy(c, f)
			p.note("nothing left", n, err)
			f = p.file(long)
			n, err = io.CopyN(c, f, 100)
			p.note("a part", n, err)
			n, err = io.Copy(c, &io.LimitedReader{R: f, N: 150})
			p.note("another", n, err)
			at, err := f.Seek(0, io.SeekCurrent)
			p.note("the file is at", at, err)
			lr := &io.LimitedReader{R: f, N: 0}
			n, err = io.Copy(c, lr)
			p.note("none", n, err, lr.N)
			f.Seek(5, io.SeekStart)
			n, err = io.CopyN(c, f, 1<<40)
			p.note("more than there is", n, err)
			c.Close()
			wait()
		}
	}},
	{"from a connection", func(p *probe) {
		for _, x := range [][2]string{{"tcp", "tcp"}, {"tcp", "unix"}, {"unix", "tcp"}, {"unix", "unix"}} {
			in, source := p.pair(x[0])
			sink, out := p.pair(x[1])
			narrow(in, source, sink, out)
			p.spawn(func() { source.Write(long); source.Close() })
			wait := p.gathers(out, long)
			lr := &io.LimitedReader{R: in, N: 1000}
			n, err := io.Copy(sink, lr)
			p.note("a part", n, err, lr.N)
			n, err = io.Copy(sink, in)
			p.note("the rest", n, err)
			n, err = io.Copy(sink, in)
			p.note("nothing", n, err)
			sink.Close()
			wait()
		}
	}},
	{"from and to others", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			c, s := p.pair(network)
			wait := p.gathers(s, []byte("a stringbytesone by onepart"))
			n, err := io.Copy(c, strings.NewReader("a string"))
			p.note("a string", n, err)
			n, err = io.Copy(c, bytes.NewBufferString("bytes"))
			p.note("bytes", n, err)
			n, err = io.Copy(c, onlyReader{strings.NewReader("one by one")})
			p.note("a reader", n, err)
			n, err = io.Copy(c, failing{strings.NewReader("part")})
			p.note("that fails", n, err, errors.Is(err, errFailing))
			c.Close()
			wait()
			c, source := p.pair(network)
			p.spawn(func() { source.Write(long[:1000]); source.Close() })
			f := p.file(nil)
			n, err = io.Copy(f, c)
			p.note("to a file", n, err)
			at, err := f.Seek(0, io.SeekCurrent)
			p.note("the file is at", at, err)
			c, s = p.pair(network)
			s.Write([]byte("hello"))
			n, err = io.Copy(failingWriter{}, c)
			p.note("to a writer that fails", n, err)
			s.Write([]byte("hello"))
			n, err = io.Copy(shortWriter{}, c)
			p.note("to a writer that is short", n, err)
		}
	}},
	{"what goes wrong", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			f := p.file(long)
			c, _ := p.pair(network)
			c.Close()
			n, err := io.Copy(c, f)
			p.note("to a closed connection, from a file", n, err)
			n, err = io.Copy(c, strings.NewReader("x"))
			p.note("from a string", n, err)
			n, err = io.Copy(io.Discard, c)
			p.note("from a closed connection", n, err)
			d, e := p.pair(network)
			e.Write([]byte("x"))
			n, err = io.Copy(c, d)
			p.note("to a closed connection, from one", n, err)
			n, err = io.Copy(d, c)
			p.note("from a closed connection, to one", n, err)
			c, s := p.pair(network)
			c.SetDeadline(time.Unix(1, 0))
			n, err = io.Copy(c, p.file(long))
			p.note("past the deadline, from a file", n, err)
			n, err = io.Copy(c, onlyReader{strings.NewReader("x")})
			p.note("from a string", n, err)
			e.Write([]byte("x"))
			n, err = io.Copy(c, d)
			p.note("from a connection", n, err)
			n, err = io.Copy(d, c)
			p.note("from one past its deadline", n, err)
			n, err = io.Copy(io.Discard, c)
			p.note("to nowhere", n, err)
			c.SetDeadline(time.Time{})
			s.Close()
			s.Close()
			for range 100 { // until the reset has come
				if _, err = c.Write([]byte("x")); err != nil {
					break
				}
				time.Sleep(time.Millisecond) // sleep: polling with a bound
			}
			n, err = io.CopyN(c, p.file(long), 1<<20) // else package os makes the error
			p.note("to a broken one, from a file", n, err)
			e.Write([]byte("x"))
			n, err = io.Copy(c, d)
			p.note("from a connection", n, err)
		}
	}},
}
