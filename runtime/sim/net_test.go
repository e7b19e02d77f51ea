package sim_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// serveLines echoes lines.
func serveLines(s *sim.Sim, h *sim.Host) {
	l, err := h.Listen("tcp", ":7")
	s.Always(err == nil, "listen: %v", err)
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fibers.Go(func() {
			defer c.Close()
			_, _ = io.Copy(c, c)
		})
	}
}

func TestEcho(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		server, client := s.Host("server"), s.Host("client")
		link := s.Link(server, client)
		link.Latency(time.Millisecond, 5*time.Millisecond)
		link.Loss(0.2)
		server.Go(func() { serveLines(s, server) })
		done := false
		client.Go(func() {
			var c net.Conn
			for {
				var err error
				if c, err = client.Dial("tcp", "server:7"); err == nil {
					break
				}
				s.Always(errors.Is(err, syscall.ECONNREFUSED), "%v", err)
				fibers.Sleep(time.Millisecond)
			}
			r := bufio.NewReader(c)
			for i := range 20 {
				line := fmt.Sprintf("line %d\n", i)
				_, err := io.WriteString(c, line)
				s.Always(err == nil, "write: %v", err)
				got, err := r.ReadString('\n')
				s.Always(err == nil && got == line, "read %q: %v", got, err)
			}
			s.Always(c.(*sim.Conn).CloseWrite() == nil, "close")
			_, err := r.ReadByte()
			s.Always(err == io.EOF, "%v", err)
			done = true
		})
		s.Eventually(time.Minute, func() bool { return done }, "the client is done")
	}, sim.Runs(200)))
}

func TestHTTP(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		server, client := s.Host("server"), s.Host("client")
		mux := http.NewServeMux()
		mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
			fibers.Sleep(10 * time.Millisecond)
			fmt.Fprintf(w, "hello %s", r.PathValue("name"))
		})
		mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(201)
			w.(http.Flusher).Flush()
			_, _ = io.Copy(w, r.Body)
		})
		l, err := server.Listen("tcp", ":80")
		s.Always(err == nil, "%v", err)
		server.Go(func() { _ = sim.ServeHTTP(l, mux) })
		web := http.Client{Transport: client.Transport()}
		resp, err := web.Get("http://server/hello/you")
		s.Always(err == nil, "%v", err)
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		s.Always(err == nil && string(text) == "hello you", "%q %v", text, err)
		resp, err = web.Post("http://server/echo", "text/plain", bufio.NewReader(io.LimitReader(zeros{}, 100000)))
		s.Always(err == nil && resp.StatusCode == 201, "%v", err)
		text, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		s.Always(err == nil && len(text) == 100000, "%d %v", len(text), err)

		ctx, cancel := sim.WithTimeout(t.Context(), 3*time.Millisecond)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://server/hello/slow", nil)
		_, err = web.Do(req)
		s.Always(err != nil && s.Elapsed() < time.Second, "%v", err)
	}, sim.Runs(50)))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestCrashAndRestart(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		server := s.Host("server")
		starts, deferred := 0, 0
		server.Go(func() {
			starts++
			defer func() { deferred++ }()
			serveLines(s, server)
		})
		fibers.Sleep(time.Millisecond)
		c, err := sim.Dial("tcp", "server:7")
		s.Always(err == nil, "%v", err)
		server.Crash()
		var b [1]byte
		_, err = c.Read(b[:])
		s.Always(errors.Is(err, syscall.ECONNRESET), "read: %v", err)
		_, err = sim.Dial("tcp", "server:7")
		s.Always(errors.Is(err, syscall.ECONNREFUSED), "dial: %v", err)
		s.Always(deferred == 1, "deferred %d", deferred)
		server.Restart()
		fibers.Sleep(time.Millisecond)
		c, err = sim.Dial("tcp", "server:7")
		s.Always(err == nil && starts == 2, "%v, %d starts", err, starts)
		c.Close()
	}, sim.Runs(100)))
}

func TestPartition(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		a, b := s.Host("a"), s.Host("b")
		link := s.Link(a, b)
		b.Go(func() { serveLines(s, b) })
		fibers.Sleep(time.Millisecond)
		c, err := a.Dial("tcp", "b:7")
		s.Always(err == nil, "%v", err)
		link.Cut()
		_, err = io.WriteString(c, "x")
		s.Always(err == nil, "%v", err)
		_ = c.SetReadDeadline(s.Now().Add(time.Second))
		var buf [1]byte
		_, err = c.Read(buf[:])
		var ne net.Error
		s.Always(errors.As(err, &ne) && ne.Timeout(), "%v", err)
		link.Heal()
		_ = c.SetReadDeadline(time.Time{})
		_, err = c.Read(buf[:])
		s.Always(err == nil && buf[0] == 'x', "%v", err)
		link.Cut()
		_, _ = io.WriteString(c, "y")
		_, err = c.Read(buf[:])
		s.Always(errors.Is(err, syscall.ETIMEDOUT), "%v", err)
	}, sim.Runs(100)))
}

func TestPacketsOvertake(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		a, b := s.Host("a"), s.Host("b")
		s.Link(a, b).Latency(0, 10*time.Millisecond)
		s.Link(a, b).Loss(0.3)
		s.Link(a, b).Duplicate(0.1)
		to, err := b.ListenPacket("udp", ":9")
		s.Always(err == nil, "%v", err)
		from, err := a.Dial("udp", "b:9")
		s.Always(err == nil, "%v", err)
		for i := range 20 {
			_, err = from.Write([]byte{byte(i)})
			s.Always(err == nil, "%v", err)
		}
		_ = to.SetReadDeadline(s.Now().Add(time.Second))
		last, n, buf := -1, 0, make([]byte, 10)
		seen := map[byte]bool{}
		for {
			k, _, err := to.ReadFrom(buf)
			if err != nil {
				break
			}
			s.Always(k == 1, "%d bytes", k)
			s.Sometimes(int(buf[0]) < last, "overtaken")
			s.Sometimes(seen[buf[0]], "twice")
			seen[buf[0]] = true
			last = int(buf[0])
			n++
		}
		s.Sometimes(len(seen) < 20, "lost")
		s.Always(n > 0, "nothing came")
	}, sim.Runs(50)))
}
