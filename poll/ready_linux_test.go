package poll

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Who tries an operation is told what there is, though nobody has looked for events
// since the last attempt that found nothing: with one scheduler, that is busy with the
// one who tries, nobody can have.
func TestPollAsksTheSystem(t *testing.T) {
	onEach(t, func(t *testing.T) {
		rt, err := fibers.New(fibers.WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		now, cancel := context.WithCancel(context.Background())
		cancel()
		rt.Run(func() {
			r, w, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			a, b := pairOf(t, "tcp", "127.0.0.1:0")
			u, err := ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			buf := make([]byte, 10)
			for i := range 100 {
				for _, x := range []struct {
					in interface {
						ReadableOp() cml.Op[error]
						Read([]byte) (int, error)
						SetReadDeadline(time.Time) error
					}
					put func()
				}{
					{r, func() { w.Write([]byte("x")) }},
					{a.(*Conn), func() { b.Write([]byte("x")) }},
					{u, func() { u.WriteTo([]byte("x"), u.LocalAddr()) }},
				} {
					if isReady(x.in.ReadableOp()) {
						t.Fatalf("%T: ready, though there is nothing", x.in)
					}
					x.put()
					if !isReady(x.in.ReadableOp()) {
						t.Fatalf("%T, %d: something is there, and it is not ready", x.in, i)
					}
					if f := fdOf(x.in); f != nil { // as it was
						if ticket, s := f.desc.Begin(epoll.In); s != epoll.Ready {
							t.Fatalf("%T: it was ready, and is %v", x.in, s)
						} else {
							f.desc.Drained(epoll.In, ticket)
						}
					}
					if _, err := cml.PerformContext(now, cml.Prefer(x.in.ReadableOp(), cml.Never[error]())); err != nil {
						t.Fatalf("%T: with a context that is done: %v", x.in, err)
					}
					if n, err := x.in.Read(buf); n != 1 || err != nil {
						t.Fatalf("%d, %v", n, err)
					}
				}
			}
		})
	})
}

// The same of connections to be accepted, which only the system's own poller knows
// of without a wait.
func TestPollOfAcceptAsksTheSystem(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	rt.Run(func() {
		l := mustListen(t, "unix", tempSocket(t))
		for i := range 50 {
			if a, ok := cml.Poll(l.AcceptOp()); ok {
				t.Fatalf("accepted %v", a)
			}
			c, err := net.Dial("unix", l.Addr().String()) // which does not wait
			if err != nil {
				t.Fatal(err)
			}
			a, ok := cml.Poll(l.AcceptOp())
			if !ok {
				t.Fatalf("%d: somebody has connected, and none is accepted", i)
			}
			a.Conn.Close()
			c.Close()
		}
	})
}
