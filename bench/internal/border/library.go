package border

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A library of the usual kind: a connection, a goroutine of the library that reads from
// it, and callers that wait for their answers on Go channels. Drivers of databases and
// clients of message queues are made so.

// A client is such a library. calls is what the reader finds answers for, in order.
type client struct {
	conn  net.Conn
	calls chan chan uint32
	gone  chan struct{}
}

func newClient(conn net.Conn) *client {
	c := &client{conn: conn, calls: make(chan chan uint32, 1), gone: make(chan struct{})}
	go c.read()
	return c
}

func (c *client) read() {
	defer close(c.gone)
	var answer [4]byte
	for reply := range c.calls {
		if _, err := io.ReadFull(c.conn, answer[:]); err != nil {
			close(reply)
			return
		}
		reply <- binary.BigEndian.Uint32(answer[:])
	}
}

// call sends v and waits for what comes back.
func (c *client) call(v uint32) (uint32, bool) {
	reply := make(chan uint32, 1)
	c.calls <- reply
	var question [4]byte
	binary.BigEndian.PutUint32(question[:], v)
	if _, err := c.conn.Write(question[:]); err != nil {
		return 0, false
	}
	answer, ok := <-reply
	return answer, ok
}

func (c *client) close() {
	close(c.calls)
	<-c.gone
	_ = c.conn.Close()
}

// echo answers one connection.
func echo(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var question [4]byte
	for {
		if _, err := io.ReadFull(conn, question[:]); err != nil {
			return
		}
		if _, err := conn.Write(question[:]); err != nil {
			return
		}
	}
}

func libraryRow(name, about string, parties [3]int) *harness.Workload {
	calls := [3]int{4000, 1000, 20}
	body := func(p harness.Params, spawn func(func()), listen func(network, addr string) (net.Listener, error), dial func(network, addr string) (net.Conn, error)) (s harness.Sample, err error) {
		l, err := listen("tcp", "127.0.0.1:0")
		if err != nil {
			return s, err
		}
		defer func() { _ = l.Close() }()
		spawn(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				spawn(func() { echo(conn) })
			}
		})
		n := p.Scale.Of(parties)
		each := p.Scale.Of(calls) / n
		clients := make([]*client, n)
		for i := range clients {
			conn, err := dial("tcp", l.Addr().String())
			if err != nil {
				return s, err
			}
			clients[i] = newClient(conn)
		}
		wrong := make([]int, n)
		m := harness.StartMeter()
		_, err = untilAll(n, spawn, func(i int) {
			for v := range each {
				if got, ok := clients[i].call(uint32(v)); !ok || got != uint32(v) {
					wrong[i]++
				}
			}
		})
		c := m.Stop()
		for i, x := range clients {
			x.close()
			if err == nil {
				err = harness.Verify("wrong answers", wrong[i], 0)
			}
		}
		s = c.PerOp(n * each)
		s.Values[0] /= 1e3
		return s, err
	}
	return &harness.Workload{
		Suite: "border",
		Rows: []harness.Row{{Name: name, Unit: "µs/op",
			About: about + " call over TCP by a library whose own goroutine reads the connection and answers on a Go channel: time of one call"}},
		Least: 1, Budget: time.Second,
		Sides: [harness.Sides]harness.Run{
			func(_ context.Context, p harness.Params) (s harness.Sample, err error) {
				var failed error
				err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
					s, failed = body(p, fibers.Go, func(network, addr string) (net.Listener, error) { return poll.Listen(network, addr) }, poll.Dial)
				})
				if err == nil {
					err = failed
				}
				return s, err
			},
			func(_ context.Context, p harness.Params) (harness.Sample, error) {
				return body(p, func(f func()) { go f() }, net.Listen, net.Dial)
			},
		},
	}
}
