package poll

import (
	"io"
	"net"
	"testing"
)

// BenchmarkWriteTo sends packets of 64 bytes to an address, each of which is read
// again, on each backend: two system calls, where there is epoll.
func BenchmarkWriteTo(b *testing.B) {
	buf := make([]byte, 64)
	run := func(b *testing.B) {
		c, err := ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		var to net.Addr = c.LocalAddr()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.WriteTo(buf, to); err != nil {
				b.Fatal(err)
			}
			if _, _, err := c.ReadFrom(buf); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, each := range backends() {
		name := "portable"
		if each == native {
			name = "epoll"
		}
		b.Run("backend="+name, func(b *testing.B) {
			underTest.Store(&[]backend{each})
			defer underTest.Store(nil)
			run(b)
		})
	}
}

// BenchmarkReadWrite writes 64 bytes and reads them again, in the same goroutine: two
// system calls that find something.
func BenchmarkReadWrite(b *testing.B) {
	run := func(name string, r io.Reader, w io.Writer) {
		b.Run("kind="+name, func(b *testing.B) {
			buf := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(r, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	x, y := pairOf(b, "tcp", "127.0.0.1:0")
	run("tcp", x, y)
	x, y = pairOf(b, "unix", tempSocket(b))
	run("unix", x, y)
	r, w, err := Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	run("pipe", r, w)
}

// BenchmarkAccept dials over package net and accepts.
func BenchmarkAccept(b *testing.B) {
	l := mustListen(b, "unix", tempSocket(b))
	for b.Loop() {
		c, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		a, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		a.Close()
		c.Close()
	}
}
