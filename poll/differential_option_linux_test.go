package poll

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDifferentialOptions(t *testing.T) { differential(t, optionPrograms) }

// kernelOptions are what a program can ask the kernel about a connection.
var kernelOptions = []struct {
	name         string
	level, which int
}{
	{"nodelay", unix.IPPROTO_TCP, unix.TCP_NODELAY}, {"keepalive", unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	{"idle", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, {"interval", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
	{"count", unix.IPPROTO_TCP, unix.TCP_KEEPCNT}, {"reuseaddr", unix.SOL_SOCKET, unix.SO_REUSEADDR},
	{"broadcast", unix.SOL_SOCKET, unix.SO_BROADCAST}, {"v6only", unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	{"domain", unix.SOL_SOCKET, unix.SO_DOMAIN}, {"protocol", unix.SOL_SOCKET, unix.SO_PROTOCOL},
	{"read buffer", unix.SOL_SOCKET, unix.SO_RCVBUF}, {"write buffer", unix.SOL_SOCKET, unix.SO_SNDBUF},
}

// options notes what the kernel says about a socket.
func (p *probe) options(what string, c any) {
	raw, err := c.(syscall.Conn).SyscallConn()
	p.check("SyscallConn", err)
	var seen []any
	p.check("Control", raw.Control(func(fd uintptr) {
		for _, o := range kernelOptions {
			v, err := unix.GetsockoptInt(int(fd), o.level, o.which)
			seen = append(seen, o.name)
			if err != nil {
				seen = append(seen, err)
			} else {
				seen = append(seen, v)
			}
		}
		l, err := unix.GetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER)
		seen = append(seen, "linger", l, err)
		flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
		seen = append(seen, "close on exec", flags, err)
		flags, err = unix.FcntlInt(fd, unix.F_GETFL, 0)
		seen = append(seen, "nonblocking", flags&unix.O_NONBLOCK != 0, err)
	}))
	p.note(what, seen...)
}

// tcp is what connections of both packages have for TCP.
type tcp interface {
	net.Conn
	options
	CloseRead() error
	CloseWrite() error
}

var keepAliveConfigs = []net.KeepAliveConfig{
	{}, {Enable: true}, {Enable: true, Idle: time.Second, Interval: 2 * time.Second, Count: 3},
	{Enable: true, Idle: 1500 * time.Millisecond, Interval: time.Nanosecond, Count: 1}, {Enable: true, Idle: -1, Interval: -1, Count: -1},
	{Enable: true, Idle: 1e6 * time.Second, Interval: 2 * time.Second, Count: 3}, {Enable: true, Idle: 7 * time.Second, Interval: 1e6 * time.Second, Count: 3},
	{Enable: true, Idle: 7 * time.Second, Interval: 8 * time.Second, Count: 1000}, {Enable: false, Idle: 7 * time.Second, Interval: 8 * time.Second, Count: 9},
}

// dialPlain connects to a listener, with what d says.
func (p *probe) dialPlain(d *net.Dialer, l net.Listener) (c, s net.Conn) {
	c, err := p.dial(context.Background(), d, "tcp", l.Addr().String())
	p.check("dial", err)
	s, err = l.Accept()
	p.check("accept", err)
	return c, s
}

var optionPrograms = []program{
	{"what sockets have", func(p *probe) {
		for _, network := range []string{"tcp", "tcp4", "tcp6", "unix", "unixpacket"} {
			l := p.listener(network)
			for range 2 {
				c, err := p.to(network, l.Addr().String())
				p.check("dial", err)
				s, err := l.Accept()
				p.check("accept", err)
				p.options(network+" dialed", c)
				p.options(network+" accepted", s)
				c.Close()
				s.Close()
			}
		}
	}},
	{"keep-alive of dialing", func(p *probe) {
		l := p.listener("tcp")
		for _, d := range []time.Duration{0, -1, 1, time.Second, 30 * time.Second, 1e6 * time.Second} {
			c, s := p.dialPlain(&net.Dialer{KeepAlive: d}, l)
			p.options("KeepAlive "+d.String(), c)
			c.Close()
			s.Close()
		}
		for _, config := range keepAliveConfigs {
			c, s := p.dialPlain(&net.Dialer{KeepAlive: 42 * time.Second, KeepAliveConfig: config}, l)
			p.options("KeepAliveConfig "+p.show(config), c)
			c.Close()
			s.Close()
		}
	}},
	{"keep-alive of listening", func(p *probe) {
		for _, multipath := range []bool{false, true} {
			listen := func(lc *net.ListenConfig) {
				lc.SetMultipathTCP(multipath)
				l, err := p.listenWith(lc, "tcp", "127.0.0.1:0")
				p.check("listen", err)
				defer l.Close()
				for range 2 {
					c, s := p.dialPlain(new(net.Dialer), l)
					p.options("accepted", s)
					c.Close()
					s.Close()
				}
			}
			for _, d := range []time.Duration{0, -1, 1, 30 * time.Second, 1e6 * time.Second} {
				listen(&net.ListenConfig{KeepAlive: d})
			}
			for _, config := range keepAliveConfigs {
				listen(&net.ListenConfig{KeepAliveConfig: config})
			}
		}
	}},
	{"setting them", func(p *probe) {
		c1, _ := p.pair("tcp")
		c := c1.(tcp)
		for _, on := range []bool{false, true} {
			p.note("nodelay", c.SetNoDelay(on))
			p.note("keepalive", c.SetKeepAlive(on))
			p.options("set", c)
		}
		for _, d := range []time.Duration{0, -1, 1, 1500 * time.Millisecond, 1e6 * time.Second} {
			p.note("period", c.SetKeepAlivePeriod(d))
			p.options("set", c)
		}
		for _, config := range keepAliveConfigs {
			p.note("config", c.SetKeepAliveConfig(config))
			p.options("set", c)
		}
		for _, sec := range []int{0, 1, 70000, -1} {
			p.note("linger", c.SetLinger(sec))
			p.options("set", c)
		}
		for _, n := range []int{0, -1, 1, 5000, 1 << 30} {
			p.note("buffers", c.SetReadBuffer(n), c.SetWriteBuffer(n))
			p.options("set", c)
		}
		p.note("multipath", p.show(ofTwo(c.MultipathTCP())))
		c.Close()
		p.note("after close", c.SetNoDelay(true), c.SetKeepAlive(true), c.SetKeepAlivePeriod(1), c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}),
			c.SetLinger(1), c.SetReadBuffer(1), c.SetWriteBuffer(1))
	}},
	{"buffers of unix sockets", func(p *probe) {
		c, _ := p.pair("unix")
		b := c.(interface {
			SetReadBuffer(int) error
			SetWriteBuffer(int) error
		})
		p.note("set", b.SetReadBuffer(5000), b.SetWriteBuffer(6000))
		p.options("set", c)
		c.Close()
		p.note("after close", b.SetReadBuffer(5000), b.SetWriteBuffer(6000))
	}},
	{"multipath", func(p *probe) {
		for _, listens := range []bool{false, true} {
			lc := new(net.ListenConfig)
			lc.SetMultipathTCP(listens)
			l, err := p.listenWith(lc, "tcp", "127.0.0.1:0")
			p.check("listen", err)
			for _, dials := range []bool{false, true} {
				d := new(net.Dialer)
				d.SetMultipathTCP(dials)
				c, s := p.dialPlain(d, l)
				p.note("multipath", listens, dials, ofTwo(c.(tcp).MultipathTCP()), ofTwo(s.(tcp).MultipathTCP()))
				p.options("dialed", c)
				p.options("accepted", s)
				c.Close()
				s.Close()
			}
			addr := l.Addr().String()
			l.Close()
			d := new(net.Dialer)
			d.SetMultipathTCP(true)
			p.dialed("refused", context.Background(), d, "tcp", addr)
		}
	}},
	{"options that Control sets", func(p *probe) {
		l := p.listener("tcp")
		c, s := p.dialPlain(&net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) {
				for _, o := range kernelOptions[:8] {
					unix.SetsockoptInt(int(fd), o.level, o.which, 1)
				}
				unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 0)
			})
		}}, l)
		p.options("dialed", c)
		c.Close()
		s.Close()
	}},
}

// ofTwo is one value of two.
func ofTwo(on bool, err error) [2]any { return [2]any{on, err} }
