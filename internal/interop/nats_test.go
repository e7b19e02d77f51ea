//go:build linux

package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A natsServer is the server of NATS, which makes its own connections and goroutines
// and so is the same on both sides, with a party that answers. It is a service.
type natsServer struct {
	s      *side
	server *server.Server
	port   int
	answer *nats.Conn
}

func startNATS(s *side) (*natsServer, error) {
	n := &natsServer{s: s, port: server.RANDOM_PORT}
	if err := n.start(); err != nil {
		return nil, err
	}
	var err error
	n.answer, err = openNATS(s, n.addr())
	if err != nil {
		n.kill()
		return nil, err
	}
	if _, err = n.answer.Subscribe("echo", func(m *nats.Msg) { m.Respond(m.Data) }); err == nil {
		_, err = n.answer.Subscribe("silence", func(m *nats.Msg) {})
	}
	if err == nil {
		err = n.answer.Flush()
	}
	return n, err
}

func (n *natsServer) start() (err error) {
	n.server, err = server.NewServer(&server.Options{Host: "127.0.0.1", Port: n.port, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	n.server.Start()
	if !n.server.ReadyForConnections(20 * time.Second) {
		return errors.New("NATS is not ready")
	}
	n.port = n.server.Addr().(*net.TCPAddr).Port
	return nil
}

func (n *natsServer) addr() string   { return "127.0.0.1:" + strconv.Itoa(n.port) }
func (n *natsServer) kill()          { n.server.Shutdown(); n.server.WaitForShutdown() }
func (n *natsServer) restart() error { return again(n.start) }
func (n *natsServer) stop()          { n.answer.Close(); n.kill() }

// natsDialer fits what NATS wants for dialing.
type natsDialer struct{ s *side }

func (d natsDialer) Dial(network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return d.s.dial(ctx, network, addr)
}

func openNATS(s *side, addr string) (*nats.Conn, error) {
	return nats.Connect("nats://"+addr, nats.SetCustomDialer(natsDialer{s}), nats.MaxReconnects(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // else it prints
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(10*time.Millisecond, 10*time.Millisecond))
}

func openNATSClient(s *side, addr string) (*client, error) {
	c, err := openNATS(s, addr)
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	c.SetClosedHandler(func(*nats.Conn) { close(ended) })
	return &client{
		echo: func(ctx context.Context, word string) (string, error) {
			// What was asked of a server that died has no answer, and no error.
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			m, err := c.RequestWithContext(ctx, "echo", []byte(word))
			if err != nil {
				return "", err
			}
			return string(m.Data), nil
		},
		slow: func(ctx context.Context) error {
			_, err := c.RequestWithContext(ctx, "silence", nil)
			return err
		},
		close: func() { c.Close(); <-ended },
	}, nil
}

func TestNATS(t *testing.T) {
	testClient(t, func(t *checked, s *side) service {
		n, err := startNATS(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(n.stop)
		return n
	}, openNATSClient)
}

// Messages come in order, to each subscriber all of them and of a queue group to one.
func TestNATSSubscribe(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		n, err := startNATS(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(n.stop)
		c, err := openNATS(s, n.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		const messages, subscribers = 2000, 10
		group := make(chan *nats.Msg, messages)
		for range 3 {
			if _, err := c.ChanQueueSubscribe("news", "group", group); err != nil {
				t.Fatal(err)
			}
		}
		var subs [subscribers]*nats.Subscription
		for i := range subs {
			if subs[i], err = c.SubscribeSync("news"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		s.spawn(func() {
			for i := range messages {
				c.Publish("news", []byte(strconv.Itoa(i)))
			}
			c.Flush()
		})
		err = crowd(s, subscribers, func(p int) error {
			for i := range messages {
				m, err := subs[p].NextMsg(10 * time.Second)
				if err != nil {
					return fmt.Errorf("message %d: %w", i, err)
				}
				if string(m.Data) != strconv.Itoa(i) {
					return fmt.Errorf("message %d is %q", i, m.Data)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		for seen := map[string]bool{}; len(seen) < messages; {
			select {
			case m := <-group:
				if seen[string(m.Data)] {
					t.Fatalf("message %s came twice to the group", m.Data)
				}
				seen[string(m.Data)] = true
			case <-time.After(10 * time.Second):
				t.Fatal("the group has got only ", len(seen))
			}
		}
	})
}

var natsRows = []row{{name: "NATS request, 50 parties", measure: func(s *side, _ string, l load) (sample, error) {
	n, err := startNATS(s)
	if err != nil {
		return sample{}, err
	}
	return measureClient(50, openNATSClient)(s, n.addr(), l)
}}}
