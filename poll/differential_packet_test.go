package poll

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mail is what a socket for packets has in both packages.
type mail interface {
	net.PacketConn
	net.Conn
	syscall.Conn
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
	File() (*os.File, error)
}

// udpMail are the methods of net.UDPConn.
type udpMail interface {
	mail
	ReadFromUDP([]byte) (int, *net.UDPAddr, error)
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error)
	ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	WriteToUDP([]byte, *net.UDPAddr) (int, error)
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
	WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error)
	WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error)
}

// udp listens for packets at addr, if the system has such an address.
func (p *probe) udp(network, addr string) udpMail {
	c, err := p.listenPacket(network, addr)
	if err != nil && strings.Contains(addr, "::") {
		return nil
	}
	p.check("listen", err)
	p.later(func() { c.Close() })
	return c.(udpMail)
}

// udpNetworks are the networks with an address to listen at each.
var udpNetworks = [][2]string{
	{"udp", "127.0.0.1:0"}, {"udp4", "127.0.0.1:0"}, {"udp4", "0.0.0.0:0"}, {"udp", "[::1]:0"}, {"udp6", "[::1]:0"}, {"udp6", "[::]:0"},
	{"udp", ":0"}, {"udp", "0.0.0.0:0"},
}

// each calls f with a socket of each network, and one that sends to it.
func (p *probe) each(f func(network string, c, peer udpMail, to *net.UDPAddr)) {
	for _, n := range udpNetworks {
		c, peer := p.udp(n[0], n[1]), p.udp(n[0], n[1])
		if c == nil {
			continue
		}
		at := *c.LocalAddr().(*net.UDPAddr)
		if at.IP.IsUnspecified() {
			if at.IP = net.IPv4(127, 0, 0, 1); n[0] == "udp6" {
				at.IP = net.IPv6loopback
			}
		}
		p.note("sockets of "+n[0]+" "+n[1], c.LocalAddr(), len(c.LocalAddr().(*net.UDPAddr).IP), c.RemoteAddr())
		f(n[0], c, peer, &at)
	}
}

// noteUDP notes an address to the byte.
func (p *probe) noteUDP(what string, n int, a *net.UDPAddr, err error) {
	if a == nil {
		p.note(what, n, "nobody", err)
		return
	}
	p.note(what, n, a, len(a.IP), a.Zone, a.AddrPort().Addr(), err)
}

func TestDifferentialPackets(t *testing.T) {
	differential(t, packetPrograms)
}

var packetPrograms = []program{
	{"packets and where they come from", func(p *probe) {
		buf := make([]byte, 8)
		p.each(func(network string, c, peer udpMail, to *net.UDPAddr) {
			hello := []byte("hello")
			n, err := peer.WriteTo(hello, to)
			p.note("write to", n, err)
			n, from, err := c.ReadFrom(buf)
			p.note("read from", n, from, err, buf[:n])
			n, err = peer.WriteToUDP(hello, to)
			p.note("write to UDP", n, err)
			n, udp, err := c.ReadFromUDP(buf)
			p.noteUDP("read from UDP", n, udp, err)
			n, err = peer.WriteToUDPAddrPort(hello, to.AddrPort())
			p.note("write to address and port", n, err)
			if err == nil {
				n, ap, err := c.ReadFromUDPAddrPort(buf)
				p.note("read from address and port", n, ap.String(), err)
			}
			n, oobn, err := peer.WriteMsgUDP(hello, nil, to)
			p.note("write message", n, oobn, err)
			n, oobn, flags, udp, err := c.ReadMsgUDP(buf, nil)
			p.noteUDP("read message", n, udp, err)
			p.note("beside it", oobn, flags)
			n, oobn, err = peer.WriteMsgUDPAddrPort(hello, nil, netip.AddrPortFrom(to.AddrPort().Addr().Unmap(), to.AddrPort().Port()))
			p.note("write message to address and port", n, oobn, err)
			if err == nil {
				n, oobn, flags, ap, err := c.ReadMsgUDPAddrPort(buf, make([]byte, 10))
				p.note("read message from address and port", n, oobn, flags, ap.String(), err)
			}
		})
	}},
	{"nothing, too much and too little", func(p *probe) {
		c, peer := p.udp("udp", "127.0.0.1:0"), p.udp("udp", "127.0.0.1:0")
		to := c.LocalAddr()
		one, buf := make([]byte, 1), make([]byte, 8)
		n, err := c.Read(nil)
		p.note("read nothing where nothing is", n, err)
		for _, x := range []string{"", "one", "two", "three", "four", "five"} {
			n, err = peer.WriteTo([]byte(x), to)
			p.note("write", n, err)
		}
		n, err = c.Read(buf)
		p.note("read an empty one", n, err)
		n, err = c.Read(nil)
		p.note("read nothing", n, err)
		n, _, err = c.ReadFrom(nil)
		p.note("read nothing from", n, err)
		n, err = c.Read(one)
		p.note("read too little", n, err, one)
		n, oobn, flags, _, err := c.ReadMsgUDP(one, nil)
		p.note("message too little", n, oobn, flags, err)
		n, oobn, flags, _, err = c.ReadMsgUDP(nil, buf)
		p.note("message nothing", n, oobn, flags, err)
		n, err = c.Read(buf)
		p.note("the last", n, err, buf[:n])
		n, err = peer.WriteTo(make([]byte, 1<<17), to)
		p.note("write too much", n, err)
		n, oobn, err = peer.WriteMsgUDP(make([]byte, 1<<17), nil, to.(*net.UDPAddr))
		p.note("message too much", n, oobn, err)
		n, oobn, err = peer.WriteMsgUDP(one, []byte("nonsense, and enough of it"), to.(*net.UDPAddr))
		p.note("message with nonsense", n, oobn, err)
		n, err = peer.WriteTo(nil, to)
		p.note("write nothing", n, err)
		n, _, err = c.ReadFrom(buf)
		p.note("read it", n, err)
		n, oobn, err = peer.WriteMsgUDP(nil, nil, to.(*net.UDPAddr))
		p.note("message of nothing", n, oobn, err)
		n, _, err = c.ReadFrom(buf)
		p.note("read it", n, err)
		n, err = c.Write(one)
		p.note("write without a peer", n, err)
	}},
	{"addresses that are none", func(p *probe) {
		p.each(func(network string, c, peer udpMail, to *net.UDPAddr) {
			one := []byte("1")
			for _, a := range []net.Addr{
				nil, (*net.UDPAddr)(nil), (*net.TCPAddr)(nil), &net.TCPAddr{IP: to.IP, Port: to.Port}, &net.UnixAddr{Name: "/x", Net: "unixgram"},
				&net.IPAddr{IP: to.IP}, &net.UDPAddr{IP: net.IP{1, 2, 3}, Port: 1}, &net.UDPAddr{IP: to.IP, Port: 1 << 17}, &net.UDPAddr{IP: to.IP, Port: -1},
				&net.UDPAddr{Port: to.Port}, &net.UDPAddr{IP: net.IPv4zero, Port: to.Port}, &net.UDPAddr{IP: net.IPv6zero, Port: to.Port},
				&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to.Port}, &net.UDPAddr{IP: net.IPv6loopback, Port: to.Port}, &net.UDPAddr{IP: to.IP},
				&net.UDPAddr{IP: to.IP, Port: to.Port, Zone: "nowhere"}, &net.UDPAddr{IP: to.IP, Port: to.Port, Zone: "999999"},
			} {
				n, err := peer.WriteTo(one, a)
				p.note("write to", n, err)
				if a, ok := a.(*net.UDPAddr); ok {
					n, err := peer.WriteToUDP(one, a)
					p.note("write to UDP", n, err)
					n, oobn, err := peer.WriteMsgUDP(one, nil, a)
					p.note("write message", n, oobn, err)
				}
			}
			for _, a := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "::1%nowhere"} {
				ap := netip.AddrPortFrom(netip.MustParseAddr(a), uint16(to.Port))
				n, err := peer.WriteToUDPAddrPort(one, ap)
				p.note("write to "+a, n, err)
				n, oobn, err := peer.WriteMsgUDPAddrPort(one, nil, ap)
				p.note("write message to "+a, n, oobn, err)
			}
			n, err := peer.WriteToUDPAddrPort(one, netip.AddrPort{})
			p.note("write to no address", n, err)
			n, oobn, err := peer.WriteMsgUDPAddrPort(one, nil, netip.AddrPort{})
			p.note("write message to no address", n, oobn, err)
		})
	}},
	{"sockets with a peer", func(p *probe) {
		for _, network := range []string{"udp", "udp4"} {
			s := p.udp(network, "127.0.0.1:0")
			x, err := p.to(network, s.LocalAddr().String())
			p.check("dial", err)
			p.later(func() { x.Close() })
			c := x.(udpMail)
			p.note("addresses", c.LocalAddr(), c.RemoteAddr(), len(c.RemoteAddr().(*net.UDPAddr).IP))
			one, buf := []byte("1"), make([]byte, 8)
			to := s.LocalAddr().(*net.UDPAddr)
			n, err := c.WriteTo(one, to)
			p.note("write to", n, err)
			n, err = c.WriteTo(one, nil)
			p.note("write to nobody", n, err)
			n, err = c.WriteTo(one, &net.TCPAddr{})
			p.note("write to TCP", n, err)
			n, err = c.WriteToUDP(one, nil)
			p.note("write to nil", n, err)
			n, err = c.WriteToUDPAddrPort(one, to.AddrPort())
			p.note("write to address and port", n, err)
			n, oobn, err := c.WriteMsgUDP(one, nil, to)
			p.note("write message", n, oobn, err)
			n, oobn, err = c.WriteMsgUDPAddrPort(one, nil, to.AddrPort())
			p.note("write message to address and port", n, oobn, err)
			n, oobn, err = c.WriteMsgUDP(one, nil, nil)
			p.note("write message to the peer", n, oobn, err)
			n, oobn, err = c.WriteMsgUDPAddrPort(one, nil, netip.AddrPort{})
			p.note("write message to the peer", n, oobn, err)
			n, err = c.Write(one)
			p.note("write", n, err)
			n, err = c.Write(nil)
			p.note("write nothing", n, err)
			for range 4 {
				n, from, err := s.ReadFrom(buf)
				p.note("arrived", n, from, err)
				n, err = s.WriteTo(buf[:n], from)
				p.note("and back", n, err)
			}
			n, err = c.Read(buf)
			p.note("read", n, err)
			n, from, err := c.ReadFrom(buf)
			p.note("read from", n, from, err)
			n, _, flags, udp, err := c.ReadMsgUDP(buf, nil)
			p.noteUDP("read message", n, udp, err)
			p.note("flags", flags)
			n, err = c.Read(buf)
			p.note("read nothing", n, err)
			s.Close()
			for _, read := range []func() error{
				func() error { _, err := c.Read(buf); return err },
				func() error { _, _, err := c.ReadFrom(buf); return err },
				func() error { _, _, _, _, err := c.ReadMsgUDP(buf, nil); return err },
			} {
				c.Write(one) // which is refused
				p.note("refused", read())
			}
		}
	}},
	{"the end of packets", func(p *probe) {
		one := []byte("1")
		for _, how := range []string{"past", "waiting", "closed", "closed while waiting"} {
			s := p.udp("udp", "127.0.0.1:0")
			x, err := p.to("udp", s.LocalAddr().String())
			p.check("dial", err)
			p.later(func() { x.Close() })
			c := x.(udpMail)
			to := s.LocalAddr().(*net.UDPAddr)
			reads := map[string]func() (int, error){
				"read":         func() (int, error) { return c.Read(one) },
				"read nothing": func() (int, error) { return c.Read(nil) },
				"read from":    func() (int, error) { n, _, err := c.ReadFrom(one); return n, err },
				"read message": func() (int, error) {
					n, oobn, flags, _, err := c.ReadMsgUDP(one, one)
					if n < 0 { // what package net says at a deadline
						n = 0
					}
					return n + oobn + flags, err
				},
				"read address and port": func() (int, error) { n, _, err := c.ReadFromUDPAddrPort(one); return n, err },
			}
			writes := map[string]func() (int, error){
				"write":                     func() (int, error) { return c.Write(one) },
				"write message":             func() (int, error) { n, _, err := c.WriteMsgUDP(one, nil, nil); return n, err },
				"write to":                  func() (int, error) { return s.WriteTo(one, to) },
				"write to address and port": func() (int, error) { return s.WriteToUDPAddrPort(one, to.AddrPort()) },
				"write to nowhere":          func() (int, error) { return s.WriteToUDP(one, &net.UDPAddr{IP: net.IPv6loopback, Port: 1}) },
			}
			all := []string{"read", "read nothing", "read from", "read message", "read address and port"}
			rest := []string{"write", "write message", "write to", "write to address and port", "write to nowhere"}
			do := func(of map[string]func() (int, error), names []string) {
				for _, name := range names {
					p.within(how+" "+name, func() {
						n, err := of[name]()
						p.note(how+" "+name, n, err)
					})
				}
			}
			switch how {
			case "past":
				p.note("set", c.SetDeadline(time.Now().Add(-time.Second)), s.SetDeadline(time.Now().Add(-time.Second)))
				do(reads, all)
				do(writes, rest)
			case "waiting":
				for _, name := range all {
					c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
					do(reads, []string{name})
				}
			case "closed":
				p.note("close", c.Close(), s.Close())
				do(reads, all)
				do(writes, rest)
				p.note("close again", c.Close())
				p.note("deadline", c.SetDeadline(time.Time{}))
				p.note("buffers", c.SetReadBuffer(1<<12), c.SetWriteBuffer(1<<12))
				_, err := c.File()
				p.note("file", err)
				p.note("addresses", c.LocalAddr(), c.RemoteAddr())
				raw, err := c.SyscallConn()
				p.note("raw", err)
				p.note("control", raw.Control(func(uintptr) { p.note("called") }))
				p.note("raw read", raw.Read(func(uintptr) bool { p.note("called"); return true }))
				p.note("raw write", raw.Write(func(uintptr) bool { p.note("called"); return true }))
			default:
				for _, name := range all {
					if name == "read nothing" {
						continue
					}
					x, err := p.to("udp", s.LocalAddr().String())
					p.check("dial", err)
					c = x.(udpMail)
					began := make(chan struct{})
					p.spawn(func() { <-began; x.Close() })
					close(began)
					do(reads, []string{name})
				}
			}
		}
	}},
	{"listening that fails", func(p *probe) {
		s := p.udp("udp", "127.0.0.1:0")
		for _, x := range [][2]string{
			{"udp", "127.0.0.1"}, {"udp", "192.0.2.1:0"}, {"udp", s.LocalAddr().String()}, {"udp4", "[::1]:0"}, {"udp6", "127.0.0.1:0"},
			{"udp", "127.0.0.1:65536"}, {"udp", "127.0.0.1:no-such-service"}, {"udp7", "127.0.0.1:0"}, {"unixgram", ""}, {"unixgram", "/no/such/directory/s"},
			{"unixgram", "/" + strings.Repeat("x", 200)},
		} {
			c, err := p.listenPacket(x[0], x[1])
			if err == nil {
				p.note("listening", x[0], x[1], strings.TrimRight(c.LocalAddr().String(), "0123456789abcdef"))
				c.Close()
				continue
			}
			p.note("listen", x[0], x[1], c == nil, err)
		}
		for _, x := range [][2]string{{"udp", "127.0.0.1"}, {"udp", ":1"}, {"udp", ""}, {"udp4", "[::1]:1"}, {"unixgram", ""}, {"unixgram", "/no/such/socket"}} {
			c, err := p.to(x[0], x[1])
			p.note("dial", x[0], x[1], c == nil, err)
			if c != nil {
				p.note("peer", c.RemoteAddr())
				c.Close()
			}
		}
		c, err := p.dial(context.Background(), &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}}, "udp", s.LocalAddr().String())
		p.check("dial from somewhere", err)
		p.note("from somewhere", c.LocalAddr())
		c.Close()
		_, err = p.dial(context.Background(), &net.Dialer{LocalAddr: &net.TCPAddr{}}, "udp", s.LocalAddr().String())
		p.note("dial from TCP", err)
	}},
	{"files of packets", func(p *probe) {
		c, peer := p.udp("udp", "127.0.0.1:0"), p.udp("udp", "127.0.0.1:0")
		f, err := c.File()
		p.check("file", err)
		defer f.Close()
		p.note("buffers", c.SetReadBuffer(1<<16), c.SetWriteBuffer(1<<16), c.SetReadBuffer(-1))
		c.Close()
		n, err := peer.WriteTo([]byte("hello"), c.LocalAddr())
		p.note("write", n, err)
		buf := make([]byte, 8)
		n, err = f.Read(buf)
		p.note("the file is there", buf[:n], err)
		_, err = io.WriteString(f, "x")
		p.note("and has no peer", err != nil)
	}},
}

// A socket that nobody has made fails as one of package net.
func TestNilPacketConn(t *testing.T) {
	ours, theirs := new(PacketConn), new(net.UDPConn)
	buf := make([]byte, 1)
	for name, f := range map[string]func(c udpMail) error{
		"Read":          func(c udpMail) error { _, err := c.Read(buf); return err },
		"Write":         func(c udpMail) error { _, err := c.Write(buf); return err },
		"ReadFrom":      func(c udpMail) error { _, _, err := c.ReadFrom(buf); return err },
		"WriteTo":       func(c udpMail) error { _, err := c.WriteTo(buf, nil); return err },
		"ReadFromUDP":   func(c udpMail) error { _, _, err := c.ReadFromUDP(buf); return err },
		"WriteToUDP":    func(c udpMail) error { _, err := c.WriteToUDP(buf, nil); return err },
		"ReadMsgUDP":    func(c udpMail) error { _, _, _, _, err := c.ReadMsgUDP(buf, nil); return err },
		"WriteMsgUDP":   func(c udpMail) error { _, _, err := c.WriteMsgUDP(buf, nil, nil); return err },
		"Close":         func(c udpMail) error { return c.Close() },
		"SetDeadline":   func(c udpMail) error { return c.SetDeadline(time.Time{}) },
		"SetReadBuffer": func(c udpMail) error { return c.SetReadBuffer(1) },
		"SyscallConn":   func(c udpMail) error { _, err := c.SyscallConn(); return err },
	} {
		if a, b := f(ours), f(theirs); a != b {
			t.Errorf("%s: %v, of package net %v", name, a, b)
		}
	}
	if ours.LocalAddr() != nil || ours.RemoteAddr() != nil {
		t.Error("it has an address")
	}
}
