//go:build linux

package interop

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// certificate is one that nobody vouches for.
var certificate = sync.OnceValue(func() tls.Certificate {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
})

var (
	quicServerTLS = func() *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"interop"}}
	}
	quicClientTLS = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"interop"}}
)

// A quicServer serves each stream in a party of its own.
type quicServer struct {
	transport *quic.Transport
	listener  *quic.Listener
	ended     <-chan struct{}
}

func startQUIC(s *side, serve func(*quic.Stream)) (*quicServer, error) {
	pc, err := s.listenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	q := &quicServer{transport: &quic.Transport{Conn: pc}}
	if q.listener, err = q.transport.Listen(quicServerTLS(), nil); err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	q.ended = s.start(func() {
		for {
			c, err := q.listener.Accept(context.Background())
			if err != nil {
				return
			}
			s.spawn(func() {
				for {
					stream, err := c.AcceptStream(context.Background())
					if err != nil {
						return
					}
					s.spawn(func() { serve(stream) })
				}
			})
		}
	})
	return q, nil
}

func (q *quicServer) stop() {
	q.listener.Close()
	q.transport.Close()
	q.transport.Conn.Close()
	<-q.ended
}

// dialQUIC connects from a socket of its own. close ends both.
func dialQUIC(ctx context.Context, s *side, to net.Addr) (c *quic.Conn, close func(), err error) {
	pc, err := s.listenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	transport := &quic.Transport{Conn: pc}
	if c, err = transport.Dial(ctx, to, quicClientTLS, nil); err != nil {
		transport.Close()
		pc.Close()
		return nil, nil, err
	}
	return c, func() { c.CloseWithError(0, ""); transport.Close(); pc.Close() }, nil
}

func echoStream(stream *quic.Stream) {
	io.Copy(stream, stream)
	stream.Close()
}

func TestQUIC(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		q, err := startQUIC(s, echoStream)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(q.stop)
		c, close, err := dialQUIC(ctx, s, q.listener.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer close()

		// Many streams on one connection, each more than a window, there and back.
		data := make([]byte, 1<<20)
		rand.Read(data)
		err = crowd(s, 8, func(int) error {
			stream, err := c.OpenStreamSync(ctx)
			if err != nil {
				return err
			}
			written := make(chan error, 1)
			s.spawn(func() {
				_, err := stream.Write(data)
				written <- errors.Join(err, stream.Close())
			})
			back, err := io.ReadAll(stream)
			if err != nil || !bytes.Equal(back, data) {
				return fmt.Errorf("%d bytes of %d came back, %v", len(back), len(data), err)
			}
			return <-written
		})
		if err != nil {
			t.Error(err)
		}

		// A deadline, and an end that the other side is told of.
		stream, err := c.OpenStreamSync(ctx)
		if err != nil {
			t.Fatal(err)
		}
		stream.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		var timeout net.Error
		if _, err := stream.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Error("past its deadline: ", err)
		}
		s.spawn(func() { c.CloseWithError(7, "enough") })
		stream.SetReadDeadline(time.Time{})
		var ended *quic.ApplicationError
		if _, err := stream.Read(make([]byte, 1)); !errors.As(err, &ended) || ended.ErrorCode != 7 {
			t.Error("after the end: ", err)
		}

		// Nobody is there.
		gone, err := s.listenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer gone.Close()
		short, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		defer stop()
		if _, _, err := dialQUIC(short, s, gone.LocalAddr()); !errors.Is(err, context.DeadlineExceeded) {
			t.Error("dialing nobody: ", err)
		}
	})
}

const quicPiece = 64 << 10

var quicRows = []row{{name: "quic-go bulk", unit: "MB/s", scale: quicPiece / 1e6, measure: func(s *side, _ string, l load) (sample, error) {
	q, err := startQUIC(s, func(stream *quic.Stream) {
		for piece := make([]byte, quicPiece); ; {
			if _, err := stream.Write(piece); err != nil {
				return
			}
		}
	})
	if err != nil {
		return sample{}, err
	}
	c, _, err := dialQUIC(context.Background(), s, q.listener.Addr())
	if err != nil {
		return sample{}, err
	}
	var (
		stream *quic.Stream
		piece  = make([]byte, quicPiece)
	)
	return l.closedLoop(s, 1, func(int) (err error) {
		if stream == nil {
			if stream, err = c.OpenStreamSync(context.Background()); err != nil {
				return err
			}
			stream.Write([]byte{1}) // it exists for the other side once something is said
		}
		_, err = io.ReadFull(stream, piece)
		return err
	})
}}}
