package poll

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDifferentialDial(t *testing.T) { differential(t, dialPrograms) }

// dialed dials, notes what came of it, and closes the connection.
func (p *probe) dialed(what string, ctx context.Context, d *net.Dialer, network, addr string) {
	c, err := p.dial(ctx, d, network, addr)
	if err != nil {
		p.note(what, err)
		return
	}
	p.note(what, c.RemoteAddr())
	c.Close()
}

// refuses is an address at which nobody listens.
func (p *probe) refuses(network string) string {
	l := p.listener(network)
	defer l.Close()
	return l.Addr().String()
}

var dialPrograms = []program{
	{"addresses that are wrong", func(p *probe) {
		path := p.path()
		for _, x := range [][2]string{
			{"tcp", ""}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:x y"}, {"tcp", "127.0.0.1:no-such"}, {"tcp", "127.0.0.1:70000"}, {"tcp", "127.0.0.1:-1"}, {"tcp", "127.0.0.1:99999999999"},
			{"tcp", "127.0.0.1:"}, {"tcp", "[::1"}, {"tcp", "::1:80"}, {"tcp", "[::1]80"}, {"tcp", "a[b]:1"}, {"tcp", "[::1]"},
			{"tcp4", "[::1]:80"}, {"tcp6", "127.0.0.1:80"}, {"tcp4", "[::]:1"}, {"tcp6", "[::ffff:127.0.0.1]:1"}, {"tcp", "[fe80::1%nowhere]:80"},
			{"tcp", p.refuses("tcp")}, {"tcp4", p.refuses("tcp")}, {"tcp6", p.refuses("tcp6")}, {"tcp", "[::1]:1"}, {"tcp", "0.0.0.0:1"}, {"tcp", ":1"}, {"tcp", "[::]:1"}, {"tcp", "255.255.255.255:1"},
			{"unix", ""}, {"unix", path}, {"unix", "@no-such-socket"}, {"unix", strings.Repeat("x", 200)}, {"unix", "/dev/null"}, {"unixpacket", path},
			{"pigeon", "x"}, {"", "x"}, {"pigeon", ""}, {"tcp4:80", "127.0.0.1:1"},
		} {
			p.dialed(x[0]+" "+x[1], context.Background(), new(net.Dialer), x[0], x[1])
		}
	}},
	{"addresses of all interfaces", func(p *probe) {
		for _, x := range [][2]string{{"tcp", ":0"}, {"tcp", "[::]:0"}, {"tcp", "0.0.0.0:0"}, {"tcp4", ":0"}, {"tcp6", ":0"}, {"tcp", "127.0.0.1:0"}} {
			l, err := p.listen(x[0], x[1])
			p.check("listen", err)
			p.note("listen", l.Addr())
			_, port, _ := net.SplitHostPort(l.Addr().String())
			for _, to := range [][2]string{
				{"tcp", l.Addr().String()}, {x[0], l.Addr().String()}, {"tcp", ":" + port}, {"tcp4", ":" + port}, {"tcp6", ":" + port},
				{"tcp", "0.0.0.0:" + port}, {"tcp", "[::]:" + port}, {"tcp4", "0.0.0.0:" + port}, {"tcp6", "[::]:" + port}, {"tcp", "[::ffff:127.0.0.1]:" + port},
			} {
				if x[0] == "tcp6" && to[0] != "tcp6" && to[1] != "[::]:"+port {
					continue // another program may listen there, by IPv4
				}
				p.dialed(to[0]+" "+to[1], context.Background(), new(net.Dialer), to[0], to[1])
			}
			l.Close()
		}
	}},
	{"addresses to dial from", func(p *probe) {
		l, l6, u := p.listener("tcp"), p.listener("tcp6"), p.listener("unix")
		from := p.path()
		for _, local := range []net.Addr{
			nil, (*net.TCPAddr)(nil), &net.TCPAddr{}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, &net.TCPAddr{IP: net.IPv6loopback}, &net.TCPAddr{IP: net.IPv4zero}, &net.TCPAddr{IP: net.IPv6unspecified},
			&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, &net.TCPAddr{Port: 70000}, &net.TCPAddr{IP: net.IP{1, 2, 3}}, &net.TCPAddr{IP: net.IP{1, 2, 3, 4, 5}},
			&net.UDPAddr{}, &net.UnixAddr{Net: "unix"}, &net.UnixAddr{Net: "unixgram"}, &net.UnixAddr{Name: from, Net: "unix"},
		} {
			for _, to := range []net.Addr{l.Addr(), l6.Addr(), u.Addr()} {
				c, err := p.dial(context.Background(), &net.Dialer{LocalAddr: local}, to.Network(), to.String())
				p.note("from "+p.show(local), err)
				if err == nil {
					a := c.LocalAddr()
					if t, ok := a.(*net.TCPAddr); ok {
						a = &net.TCPAddr{IP: t.IP}
					}
					p.note("is", a)
					c.Close()
				}
			}
		}
	}},
	{"control", func(p *probe) {
		refused := errors.New("no")
		l, l6, u := p.listener("tcp"), p.listener("tcp6"), p.listener("unix")
		type key struct{}
		for _, to := range []net.Addr{l.Addr(), l6.Addr(), u.Addr()} {
			for _, answer := range []error{nil, refused, net.ErrClosed, &net.OpError{Op: "mine", Err: refused}} {
				control := func(network, address string, c syscall.RawConn) error {
					calls := 0
					p.note("control", network, address, c.Control(func(uintptr) { calls++ }), calls)
					p.note("read", c.Read(func(uintptr) bool { calls++; return true }), calls)
					p.note("read that waits", c.Read(func(uintptr) bool { calls++; return false }), calls)
					p.note("write that waits", c.Write(func(uintptr) bool { calls++; return false }), calls)
					return answer
				}
				ctx := context.WithValue(context.Background(), key{}, "value")
				p.dialed("Control", ctx, &net.Dialer{Control: control}, to.Network(), to.String())
				p.dialed("ControlContext", ctx, &net.Dialer{
					Control: func(string, string, syscall.RawConn) error { p.note("both"); return nil },
					ControlContext: func(ctx context.Context, network, address string, c syscall.RawConn) error {
						p.note("context", ctx.Value(key{}))
						return control(network, address, c)
					},
				}, to.Network(), to.String())
			}
		}
		p.dialed("of IPv6, both", context.Background(), &net.Dialer{
			LocalAddr: &net.TCPAddr{IP: net.IPv6unspecified},
			Control:   func(network, address string, _ syscall.RawConn) error { p.note(network, address); return nil },
		}, "tcp", l.Addr().String())
	}},
	{"contexts that are over", func(p *probe) {
		l, u := p.listener("tcp"), p.listener("unix")
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		because, give := context.WithCancelCause(context.Background())
		give(errors.New("because"))
		past, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		defer cancel()
		local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
		for _, to := range []net.Addr{l.Addr(), u.Addr()} {
			p.dialed("cancelled", cancelled, new(net.Dialer), to.Network(), to.String())
			p.dialed("cancelled for a cause", because, new(net.Dialer), to.Network(), to.String())
			p.dialed("past", past, new(net.Dialer), to.Network(), to.String())
			p.dialed("a negative time-out", context.Background(), &net.Dialer{Timeout: -1}, to.Network(), to.String())
			p.dialed("a deadline that is over", context.Background(), &net.Dialer{Deadline: time.Unix(1, 0)}, to.Network(), to.String())
		}
		p.dialed("from somewhere", cancelled, &net.Dialer{LocalAddr: local}, "tcp", l.Addr().String())
		p.dialed("serially", cancelled, &net.Dialer{FallbackDelay: -1}, "tcp", l.Addr().String())
		p.dialed("two addresses", cancelled, new(net.Dialer), "tcp", "[::]:1")
		p.dialed("a name", cancelled, p.asking(names), "tcp", "silent.test.:1") // one that is answered may be in time
		p.dialed("an unknown network", cancelled, new(net.Dialer), "pigeon", "x")
		p.dialed("a wrong address", cancelled, new(net.Dialer), "tcp", "x")
	}},
	{"contexts that end meanwhile", func(p *probe) {
		hole := blackHole(p.t)
		p.called(strings.TrimPrefix(hole, "127.0.0.1"), ":HOLE")
		for _, d := range []*net.Dialer{{}, {FallbackDelay: -1}} {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(10*time.Millisecond, cancel)
			p.dialed("cancelled", ctx, d, "tcp", hole)
		}
		closed := make(chan struct{})
		time.AfterFunc(10*time.Millisecond, func() { close(closed) })
		//lint:ignore SA1019 it is compared all the same
		p.dialed("Cancel", context.Background(), &net.Dialer{Cancel: closed}, "tcp", hole)
		// Package net has two timers for a time-out: which of them ends it is open.
		for _, d := range []*net.Dialer{{Timeout: 10 * time.Millisecond}, {Deadline: time.Now().Add(10 * time.Millisecond)}} {
			_, err := p.dial(context.Background(), d, "tcp", hole)
			ne, ok := err.(net.Error)
			p.note("time-out", ok && ne.Timeout(), err.Error())
		}
	}},
	{"names", func(p *probe) {
		l := p.listener("tcp")
		port := func(l net.Listener) string { return l.Addr().String()[strings.LastIndex(l.Addr().String(), ":"):] }
		for _, name := range []string{"one.test.", "two.test.", "six.test.", "both.test.", "none.test.", "no.test.", "broken.test.", "link.test.", "bad..name", "127.0.0.1.", "0x7f.1"} {
			for _, network := range []string{"tcp", "tcp4", "tcp6"} {
				d := p.asking(names)
				p.dialed(network+" "+name, context.Background(), d, network, name+port(l))
				p.asked()
			}
		}
		d := p.asking(names)
		d.FallbackDelay = -1
		p.dialed("serially", context.Background(), d, "tcp", "both.test."+port(l))
		p.asked()
		d = p.asking(names)
		d.LocalAddr = &net.TCPAddr{IP: net.IPv6loopback}
		p.dialed("from IPv6", context.Background(), d, "tcp", "two.test."+port(l))
		p.asked()
		p.dialed("a port by name", context.Background(), p.asking(names), "tcp", "none.test.:http")
		p.asked()
		p.dialed("no port", context.Background(), p.asking(names), "tcp", "one.test.:no-such-port")
		p.asked()
	}},
	{"a name server that does not answer", func(p *probe) {
		d := p.asking(names)
		d.Timeout = 50 * time.Millisecond
		c, err := p.dial(context.Background(), d, "tcp", "silent.test.:1")
		p.note("timed out", c != nil)
		dns := new(net.DNSError)
		p.note("is a DNSError", errors.As(err, &dns), dns.IsTimeout, dns.Name, dns.Err, errors.Is(err, context.DeadlineExceeded))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err = p.dial(ctx, p.asking(names), "tcp", "silent.test.:1")
		p.note("cancelled", err)
	}},
	{"one after the other", func(p *probe) {
		// The address that does not answer must not take all the time: package net gives
		// each its share, and 2 s at least.
		var tried []string
		l := p.listener("tcp")
		_, port, _ := net.SplitHostPort(l.Addr().String())
		d := p.asking(names)
		d.FallbackDelay = -1
		d.Timeout = time.Hour
		d.ControlContext = func(ctx context.Context, network, address string, _ syscall.RawConn) error {
			deadline, ok := ctx.Deadline()
			tried = append(tried, address)
			p.note(network, address, ok, time.Until(deadline).Round(time.Minute))
			return nil
		}
		p.dialed("serially", context.Background(), d, "tcp", "three.test.:"+port)
		p.note("tried", len(tried))
		p.note("sorted", slices.IsSorted(tried))
	}},
}
