package poll

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestDifferentialStream(t *testing.T) { differential(t, streamPrograms) }

// halves are what connections of both packages have.
type halves interface {
	net.Conn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
}

var streamPrograms = []program{
	{"addresses", func(p *probe) {
		for _, network := range []string{"tcp", "tcp4", "unix"} {
			c, s := p.pair(network)
			p.note(network, c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
		}
	}},
	{"after close", func(p *probe) {
		for _, network := range []string{"tcp", "tcp4", "unix"} {
			c, _ := p.pair(network)
			p.note("close", c.Close())
			p.note("again", c.Close())
			n, err := c.Read(make([]byte, 1))
			p.note("read", n, err)
			n, err = c.Write([]byte("x"))
			p.note("write", n, err)
			p.note("deadline", c.SetDeadline(time.Time{}))
			p.note("read deadline", c.SetReadDeadline(time.Now()))
			p.note("write deadline", c.SetWriteDeadline(time.Now().Add(time.Hour)))
			p.note("close read", c.(halves).CloseRead())
			p.note("close write", c.(halves).CloseWrite())
			p.note("addresses", c.LocalAddr(), c.RemoteAddr())
		}
	}},
	{"the end and nothing", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			c, s := p.pair(network)
			n, err := c.Read(nil)
			p.note("read nothing", n, err)
			n, err = c.Write(nil)
			p.note("write nothing", n, err)
			s.Close()
			n, err = c.Read(make([]byte, 1))
			p.note("read", n, err)
			n, err = c.Read(nil)
			p.note("read nothing", n, err)
		}
	}},
	{"raw connections", rawPrograms},
}

// What a function given to SyscallConn is told, how often, and when.
func rawPrograms(p *probe) {
	for _, network := range []string{"tcp", "unix"} {
		c, s := p.pair(network)
		raw, err := c.(syscall.Conn).SyscallConn()
		p.check("SyscallConn", err)
		s.Write([]byte("hello"))
		n, err := c.Read(make([]byte, 100))
		p.note("a short read", n, err)
		for _, x := range []struct {
			name string
			do   func(func(uintptr) bool) error
		}{{"read", raw.Read}, {"write", raw.Write}} {
			calls := 0
			p.within("raw "+x.name, func() {
				err := x.do(func(uintptr) bool { calls++; return true })
				p.note(x.name, calls, err)
			})
		}
		p.note("control", raw.Control(func(uintptr) {}))
		c.SetDeadline(time.Now().Add(-time.Second))
		p.note("read past the deadline", raw.Read(func(uintptr) bool { p.note("called"); return true }))
		p.note("write past the deadline", raw.Write(func(uintptr) bool { p.note("called"); return true }))
		c.SetDeadline(time.Time{})
		s.Write([]byte("again"))
		io.ReadFull(c, make([]byte, 5))
		calls := 0
		p.within("raw read that waits", func() {
			err := raw.Read(func(uintptr) bool {
				if calls++; calls == 1 {
					s.Write([]byte("more"))
				}
				return calls > 1
			})
			p.note("read that waits", calls, err)
		})
		c.Close()
		p.note("control after close", raw.Control(func(uintptr) { p.note("called") }))
		p.note("read after close", raw.Read(func(uintptr) bool { p.note("called"); return true }))
		p.note("write after close", raw.Write(func(uintptr) bool { p.note("called"); return true }))
		raw, err = c.(syscall.Conn).SyscallConn()
		p.note("SyscallConn after close", raw != nil, err)
		if raw != nil {
			p.note("control", raw.Control(func(uintptr) { p.note("called") }))
		}
	}
	u := p.packets("udp")
	raw, err := u.(syscall.Conn).SyscallConn()
	p.check("SyscallConn", err)
	p.note("packets control", raw.Control(func(uintptr) {}))
	calls := 0
	p.within("raw read of packets", func() {
		p.note("packets read", raw.Read(func(uintptr) bool { calls++; return true }), calls)
	})
	u.Close()
	p.note("packets control after close", raw.Control(func(uintptr) { p.note("called") }))
	l := p.listener("tcp")
	raw, err = l.(syscall.Conn).SyscallConn()
	p.check("SyscallConn", err)
	p.note("listener control", raw.Control(func(uintptr) {}))
	p.note("listener read", raw.Read(func(uintptr) bool { p.note("called"); return true }))
	p.note("listener write", raw.Write(func(uintptr) bool { p.note("called"); return true }))
	l.Close()
	p.note("listener control after close", raw.Control(func(uintptr) { p.note("called") }))
	_, err = l.(syscall.Conn).SyscallConn()
	p.note("listener SyscallConn after close", err)
}
