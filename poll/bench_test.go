package poll

import (
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
