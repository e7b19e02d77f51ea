package poll

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"
)

// connected makes the two ends of a connection.
func pairOf(t testing.TB, network, addr string) (client, server net.Conn) {
	t.Helper()
	c1, c2, stop, err := makePair(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c1, c2
}

func makePair(network, addr string) (client, server net.Conn, stop func(), err error) {
	l, err := Listen(network, addr)
	if err != nil {
		return nil, nil, nil, err
	}
	defer l.Close()
	accepted := make(chan Accepted, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			accepted <- Accepted{Err: err}
			return
		}
		accepted <- Accepted{Conn: c.(*Conn)}
	}()
	c, err := Dial(network, l.Addr().String())
	if err != nil {
		return nil, nil, nil, err
	}
	a := <-accepted
	if a.Err != nil {
		c.Close()
		return nil, nil, nil, a.Err
	}
	return c, a.Conn, func() { c.Close(); a.Conn.Close() }, nil
}

func TestConn(t *testing.T) {
	onEach(t, func(t *testing.T) {
		t.Run("tcp", func(t *testing.T) {
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return makePair("tcp", "127.0.0.1:0") })
		})
		t.Run("unix", func(t *testing.T) {
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return makePair("unix", tempSocket(t)) })
		})
	})
}
