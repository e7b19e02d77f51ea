//go:build unix

package poll

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rights are the methods of a unix socket with which descriptors are passed.
type rights interface {
	net.Conn
	ReadMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error)
	WriteMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error)
}

// unixMail are the methods of a net.UnixConn for packets.
type unixMail interface {
	mail
	rights
	ReadFromUnix([]byte) (int, *net.UnixAddr, error)
	WriteToUnix([]byte, *net.UnixAddr) (int, error)
}

func TestDifferentialUnix(t *testing.T) {
	differential(t, unixPrograms)
}

// gram listens for packets at addr.
func (p *probe) gram(addr string) unixMail {
	c, err := p.listenPacket("unixgram", addr)
	p.check("listen", err)
	p.later(func() { c.Close() })
	return c.(unixMail)
}

// at notes an address to the letter; %v of a nil one is not nil of the other kind.
func at(a *net.UnixAddr) string {
	if a == nil {
		return "nobody"
	}
	return fmt.Sprintf("%s %q", a.Net, a.Name)
}

var unixPrograms = []program{
	{"datagrams with and without names", func(p *probe) {
		s := p.gram(p.path())
		peers := map[string]net.Conn{"named": p.gram(p.path()), "abstract": p.gram("@" + fmt.Sprintf("poll-%p", p))}
		p.called(fmt.Sprintf("poll-%p", p), "NAME")
		nameless, err := p.to("unixgram", s.LocalAddr().String())
		p.check("dial", err)
		p.later(func() { nameless.Close() })
		peers["nameless"] = nameless
		buf := make([]byte, 8)
		for _, name := range []string{"named", "abstract", "nameless"} {
			c := peers[name].(unixMail)
			p.note(name, c.LocalAddr(), c.RemoteAddr())
			send := func(text string) {
				if name == "nameless" {
					n, err := c.Write([]byte(text))
					p.note("write", n, err)
				} else {
					n, err := c.WriteTo([]byte(text), s.LocalAddr())
					p.note("write to", n, err)
				}
			}
			for _, text := range []string{"hello", "", "a long one, which is cut"} {
				send(text)
				n, from, err := s.ReadFrom(buf)
				p.note("read from", n, from, err)
				send(text)
				n, a, err := s.ReadFromUnix(buf)
				p.note("read from unix", n, at(a), err)
				send(text)
				n, oobn, flags, a, err := s.ReadMsgUnix(buf, buf)
				p.note("read message", n, oobn, flags, at(a), err)
				send(text)
				n, err = s.Read(nil)
				p.note("read nothing", n, err)
				n, err = s.Read(buf)
				p.note("read", n, err)
				if from != nil {
					n, err := s.WriteTo([]byte("back"), from)
					p.note("and back", n, err)
					n, err = c.Read(buf)
					p.note("arrived", n, err, buf[:n])
				}
			}
			n, err := c.WriteTo(buf, s.LocalAddr())
			p.note("write to", n, err)
			n, oobn, err := c.WriteMsgUnix(buf, nil, s.LocalAddr().(*net.UnixAddr))
			p.note("write message", n, oobn, err)
			if name != "nameless" { // which cannot do that
				s.Read(buf)
				s.Read(buf)
			}
			n, oobn, err = c.WriteMsgUnix(buf, nil, nil)
			p.note("write message to nobody", n, oobn, err)
			n, err = c.Write(buf)
			p.note("write", n, err)
		}
	}},
	{"datagrams to nowhere", func(p *probe) {
		s := p.gram(p.path())
		gone := p.gram(p.path())
		p.note("close", gone.Close(), gone.Close())
		one := []byte("1")
		for _, a := range []net.Addr{
			nil, (*net.UnixAddr)(nil), &net.UDPAddr{Port: 1}, &net.UnixAddr{}, &net.UnixAddr{Net: "unixgram"}, gone.LocalAddr(),
			&net.UnixAddr{Net: "unix", Name: s.LocalAddr().String()}, &net.UnixAddr{Net: "unixgram", Name: "@"}, &net.UnixAddr{Net: "unixgram", Name: "@nobody-there"},
			&net.UnixAddr{Net: "unixgram", Name: "/" + strings.Repeat("x", 106)}, &net.UnixAddr{Net: "unixgram", Name: "/" + strings.Repeat("x", 107)},
			&net.UnixAddr{Net: "unixgram", Name: "@" + strings.Repeat("x", 107)}, &net.UnixAddr{Net: "unixgram", Name: "@" + strings.Repeat("x", 108)},
			&net.UnixAddr{Net: "unixgram", Name: "/no/such/socket"}, &net.UnixAddr{Net: "unixgram", Name: os.TempDir()},
		} {
			n, err := s.WriteTo(one, a)
			p.note("write to", n, err)
			if a, ok := a.(*net.UnixAddr); ok {
				n, err := s.WriteToUnix(one, a)
				p.note("write to unix", n, err)
				n, oobn, err := s.WriteMsgUnix(one, nil, a)
				p.note("write message", n, oobn, err)
			}
		}
		n, err := s.Write(one)
		p.note("write", n, err)
		n, err = s.WriteTo(make([]byte, 1<<22), s.LocalAddr())
		p.note("write too much", n, err)
		s.SetDeadline(time.Now().Add(-time.Second))
		n, err = s.Read(one)
		p.note("read past", n, err)
		n, _, err = s.ReadFromUnix(one)
		p.note("read from past", n, err)
		n, err = s.WriteTo(one, s.LocalAddr())
		p.note("write to past", n, err)
		n, oobn, err := s.WriteMsgUnix(one, nil, nil)
		p.note("write message past", n, oobn, err)
		p.note("close", s.Close())
		n, _, err = s.ReadFrom(one)
		p.note("read from closed", n, err)
		n, oobn, _, _, err = s.ReadMsgUnix(one, nil)
		p.note("read message closed", n, oobn, err)
		n, err = s.WriteTo(one, s.LocalAddr())
		p.note("write to closed", n, err)
		p.note("buffer of what is closed", s.SetReadBuffer(1))
	}},
	{"packets in order", func(p *probe) {
		c, s := p.pair("unixpacket")
		buf := make([]byte, 8)
		for _, text := range []string{"hello", "a long one, which is cut", "last"} {
			n, err := c.Write([]byte(text))
			p.note("write", n, err)
			n, err = s.Read(nil)
			p.note("read nothing", n, err)
			n, err = s.Read(buf)
			p.note("read", n, err, buf[:n])
		}
		n, err := c.Write(nil)
		p.note("write an empty one", n, err)
		n, err = c.Write([]byte("after"))
		p.note("write", n, err)
		n, err = s.Read(buf)
		p.note("read the empty one", n, err)
		n, err = s.Read(buf)
		p.note("read", n, err, buf[:n])
		c.Write(nil)
		n, oobn, flags, from, err := s.(rights).ReadMsgUnix(buf, buf)
		p.note("read the empty one as a message", n, oobn, flags, at(from), err)
		n, err = c.Write(make([]byte, 1<<22))
		p.note("write too much", n, err)
		p.note("addresses", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
		c.Close()
		n, err = s.Read(buf)
		p.note("read at the end", n, err)
		n, oobn, flags, from, err = s.(rights).ReadMsgUnix(buf, nil)
		p.note("message at the end", n, oobn, flags, at(from), err)
		n, oobn, err = s.(rights).WriteMsgUnix(buf, nil, nil)
		p.note("message to nobody", n, oobn, err)
	}},
	{"descriptors on their way", func(p *probe) {
		for _, network := range []string{"unix", "unixpacket", "unixgram"} {
			var c, s rights
			var to *net.UnixAddr
			if network == "unixgram" {
				c, s = p.gram(p.path()), p.gram(p.path())
				to = s.LocalAddr().(*net.UnixAddr)
			} else {
				a, b := p.pair(network)
				c, s = a.(rights), b.(rights)
			}
			buf, oob := make([]byte, 8), make([]byte, syscall.CmsgSpace(2*4))
			r, w, err := os.Pipe()
			p.check("pipe", err)
			for _, text := range []string{"x", ""} {
				for _, room := range []int{8, 0} {
					n, oobn, err := c.WriteMsgUnix([]byte(text), syscall.UnixRights(int(w.Fd())), to)
					p.note(network+" send", text, n, oobn, err)
					n, oobn, flags, from, err := s.ReadMsgUnix(buf[:room], oob)
					p.note("got", room, n, oobn, flags, at(from), err)
					if m, err := syscall.ParseSocketControlMessage(oob[:oobn]); err == nil && len(m) == 1 {
						fds, err := syscall.ParseUnixRights(&m[0])
						p.note("descriptors", len(fds), err)
						for _, fd := range fds {
							flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
							p.note("closed in children", flags&unix.FD_CLOEXEC != 0, err)
							f := os.NewFile(uintptr(fd), "got")
							f.WriteString("hello")
							f.Close()
							n, err := r.Read(buf)
							p.note("through it", buf[:n], err)
						}
					}
				}
			}
			n, oobn, err := c.WriteMsgUnix([]byte("x"), []byte("nonsense"), to)
			p.note("nonsense", n, oobn, err)
			n, oobn, err = c.WriteMsgUnix([]byte("x"), nil, &net.UnixAddr{Net: "unix", Name: "/elsewhere"})
			p.note("elsewhere", n, oobn, err)
			r.Close()
			w.Close()
		}
	}},
}
