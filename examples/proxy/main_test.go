package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// start runs body with the address of a proxy to a server.
func start(t *testing.T, p *proxy, server func(c *poll.Conn), body func(addr string)) {
	t.Helper()
	err := fibers.Run(func() {
		behind, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		defer behind.Close()
		fibers.Go(func() {
			for {
				c, err := behind.Accept()
				if err != nil {
					return
				}
				fibers.Go(func() {
					defer c.Close()
					server(c.(*poll.Conn))
				})
			}
		})
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		if p.to == "" {
			p.to = behind.Addr().String()
		}
		fibers.Go(func() { p.serve(l) })
		body(l.Addr().String())
	})
	if err != nil {
		t.Error(err)
	}
}

// The client ends its side; the server has read everything then, and answers.
func TestProxyPassesHalfClosesOn(t *testing.T) {
	p := &proxy{patience: time.Minute, dialing: time.Minute, report: func(v ...any) { t.Error(v...) }}
	upper := func(c *poll.Conn) {
		all, err := io.ReadAll(c)
		if err != nil {
			t.Error(err)
		}
		c.Write(bytes.ToUpper(all))
	}
	start(t, p, upper, func(addr string) {
		question := strings.Repeat("hello, proxy\n", 50_000)
		c, err := poll.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, question)
		c.(*poll.Conn).CloseWrite()
		answer, err := io.ReadAll(c)
		if err != nil || string(answer) != strings.ToUpper(question) {
			t.Errorf("%d bytes, %v", len(answer), err)
		}
	})
}

func TestProxyClosesWhatIsSilent(t *testing.T) {
	reports := cml.NewQueue[any](0)
	p := &proxy{patience: 20 * time.Millisecond, dialing: time.Minute, report: func(v ...any) { reports.Put(v[len(v)-1]) }}
	start(t, p, func(c *poll.Conn) { io.Copy(io.Discard, c) }, func(addr string) {
		c, err := poll.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("it says something")
		}
		v, _ := reports.Get()
		if err, ok := v.(error); !ok || !os.IsTimeout(unwrapped(err)) {
			t.Errorf("reported %v", v)
		}
	})
}

// unwrapped finds the net.Error in what pass joined.
func unwrapped(err error) error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		err = j.Unwrap()[0]
	}
	for {
		if _, ok := err.(net.Error); ok {
			return err
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

func TestProxyReportsServersThatAreNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	reports := cml.NewQueue[any](0)
	p := &proxy{to: l.Addr().String(), patience: time.Minute, dialing: time.Minute, report: func(v ...any) { reports.Put(v[len(v)-1]) }}
	start(t, p, func(*poll.Conn) {}, func(addr string) {
		c, err := poll.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("it says something")
		}
		if v, _ := reports.Get(); !strings.Contains(v.(error).Error(), "refused") {
			t.Errorf("reported %v", v)
		}
	})
}
