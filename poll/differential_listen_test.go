package poll

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDifferentialListen(t *testing.T) { differential(t, listenPrograms) }

// deadliner is what listeners of both packages have.
type deadliner interface {
	net.Listener
	syscall.Conn
	SetDeadline(t time.Time) error
	File() (*os.File, error)
}

var listenPrograms = []program{
	{"addresses that are wrong", func(p *probe) {
		taken := p.listener("tcp")
		path := p.path()
		for _, x := range [][2]string{
			{"tcp", ""}, {"tcp", ":"}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:x y"}, {"tcp", "127.0.0.1:70000"}, {"tcp", "127.0.0.1:-1"},
			{"tcp", "[::1"}, {"tcp", "::1:80"}, {"tcp", "[::1]80"}, {"tcp", "a[b]:1"}, {"tcp4", "[::1]:0"}, {"tcp6", "127.0.0.1:0"}, {"tcp", "192.0.2.1:0"}, {"tcp", "[fe80::1%nowhere]:0"},
			{"tcp", taken.Addr().String()}, {"udp", "127.0.0.1:0"}, {"ip4:icmp", "127.0.0.1"}, {"pigeon", "x"}, {"", "127.0.0.1:0"},
			{"unix", "/no/such/directory/s"}, {"unix", strings.Repeat("x", 200)}, {"unix", path}, {"unix", path}, {"unixpacket", path},
		} {
			l, err := p.listen(x[0], x[1])
			if err == nil {
				p.note("listens", l.Addr().Network())
				p.later(func() { l.Close() })
				continue
			}
			p.note(x[0]+" "+x[1], err)
		}
	}},
	{"a listener's life", func(p *probe) {
		for _, network := range []string{"tcp", "tcp4", "tcp6", "unix", "unixpacket"} {
			l := p.listener(network).(deadliner)
			p.note("address", l.Addr())
			p.note("deadline", l.SetDeadline(time.Now().Add(-time.Second)))
			c, err := l.Accept()
			p.note("accept past the deadline", c, err)
			p.note("none", l.SetDeadline(time.Time{}))
			d, err := p.to(network, l.Addr().String())
			p.check("dial", err)
			c, err = l.Accept()
			p.check("accept", err)
			p.note("accepted", c.LocalAddr(), c.RemoteAddr(), d.LocalAddr(), d.RemoteAddr())
			p.note("close", l.Close())
			p.note("again", l.Close())
			p.note("address", l.Addr())
			_, err = l.Accept()
			p.note("accept", err)
			p.note("deadline after close", l.SetDeadline(time.Time{}))
			_, err = l.File()
			p.note("file after close", err)
			n, err := d.Write([]byte("still there"))
			p.note("write", n, err)
			d.Close()
			c.Close()
			_, err = p.to(network, l.Addr().String())
			p.note("dial after close", err)
		}
	}},
	{"close wakes", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			l := p.listener(network)
			p.spawn(func() { l.Close() })
			p.within("accept", func() { _, err := l.Accept(); p.note("accept", err) })
		}
	}},
	{"the file of a unix socket", func(p *probe) {
		there := func(path string) bool { _, err := os.Lstat(path); return err == nil }
		for _, unlink := range []string{"", "yes", "no"} {
			path := p.path()
			l, err := p.listen("unix", path)
			p.check("listen", err)
			p.note("listening", there(path))
			if unlink != "" {
				l.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(unlink == "yes")
			}
			l.Close()
			p.note("closed", unlink, there(path))
			if !there(path) { // another's by now
				p.check("a file", os.WriteFile(path, nil, 0o600))
			}
			l.Close()
			p.note("closed twice", there(path))
		}
		name := "@poll-" + p.name + time.Now().String()
		p.called(name, "ABSTRACT")
		l, err := p.listen("unix", name)
		if err != nil { // not on this system
			p.note("abstract", err)
			return
		}
		p.note("abstract", l.Addr(), l.Close())
	}},
	{"files", func(p *probe) {
		for _, network := range []string{"tcp", "unix"} {
			l := p.listener(network).(deadliner)
			f, err := l.File()
			p.check("file", err)
			p.note("listener", f.Name())
			nl, err := net.FileListener(f)
			p.check("FileListener", err)
			p.note("listener", nl.Addr(), nl.Close(), f.Close())
			c, s := p.pair(network)
			f, err = c.(interface{ File() (*os.File, error) }).File()
			p.check("file", err)
			p.note("connection", f.Name())
			n, err := f.Write([]byte("by the file"))
			p.note("write", n, err)
			buf := make([]byte, 100)
			n, err = s.Read(buf)
			p.note("read", buf[:n], err)
			p.note("close", f.Close())
			n, err = c.Write([]byte("by the connection"))
			p.note("write", n, err)
			c.Close()
			_, err = c.(interface{ File() (*os.File, error) }).File()
			p.note("file after close", err)
		}
	}},
	{"control of a listener", func(p *probe) {
		refused := errors.New("no")
		for _, x := range [][2]string{{"tcp", "127.0.0.1:0"}, {"tcp", ":0"}, {"tcp4", ":0"}, {"tcp6", "[::1]:0"}, {"unix", p.path()}} {
			for _, err := range []error{nil, refused} {
				lc := &net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
					calls := 0
					p.note("control", network, address, c.Control(func(uintptr) { calls++ }), calls)
					return err
				}}
				lc.SetMultipathTCP(false)
				l, err := p.listenWith(lc, x[0], x[1])
				p.note("listen", err)
				if err == nil {
					l.Close()
				}
			}
		}
	}},
}
