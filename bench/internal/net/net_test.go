package net

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

func TestPiecesDiffer(t *testing.T) {
	const size = 64
	s := newScript(size)
	seen := map[string]bool{}
	for nth := range 3 {
		for conn := range 5000 {
			p := s.piece(conn, nth)
			if len(p) != size || bytes.IndexByte(p, collect) >= 0 {
				t.Fatalf("piece %d of connection %d: %q", nth, conn, p)
			}
			if nth == 0 {
				if seen[string(p)] {
					t.Errorf("connection %d says what another says", conn)
				}
				seen[string(p)] = true
			}
			if nth > 0 && bytes.Equal(p, s.piece(conn, nth-1)) {
				t.Errorf("connection %d says the same again", conn)
			}
		}
	}
	s.piece(1<<20, 1<<30) // far into a long run
}

func TestAnswersHold(t *testing.T) {
	for _, a := range []answer{{text: []byte("0123456789")}, {[]byte("0123456789"), 3, 6}, {[]byte("0123456789"), 0, 10}} {
		for from := range len(a.text) {
			for to := from; to <= len(a.text); to++ {
				came := bytes.Clone(a.text[from:to])
				if !a.holds(from, came) {
					t.Errorf("%d to %d is wrong, with a gap from %d to %d", from, to, a.from, a.to)
				}
				for i := range came {
					came[i] ^= 1
					if at := from + i; a.holds(from, came) != (a.from <= at && at < a.to) {
						t.Errorf("byte %d is changed, with a gap from %d to %d", at, a.from, a.to)
					}
					came[i] ^= 1
				}
			}
		}
	}
}

func TestHelloAnswer(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 14\r\n\r\n"
	text := head + helloBody
	for i := range text {
		if _, err := helloAnswer(text[:i]); err != errUnfinished {
			t.Fatalf("%q: %v", text[:i], err)
		}
	}
	a, err := helloAnswer(text)
	if err != nil || string(a.text) != text || text[a.from:a.to] != "Sun, 06 Nov 1994 08:49:37 GMT" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := helloAnswer("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + helloBody); err != nil || a.from != a.to {
		t.Errorf("without a date: %+v, %v", a, err)
	}
	for _, wrong := range []string{
		text + "x", strings.Replace(text, "200", "500", 1), strings.Replace(text, "14", "13", 1), strings.Replace(text, "Hello", "Hallo", 1),
		"HTTP/1.1 200 OK\r\n\r\n" + helloBody,
	} {
		if _, err := helloAnswer(wrong); err == nil || !strings.Contains(err.Error(), "wrong answer") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// testServer gives each connection to serve, with its number, until the test ends.
func testServer(t *testing.T, serve func(i int, c net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(i, c)
			}()
		}
	}()
	return l.Addr().String()
}

func TestHelloChecksItsAnswers(t *testing.T) {
	for _, wrong := range []bool{false, true} {
		s := &server{addr: testServer(t, func(i int, c net.Conn) {
			for buf := make([]byte, 64); ; {
				if _, err := io.ReadFull(c, buf); err != nil {
					return
				}
				if wrong && i == 2 {
					buf[63]++
				}
				c.Write(buf)
			}
		})}
		err := s.hello(5)
		if wrong != (err != nil) || err != nil && !strings.Contains(err.Error(), "wrong answer") {
			t.Errorf("wrong answers: %v, error: %v", wrong, err)
		}
		for _, c := range s.conns {
			c.Close()
		}
	}
}

// A server that does not start says why.
func TestServerThatDoesNotStart(t *testing.T) {
	s, err := startServer(t.Context(), harness.ChildTask{Kind: "nonsense", Schedulers: 1})
	if err == nil {
		s.stop()
		t.Fatal("a server of nonsense has started")
	}
	if text := err.Error(); !strings.Contains(text, "no such child task") || strings.Contains(text, "%!") {
		t.Errorf("it says %q", text)
	}
}

// What serving fails with is the child task's error, on both sides.
func TestServeTaskFails(t *testing.T) {
	failed := errors.New("failed")
	for s := range harness.Sides {
		var l net.Listener
		_, err := serveTask(func(at net.Listener, _ func(func())) error { l = at; return failed })(harness.ChildTask{Side: s, Schedulers: 1})
		if !errors.Is(err, failed) {
			t.Errorf("on %s: %v", s, err)
		}
		if l != nil && l.Close() == nil {
			t.Errorf("on %s the listener is still open", s)
		}
	}
}
