package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A guest talks to the room.
type guest struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func enter(t *testing.T, addr, name string) *guest {
	c, err := poll.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	g := &guest{t, c, bufio.NewReader(c)}
	g.reads("Who are you?")
	g.says(name)
	return g
}

func (g *guest) says(text string) {
	if _, err := fmt.Fprintln(g, text); err != nil {
		g.t.Error(err)
	}
}

func (g *guest) reads(want string) {
	if got, err := g.r.ReadString('\n'); err != nil || got != want+"\n" {
		g.t.Errorf("reads %q, %v; want %q", got, err, want)
	}
}

func TestChat(t *testing.T) {
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		fibers.Go(func() { serve(l) })
		addr := l.Addr().String()
		ann := enter(t, addr, "ann")
		ann.reads("*: ann comes")
		bob := enter(t, addr, "bob")
		bob.reads("*: bob comes")
		ann.reads("*: bob comes")

		ann.says("hello")
		ann.says("  ") // nothing
		ann.says("anybody here?")
		bob.reads("ann: hello")
		bob.reads("ann: anybody here?")
		bob.says("hello ann")
		ann.reads("bob: hello ann")

		bob.Close()
		ann.reads("*: bob goes")
		l.Close()
		ann.Conn.(*poll.Conn).CloseWrite()
		if _, err := ann.r.ReadString('\n'); err != io.EOF {
			t.Errorf("not gone: %v", err)
		}
		ann.Close()
	})
	if err != nil {
		t.Error(err)
	}
}
