package poll

import (
	"net"
	"testing"
)

// The peer of a connection has an address, also when it has reset the connection by
// the time that somebody asks.
func TestRemoteAddrIsNeverNil(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
		}()
		addr := l.Addr().String()
		for i := range 3000 {
			c, err := Dial("tcp", addr)
			if err != nil {
				continue // reset before it was made
			}
			if c.RemoteAddr() == nil || c.RemoteAddr().String() != addr {
				t.Fatalf("dial %d: the peer is %v", i, c.RemoteAddr())
			}
			c.Close()
			if c.RemoteAddr() == nil || c.LocalAddr() == nil {
				t.Fatalf("dial %d, closed: %v, %v", i, c.LocalAddr(), c.RemoteAddr())
			}
		}
	})
}
