package poll

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
)

func TestPackets(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		for _, network := range []string{"udp", "unixgram"} {
			if network == "unixgram" && !haveUnixgram {
				continue
			}
			addr := func() string {
				if network == "udp" {
					return "127.0.0.1:0"
				}
				return tempSocket(t)
			}
			server, err := ListenPacket(network, addr())
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			spawn(func() {
				buf := make([]byte, 100)
				for {
					n, from, err := server.ReadFrom(buf)
					if err != nil {
						return
					}
					if _, err := server.WriteTo(buf[:n], from); err != nil {
						t.Error(err)
					}
				}
			})
			parked(t, server, true, 1)
			client, err := ListenPacket(network, addr())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if isReady(client.ReadableOp()) {
				t.Error("readable, though there is nothing")
			}
			for _, text := range []string{"hello", "", "again"} {
				if n, err := client.WriteTo([]byte(text), server.LocalAddr()); n != len(text) || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
				if err := cml.Perform(client.ReadableOp()); err != nil {
					t.Fatal(err)
				}
				buf := make([]byte, 100)
				n, from, err := client.ReadFrom(buf)
				if err != nil || string(buf[:n]) != text || from.String() != server.LocalAddr().String() {
					t.Fatalf("%q from %v, %v", buf[:n], from, err)
				}
			}
			// The two ends of packets: too large a buffer is no problem, too small cuts.
			client.WriteTo([]byte("hello"), server.LocalAddr())
			small := make([]byte, 2)
			if n, _, err := client.ReadFrom(small); n != 2 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			client.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, _, err = client.ReadFrom(small)
			timedOut(t, err)
			if _, err := client.WriteTo(small, nil); err == nil {
				t.Error("sent to nobody")
			}
		}
	})
}

func TestDialedPackets(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		server, err := ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		c, err := Dial("udp", server.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.RemoteAddr().String() != server.LocalAddr().String() {
			t.Errorf("dialed %v", c.RemoteAddr())
		}
		got := make(chan string)
		spawn(func() {
			buf := make([]byte, 100)
			n, err := c.Read(buf)
			if err != nil {
				t.Error(err)
			}
			got <- string(buf[:n])
		})
		if _, err := c.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, from, err := server.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.WriteTo(buf[:n], from); err != nil {
			t.Fatal(err)
		}
		if s := <-got; s != "hello" {
			t.Errorf("got %q", s)
		}
		// Nobody is there any more: an error, once, and no spinning.
		server.Close()
		c.Write([]byte("x"))
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(buf); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v", err)
		}
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err = c.Read(buf)
		timedOut(t, err)
	})
}

// A socket that has been dialed sends to its peer and to nobody else: WriteTo fails
// as in package net, before and after Close, and has sent nothing.
func TestWriteToOfDialedPacketsFails(t *testing.T) {
	onEach(t, func(t *testing.T) {
		for _, network := range []string{"udp", "unixgram"} {
			if network == "unixgram" && !haveUnixgram {
				continue
			}
			addr := "127.0.0.1:0"
			if network == "unixgram" {
				addr = tempSocket(t)
			}
			server, err := ListenPacket(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			c, err := Dial(network, server.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			n, err := net.Dial(network, server.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close(); n.Close() })
			f := func(c net.Conn) func() error {
				return func() error {
					_, err := c.(net.PacketConn).WriteTo([]byte("astray"), server.LocalAddr())
					var op *net.OpError
					if !errors.As(err, &op) || op.Err != net.ErrWriteToConnected {
						t.Errorf("%s: %T: %v", network, c, err)
					}
					return err
				}
			}
			check := func(what string) {
				t.Helper()
				if network == "udp" {
					same(t, what, f(c), f(n))
				} else { // whose addresses without a name have another text
					f(c)()
				}
			}
			check(network)
			if _, err := c.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 100)
			if n, _, err := server.ReadFrom(buf); err != nil || string(buf[:n]) != "hello" {
				t.Errorf("%s: %q, %v", network, buf[:n], err)
			}
			c.Close()
			n.Close()
			check(network + ", closed")
		}
	})
}

func TestPacketErrors(t *testing.T) {
	onEach(t, func(t *testing.T) {
		for _, c := range [][2]string{{"udp", "127.0.0.1"}, {"udp", "192.0.2.1:0"}} {
			same(t, "ListenPacket "+c[1],
				func() error { _, err := ListenPacket(c[0], c[1]); return err },
				func() error { _, err := net.ListenPacket(c[0], c[1]); return err })
		}
		if _, err := ListenPacket("tcp", "127.0.0.1:0"); !errors.As(err, new(net.UnknownNetworkError)) {
			t.Errorf("tcp: %v", err)
		}
		type conn interface {
			net.PacketConn
			Write([]byte) (int, error)
		}
		pair := func() (ours, theirs conn) {
			a, err := ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			b, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { a.Close(); b.Close() })
			return a, b.(conn)
		}
		for name, f := range map[string]func(c conn) error{
			"no peer":   func(c conn) error { _, err := c.Write([]byte("x")); return err },
			"too large": func(c conn) error { _, err := c.WriteTo(make([]byte, 1<<17), c.LocalAddr()); return err },
			"closed":    func(c conn) error { c.Close(); _, _, err := c.ReadFrom(nil); return err },
			"close":     func(c conn) error { c.Close(); return c.Close() },
			"write past": func(c conn) error {
				c.SetDeadline(time.Now())
				_, err := c.WriteTo([]byte("x"), c.LocalAddr())
				return err
			},
		} {
			a, b := pair()
			same(t, name, func() error { return f(a) }, func() error { return f(b) })
		}
	})
}

var _ = os.ErrClosed
