//go:build linux

package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type text = wrapperspb.StringValue

// echoService is the service, as protoc would write it.
var echoService = grpc.ServiceDesc{
	ServiceName: "interop.Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "Say", Handler: unary(func(_ context.Context, in *text) (*text, error) { return in, nil })},
		{MethodName: "Wait", Handler: unary(func(ctx context.Context, _ *text) (*text, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})},
		{MethodName: "Fail", Handler: unary(func(_ context.Context, in *text) (*text, error) {
			return nil, status.Error(codes.NotFound, in.Value)
		})},
	},
	Streams: []grpc.StreamDesc{{StreamName: "Talk", ServerStreams: true, ClientStreams: true, Handler: talk}},
}

func unary(f func(ctx context.Context, in *text) (*text, error)) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(text)
		if err := decode(in); err != nil {
			return nil, err
		}
		return f(ctx, in)
	}
}

// talk answers each message with itself, until the other has no more to say.
func talk(_ any, stream grpc.ServerStream) error {
	for {
		m := new(text)
		if err := stream.RecvMsg(m); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(m); err != nil {
			return err
		}
	}
}

// A grpcServer is a service at the listener of a side.
type grpcServer struct {
	s      *side
	at     string
	server *grpc.Server
	ended  <-chan struct{}
}

func startGRPC(s *side) (*grpcServer, error) {
	g := &grpcServer{s: s, at: "127.0.0.1:0"}
	return g, g.start()
}

func (g *grpcServer) addr() string   { return g.at }
func (g *grpcServer) kill()          { g.server.Stop(); <-g.ended }
func (g *grpcServer) restart() error { return again(g.start) }

func (g *grpcServer) start() error {
	l, err := g.s.listen("tcp", g.at)
	if err != nil {
		return err
	}
	g.at = l.Addr().String()
	server := grpc.NewServer()
	server.RegisterService(&echoService, struct{}{})
	g.server, g.ended = server, g.s.start(func() { server.Serve(l) })
	return nil
}

func dialGRPC(s *side, addr string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return s.dial(ctx, "tcp", addr) }),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 10 * time.Second, Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond}}))
}

func openGRPC(s *side, addr string) (*client, error) {
	c, err := dialGRPC(s, addr)
	if err != nil {
		return nil, err
	}
	return &client{
		echo: func(ctx context.Context, word string) (string, error) {
			out := new(text)
			err := c.Invoke(ctx, "/interop.Echo/Say", &text{Value: word}, out)
			return out.Value, err
		},
		slow:  func(ctx context.Context) error { return c.Invoke(ctx, "/interop.Echo/Wait", new(text), new(text)) },
		close: func() { c.Close() },
	}, nil
}

func TestGRPC(t *testing.T) {
	testClient(t, func(t *checked, s *side) service {
		g, err := startGRPC(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(g.kill)
		return g
	}, openGRPC)
}

func TestGRPCMore(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		g, err := startGRPC(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(func() { g.server.GracefulStop(); <-g.ended })
		c, err := dialGRPC(s, g.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()

		err = c.Invoke(ctx, "/interop.Echo/Fail", &text{Value: "no such thing"}, new(text))
		if st := status.Convert(err); st.Code() != codes.NotFound || st.Message() != "no such thing" {
			t.Error("an error arrives as ", err)
		}
		large, out := strings.Repeat("0123456789abcdef", 200_000), new(text) // more than a window of flow control
		if err := c.Invoke(ctx, "/interop.Echo/Say", &text{Value: large}, out); err != nil || out.Value != large {
			t.Error("large: ", len(out.Value), err)
		}

		// Streams in both directions at once: who sends does not wait for answers.
		err = crowd(s, 50, func(p int) error {
			stream, err := c.NewStream(ctx, &echoService.Streams[0], "/interop.Echo/Talk")
			if err != nil {
				return err
			}
			const messages = 100
			sent := make(chan error, 1)
			s.spawn(func() {
				for i := range messages {
					if err := stream.SendMsg(&text{Value: fmt.Sprint(p, i)}); err != nil {
						sent <- err
						return
					}
				}
				sent <- stream.CloseSend()
			})
			for i := range messages {
				m := new(text)
				if err := stream.RecvMsg(m); err != nil || m.Value != fmt.Sprint(p, i) {
					return fmt.Errorf("message %d of %d is %q, %v", i, p, m.Value, err)
				}
			}
			if err := stream.RecvMsg(new(text)); err != io.EOF {
				return fmt.Errorf("the end of a stream is %v", err)
			}
			return <-sent
		})
		if err != nil {
			t.Error(err)
		}

		// One that is cancelled ends at both ends.
		short, stop := context.WithCancel(ctx)
		stream, err := c.NewStream(short, &echoService.Streams[0], "/interop.Echo/Talk")
		if err != nil {
			t.Fatal(err)
		}
		s.spawn(stop)
		if err := stream.RecvMsg(new(text)); status.Code(err) != codes.Canceled {
			t.Error("a stream that was cancelled: ", err)
		}
	})
}

var grpcRows = []row{
	{name: "gRPC unary, 50 parties", measure: withGRPC(func(s *side, addr string, l load) (sample, error) {
		return measureClient(50, openGRPC)(s, addr, l)
	})},
	{name: "gRPC stream, 50 parties", measure: withGRPC(func(s *side, addr string, l load) (sample, error) {
		c, err := dialGRPC(s, addr)
		if err != nil {
			return sample{}, err
		}
		streams := make([]grpc.ClientStream, 50)
		return l.closedLoop(s, len(streams), func(p int) (err error) {
			if streams[p] == nil {
				if streams[p], err = c.NewStream(context.Background(), &echoService.Streams[0], "/interop.Echo/Talk"); err != nil {
					return err
				}
			}
			if err := streams[p].SendMsg(&text{Value: "hello"}); err != nil {
				return err
			}
			m := new(text)
			if err := streams[p].RecvMsg(m); err != nil {
				return err
			}
			if m.Value != "hello" {
				return errors.New("wrong answer")
			}
			return nil
		})
	})},
}

func withGRPC(f func(s *side, addr string, l load) (sample, error)) func(s *side, addr string, l load) (sample, error) {
	return func(s *side, _ string, l load) (sample, error) {
		g, err := startGRPC(s)
		if err != nil {
			return sample{}, err
		}
		return f(s, g.addr(), l)
	}
}
