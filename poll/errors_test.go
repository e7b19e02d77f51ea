package poll

import (
	"errors"
	"net"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"
)

// same checks that two functions fail with the same error, as far as programs can
// tell: text, but for the ports, and the types of all that is wrapped.
func same(t *testing.T, what string, ours, theirs func() error) {
	t.Helper()
	a, b := ours(), theirs()
	if (a == nil) != (b == nil) {
		t.Errorf("%s: %v, package net: %v", what, a, b)
		return
	}
	if a == nil {
		return
	}
	ports := regexp.MustCompile(`:\d+`)
	if x, y := ports.ReplaceAllString(a.Error(), ":P"), ports.ReplaceAllString(b.Error(), ":P"); x != y {
		t.Errorf("%s:\n%s\npackage net:\n%s", what, x, y)
	}
	var oa, ob *net.OpError
	if errors.As(a, &oa) != errors.As(b, &ob) {
		t.Errorf("%s: %T, package net: %T", what, a, b)
	} else if oa != nil && (oa.Op != ob.Op || oa.Net != ob.Net || (oa.Addr == nil) != (ob.Addr == nil)) {
		t.Errorf("%s: %+v, package net: %+v", what, oa, ob)
	}
	for _, target := range []error{net.ErrClosed, os.ErrDeadlineExceeded} {
		if errors.Is(a, target) != errors.Is(b, target) {
			t.Errorf("%s: is %v: %v, package net: %v", what, target, errors.Is(a, target), errors.Is(b, target))
		}
	}
	var na, nb net.Error
	if errors.As(a, &na) != errors.As(b, &nb) || na != nil && na.Timeout() != nb.Timeout() {
		t.Errorf("%s: time-outs differ", what)
	}
	var sa, sb *os.SyscallError
	if errors.As(a, &sa) != errors.As(b, &sb) || sa != nil && !reflect.DeepEqual(sa, sb) {
		t.Errorf("%s: %+v, package net: %+v", what, sa, sb)
	}
}

// netPair is pairOf of package net.
func netPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c, s
}

// What goes wrong looks as in package net.
func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	type conn interface {
		net.Conn
		CloseRead() error
		CloseWrite() error
		SetNoDelay(bool) error
		SetLinger(int) error
	}
	for name, f := range map[string]func(c, peer conn) error{
		"read after close":         func(c, _ conn) error { c.Close(); _, err := c.Read(make([]byte, 1)); return err },
		"write after close":        func(c, _ conn) error { c.Close(); _, err := c.Write(make([]byte, 1)); return err },
		"close after close":        func(c, _ conn) error { c.Close(); return c.Close() },
		"deadline after close":     func(c, _ conn) error { c.Close(); return c.SetDeadline(time.Now()) },
		"option after close":       func(c, _ conn) error { c.Close(); return c.SetNoDelay(true) },
		"half close after close":   func(c, _ conn) error { c.Close(); return c.CloseWrite() },
		"half close twice":         func(c, _ conn) error { c.CloseWrite(); return c.CloseWrite() },
		"read past the deadline":   func(c, _ conn) error { c.SetDeadline(time.Now()); _, err := c.Read(make([]byte, 1)); return err },
		"write past the deadline":  func(c, _ conn) error { c.SetDeadline(time.Now()); _, err := c.Write(make([]byte, 1)); return err },
		"read after a reset":       func(c, p conn) error { p.SetLinger(0); p.Close(); _, err := c.Read(make([]byte, 1)); return err },
		"write after a half close": func(c, _ conn) error { c.CloseWrite(); _, err := c.Write(make([]byte, 1)); return err },
		"nothing to read":          func(c, _ conn) error { _, err := c.Read(nil); return err },
		"nothing to write":         func(c, _ conn) error { _, err := c.Write(nil); return err },
		"the end":                  func(c, p conn) error { p.Close(); _, err := c.Read(make([]byte, 1)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T) {
				a, b := pairOf(t, "tcp", "127.0.0.1:0")
				c, d := netPair(t)
				same(t, name, func() error { return f(a.(conn), b.(conn)) }, func() error { return f(c.(conn), d.(conn)) })
			})
		})
	}
	t.Run("accept after close", func(t *testing.T) {
		onEach(t, func(t *testing.T) {
			l := mustListen(t, "tcp", "127.0.0.1:0")
			nl, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			f := func(l net.Listener) func() error {
				return func() error { l.Close(); _, err := l.Accept(); return err }
			}
			same(t, "accept", f(l), f(nl))
			same(t, "close", l.Close, nl.Close)
		})
	})
}
