package sim_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// once runs body in one schedule, and prints what it returns.
func once(body func(s *sim.Sim) string) {
	text := ""
	if f := sim.Check(func(s *sim.Sim) { text = body(s) }, sim.Runs(1)); f != nil {
		text = f.String()
	}
	fmt.Println(text)
}

func ExampleRuns() {
	runs := 0
	sim.Check(func(*sim.Sim) { runs++ }, sim.Runs(3))
	fmt.Println(runs)
	// Output: 3
}

func ExampleFrom() {
	fmt.Println(sim.Check(func(*sim.Sim) {}, sim.From(uint64(time.Now().UnixNano())))) // others each time
	// Output: no run failed
}

func ExampleSteps() {
	f := sim.Check(func(*sim.Sim) {
		for {
			fibers.Yield()
		}
	}, sim.Steps(1000))
	fmt.Println(f.Kind)
	// Output: livelock
}

func ExamplePatience() {
	fmt.Println(sim.Check(func(*sim.Sim) {}, sim.Patience(time.Minute)))
	// Output: no run failed
}

func ExampleExpect() {
	f := sim.Check(func(*sim.Sim) {}, sim.Expect("the slow path"))
	fmt.Println(f.Message)
	// Output: never so in 1000 runs: "the slow path"
}

func ExampleShrinks() {
	f := sim.Check(func(s *sim.Sim) { s.Fail("as it was found") }, sim.Shrinks(0))
	fmt.Println(f.Steps == f.Shrunk)
	// Output: true
}

func ExampleRandom() {
	fmt.Println(sim.Check(func(*sim.Sim) {}, sim.Explore(sim.Random())))
	// Output: no run failed
}

func ExamplePCT() {
	fmt.Println(sim.Check(func(*sim.Sim) {}, sim.Explore(sim.PCT(3))))
	// Output: no run failed
}

func ExampleRoundRobin() {
	once(func(*sim.Sim) string { return fmt.Sprint(sim.RoundRobin()) })
	// Output: RoundRobin()
}

func ExampleSim_Now() {
	once(func(s *sim.Sim) string { return s.Now().Format(time.DateTime) })
	// Output: 2000-01-01 00:00:00
}

func ExampleSim_Elapsed() {
	once(func(s *sim.Sim) string { fibers.Sleep(time.Hour); return s.Elapsed().String() })
	// Output: 1h0m0s
}

func ExampleSim_Rand() {
	once(func(s *sim.Sim) string { n := s.Rand().IntN(6); return fmt.Sprint(0 <= n && n < 6) })
	// Output: true
}

func ExampleSim_Seed() {
	f := sim.Check(func(s *sim.Sim) { s.Always(s.Seed() == 7, "not 7") }, sim.Seed(7))
	fmt.Println(f)
	// Output: no run failed
}

func ExampleSim_Steps() {
	once(func(s *sim.Sim) string { fibers.Yield(); return fmt.Sprint(s.Steps()) })
	// Output: 2
}

func ExampleSim_Schedules() {
	once(func(s *sim.Sim) string { return fmt.Sprint(s.Schedules()) })
	// Output: 1
}

func ExampleSim_Always() {
	f := sim.Check(func(s *sim.Sim) { s.Always(1+1 == 3, "the sum is %d", 1+1) })
	fmt.Println(f.Kind)
	// Output: assertion
}

func ExampleSim_Fail() {
	f := sim.Check(func(s *sim.Sim) { s.Fail("not here") })
	fmt.Println(f.Kind)
	// Output: assertion
}

func ExampleSim_Reachable() {
	f := sim.Check(func(s *sim.Sim) { s.Reachable("here") }, sim.Expect("here"))
	fmt.Println(f)
	// Output: no run failed
}

func ExampleSim_Log() {
	once(func(s *sim.Sim) string { s.Log("only in the trace of a failure"); return "done" })
	// Output: done
}

func ExampleSim_T() {
	f := sim.Check(func(s *sim.Sim) { s.T().Errorf("as with testing.T: %d", 7) })
	fmt.Println(f.Kind)
	// Output: assertion
}

func ExampleSim_Host() {
	once(func(s *sim.Sim) string { return s.Host("server").String() })
	// Output: server (10.0.0.1)
}

func ExampleSim_Link() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		return fmt.Sprint(s.Link(a, b) == s.Link(b, a))
	})
	// Output: true
}

func ExampleKind() {
	fmt.Println(sim.Panic, sim.Assertion, sim.Deadlock, sim.Leak, sim.Livelock, sim.Unreached, sim.Diverged)
	// Output: panic assertion deadlock leak livelock unreached diverged
}

func ExampleWithDeadline() {
	once(func(s *sim.Sim) string {
		ctx, cancel := sim.WithDeadline(context.Background(), s.Now().Add(time.Hour))
		defer cancel()
		err := cml.Perform(cml.Done(ctx))
		return fmt.Sprint(err, " after ", s.Elapsed())
	})
	// Output: context deadline exceeded after 1h0m0s
}

func ExampleHost_Name() {
	once(func(s *sim.Sim) string { return s.Host("server").Name() })
	// Output: server
}

func ExampleHost_Addr() {
	once(func(s *sim.Sim) string { return s.Host("server").Addr().String() })
	// Output: 10.0.0.1
}

func ExampleHost_Now() {
	once(func(s *sim.Sim) string { return fmt.Sprint(s.Host("server").Now().Equal(s.Now())) })
	// Output: true
}

func ExampleHost_Skew() {
	once(func(s *sim.Sim) string {
		h := s.Host("fast")
		h.Skew(time.Second)
		return h.Now().Sub(s.Now()).String()
	})
	// Output: 1s
}

func ExampleHost_Go() {
	once(func(s *sim.Sim) string {
		done := cml.NewCond()
		s.Host("server").Go(func() { done.Signal() })
		done.Wait()
		return "done"
	})
	// Output: done
}

func ExampleHost_GoNamed() {
	once(func(s *sim.Sim) string {
		name := cml.NewChan[string]()
		s.Host("server").GoNamed("worker", func() { name.Put(fibers.Current().Name()) })
		return name.Get()
	})
	// Output: worker
}

func ExampleHost_Restart() {
	once(func(s *sim.Sim) string {
		h, starts := s.Host("server"), 0
		h.Go(func() { starts++; cml.Perform(cml.Never[int]()) })
		fibers.Sleep(1)
		h.Crash()
		h.Restart()
		fibers.Sleep(1)
		return fmt.Sprint(starts)
	})
	// Output: 2
}

func ExampleHost_Up() {
	once(func(s *sim.Sim) string {
		h := s.Host("server")
		h.Crash()
		return fmt.Sprint(h.Up())
	})
	// Output: false
}

// pair returns both ends of a connection from b to a.
func pair(s *sim.Sim, a, b *sim.Host) (x, y *sim.Conn) {
	l, err := a.Listen("tcp", ":0")
	s.Always(err == nil, "%v", err)
	c, err := b.Dial("tcp", l.Addr().String())
	s.Always(err == nil, "%v", err)
	d, err := l.Accept()
	s.Always(err == nil, "%v", err)
	return d.(*sim.Conn), c.(*sim.Conn)
}

func ExampleHost_Listen() {
	once(func(s *sim.Sim) string {
		l, err := s.Host("server").Listen("tcp", ":80")
		return fmt.Sprint(l.Addr(), err)
	})
	// Output: 10.0.0.1:80 <nil>
}

func ExampleHost_Dial() {
	once(func(s *sim.Sim) string {
		s.Host("server")
		_, err := s.Host("client").Dial("tcp", "server:80")
		return fmt.Sprint(errors.Is(err, syscall.ECONNREFUSED))
	})
	// Output: true
}

func ExampleHost_DialContext() {
	once(func(s *sim.Sim) string {
		client, server := s.Host("client"), s.Host("server")
		s.Link(client, server).Cut()
		ctx, cancel := sim.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := client.DialContext(ctx, "tcp", "server:80")
		return fmt.Sprint(errors.Is(err, context.DeadlineExceeded))
	})
	// Output: true
}

func ExampleHost_ListenPacket() {
	once(func(s *sim.Sim) string {
		p, err := s.Host("server").ListenPacket("udp", ":53")
		s.Always(err == nil, "%v", err)
		c, err := s.Host("client").Dial("udp", "server:53")
		s.Always(err == nil, "%v", err)
		fmt.Fprint(c, "hello")
		buf := make([]byte, 10)
		n, _, _ := p.ReadFrom(buf)
		return string(buf[:n])
	})
	// Output: hello
}

func ExampleHost_Transport() {
	once(func(s *sim.Sim) string {
		s.Host("server")
		web := http.Client{Transport: s.Host("client").Transport()}
		_, err := web.Get("http://server/") // where nobody listens
		return fmt.Sprint(errors.Is(err, syscall.ECONNREFUSED))
	})
	// Output: true
}

func ExampleListen() {
	once(func(s *sim.Sim) string {
		l, err := sim.Listen("tcp", "localhost:80")
		return fmt.Sprint(l.Addr(), err)
	})
	// Output: 10.0.0.1:80 <nil>
}

func ExampleListenPacket() {
	once(func(s *sim.Sim) string {
		p, err := sim.ListenPacket("udp", ":53")
		return fmt.Sprint(p.LocalAddr(), err)
	})
	// Output: 10.0.0.1:53 <nil>
}

func ExampleDial() {
	once(func(s *sim.Sim) string {
		l, _ := sim.Listen("tcp", ":80")
		_, err := sim.Dial("tcp", l.Addr().String())
		return fmt.Sprint(err)
	})
	// Output: <nil>
}

func ExampleDialContext() {
	once(func(s *sim.Sim) string {
		_, err := sim.DialContext(context.Background(), "tcp", "nowhere:80")
		var dns *net.DNSError
		return fmt.Sprint(errors.As(err, &dns))
	})
	// Output: true
}

func ExampleListener_AcceptOp() {
	once(func(s *sim.Sim) string {
		l, _ := sim.Listen("tcp", ":80")
		_, ok := fibers.PerformTimeout(l.(*sim.Listener).AcceptOp(), time.Second)
		return fmt.Sprint(ok)
	})
	// Output: false
}

func ExampleListener_SetDeadline() {
	once(func(s *sim.Sim) string {
		l, _ := sim.Listen("tcp", ":80")
		_ = l.(*sim.Listener).SetDeadline(s.Now().Add(time.Second))
		_, err := l.Accept()
		return fmt.Sprint(err.(net.Error).Timeout(), s.Elapsed())
	})
	// Output: true 1s
}

func ExampleConn_CloseWrite() {
	once(func(s *sim.Sim) string {
		x, y := pair(s, s.Host("a"), s.Host("b"))
		_ = x.CloseWrite()
		_, err := y.Read(make([]byte, 1))
		return fmt.Sprint(err)
	})
	// Output: EOF
}

func ExampleConn_CloseRead() {
	once(func(s *sim.Sim) string {
		x, _ := pair(s, s.Host("a"), s.Host("b"))
		_ = x.CloseRead()
		_, err := x.Read(make([]byte, 1))
		return fmt.Sprint(err)
	})
	// Output: EOF
}

func ExampleConn_Reset() {
	once(func(s *sim.Sim) string {
		x, y := pair(s, s.Host("a"), s.Host("b"))
		x.Reset()
		_, err := y.Read(make([]byte, 1))
		return fmt.Sprint(errors.Is(err, syscall.ECONNRESET))
	})
	// Output: true
}

func ExampleConn_ReadableOp() {
	once(func(s *sim.Sim) string {
		x, y := pair(s, s.Host("a"), s.Host("b"))
		_, early := cml.Poll(x.ReadableOp())
		fmt.Fprint(y, "hello")
		err := cml.Perform(x.ReadableOp())
		return fmt.Sprint(early, err)
	})
	// Output: false <nil>
}

func ExampleConn_WritableOp() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		s.Link(a, b).Window(3)
		x, y := pair(s, a, b)
		fmt.Fprint(x, "abc")
		_, full := cml.Poll(x.WritableOp())
		_, _ = io.ReadFull(y, make([]byte, 3))
		_, empty := cml.Poll(x.WritableOp())
		return fmt.Sprint(full, empty)
	})
	// Output: false true
}

func ExamplePacketConn_ReadableOp() {
	once(func(s *sim.Sim) string {
		p, _ := sim.ListenPacket("udp", ":53")
		_, ok := fibers.PerformTimeout(p.(*sim.PacketConn).ReadableOp(), time.Second)
		return fmt.Sprint(ok)
	})
	// Output: false
}

func ExampleLink_Latency() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		x, y := pair(s, a, b)
		s.Link(a, b).Latency(time.Second, time.Second)
		begin := s.Now()
		fmt.Fprintln(x, "hello")
		_, _ = bufio.NewReader(y).ReadString('\n')
		return s.Now().Sub(begin).String()
	})
	// Output: 1s
}

func ExampleLink_Loss() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		s.Link(a, b).Loss(1)
		p, _ := b.ListenPacket("udp", ":53")
		c, _ := a.Dial("udp", "b:53")
		fmt.Fprint(c, "hello")
		_, ok := fibers.PerformTimeout(p.(*sim.PacketConn).ReadableOp(), time.Minute)
		return fmt.Sprint(ok)
	})
	// Output: false
}

func ExampleLink_Duplicate() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		s.Link(a, b).Duplicate(1)
		p, _ := b.ListenPacket("udp", ":53")
		c, _ := a.Dial("udp", "b:53")
		fmt.Fprint(c, "hello")
		buf := make([]byte, 10)
		n, _, _ := p.ReadFrom(buf)
		m, _, _ := p.ReadFrom(buf)
		return fmt.Sprint(n, m)
	})
	// Output: 5 5
}

func ExampleLink_Window() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		s.Link(a, b).Window(10)
		x, _ := pair(s, a, b) // whose other side reads nothing
		_ = x.SetWriteDeadline(s.Now().Add(time.Second))
		n, err := x.Write(make([]byte, 100))
		return fmt.Sprint(n, err.(net.Error).Timeout())
	})
	// Output: 10 true
}

func ExampleLink_Cut() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		x, y := pair(s, a, b)
		s.Link(a, b).Cut()
		fmt.Fprint(x, "hello")
		_ = y.SetReadDeadline(s.Now().Add(time.Minute))
		_, err := y.Read(make([]byte, 1))
		return fmt.Sprint(err.(net.Error).Timeout())
	})
	// Output: true
}

func ExampleLink_CutFrom() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		x, y := pair(s, a, b)
		s.Link(a, b).CutFrom(a)
		fmt.Fprint(y, "hello") // from b, which arrives
		n, err := x.Read(make([]byte, 10))
		return fmt.Sprint(n, err)
	})
	// Output: 5 <nil>
}

func ExampleLink_Heal() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		x, y := pair(s, a, b)
		s.Link(a, b).Cut()
		fmt.Fprint(x, "hello")
		fibers.Sleep(time.Minute)
		s.Link(a, b).Heal()
		n, err := y.Read(make([]byte, 10))
		return fmt.Sprint(n, err)
	})
	// Output: 5 <nil>
}

func ExampleLink_Reset() {
	once(func(s *sim.Sim) string {
		a, b := s.Host("a"), s.Host("b")
		x, _ := pair(s, a, b)
		s.Link(a, b).Reset()
		_, err := x.Read(make([]byte, 1))
		return fmt.Sprint(errors.Is(err, syscall.ECONNRESET))
	})
	// Output: true
}
