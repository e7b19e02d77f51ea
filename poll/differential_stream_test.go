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
	{"deadlines", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			c, s := p.pair(network)
			one := make([]byte, 1)
			far, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
			read := func(what string) { n, err := c.Read(one); p.note("read "+what, n, err) }
			write := func(what string) { n, err := c.Write(one); p.note("write "+what, n, err) }
			p.note("set", c.SetDeadline(past))
			read("past the deadline")
			write("past the deadline")
			n, err := c.Read(nil)
			p.note("read nothing", n, err)
			n, err = c.Write(nil)
			p.note("write nothing", n, err)
			p.note("set", c.SetReadDeadline(far))
			s.Write(one)
			read("again")
			write("still past")
			p.note("set", c.SetWriteDeadline(time.Time{}))
			write("again")
			for _, t := range []time.Time{time.Now().Add(5 * time.Millisecond), time.Now().Add(5 * time.Millisecond).Round(0), time.Unix(1, 0), {}} {
				p.note("set", c.SetReadDeadline(t))
				if t.IsZero() {
					s.Write(one)
				}
				read("until the deadline")
			}
			p.note("set", c.SetReadDeadline(time.Unix(1<<40, 0)))
			s.Write(one)
			read("until the sun is dark")
			p.note("set", c.SetReadDeadline(time.Now().Add(1<<63-1)))
			s.Write(one)
			read("for ever")
			// One that waits is woken, and by Close too.
			p.note("set", c.SetDeadline(time.Time{}))
			p.spawn(func() { c.SetReadDeadline(time.Unix(1, 0)) })
			read("woken by a deadline")
			p.note("set", c.SetDeadline(time.Time{}))
			p.spawn(func() { c.Close() })
			read("woken by Close")
			write("after Close")
		}
	}},
	{"half-closing", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			a, b := p.pair(network)
			c, s := a.(halves), b.(halves)
			one := make([]byte, 1)
			p.note("close write", c.CloseWrite())
			p.note("again", c.CloseWrite())
			n, err := c.Write(one)
			p.note("write", n, err)
			n, err = c.Write(nil)
			p.note("write nothing", n, err)
			n, err = s.Read(one)
			p.note("the end", n, err)
			n, err = s.Write([]byte("still"))
			p.note("the other way", n, err)
			n, err = io.ReadFull(c, make([]byte, 5))
			p.note("read", n, err)
			p.note("close read", c.CloseRead())
			n, err = c.Read(one)
			p.note("read after it", n, err)
			p.note("again", c.CloseRead())
			s.Close()
			p.note("of one whose peer is gone", c.CloseRead(), c.CloseWrite())
		}
	}},
	{"peers that vanish", func(p *probe) {
		c, s := p.pair("tcp")
		p.note("linger", s.(interface{ SetLinger(int) error }).SetLinger(0))
		s.Close()
		one := make([]byte, 1)
		n, err := c.Read(one)
		p.note("read", n, err)
		n, err = c.Read(one)
		p.note("read again", n, err)
		n, err = c.Write(one)
		p.note("write", n, err)
		p.note("addresses", c.LocalAddr(), c.RemoteAddr())
		p.note("close read", c.(halves).CloseRead())
		p.note("close write", c.(halves).CloseWrite())
		p.note("deadline", c.SetDeadline(time.Now()))
		p.note("close", c.Close())
		for range 5 { // reset before it is accepted, and while it is dialed
			l := p.listener("tcp")
			d, err := p.to("tcp", l.Addr().String())
			p.check("dial", err)
			d.(interface{ SetLinger(int) error }).SetLinger(0)
			d.Close()
			s, err := l.Accept()
			p.check("accept", err)
			p.note("accepted", s.LocalAddr(), s.RemoteAddr())
			n, err := s.Read(one)
			p.note("read", n, err)
			p.note("address", s.RemoteAddr())
			s.Close()
			p.note("address", s.RemoteAddr())
		}
		c, s = p.pair("unix")
		s.Close()
		n, err = c.Write(one)
		p.note("unix write", n, err)
		n, err = c.Read(one)
		p.note("unix read", n, err)
		p.note("unix addresses", c.LocalAddr(), c.RemoteAddr())
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
