package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// A guest talks to the room.
type guest struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func enter(t testing.TB, dial func(network, addr string) (net.Conn, error), addr, name string) *guest {
	c, err := dial("tcp", addr)
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
		ann := enter(t, poll.Dial, addr, "ann")
		ann.reads("*: ann comes")
		bob := enter(t, poll.Dial, addr, "bob")
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

// TestChatSimulated has guests on hosts of their own, one of which crashes.
func TestChatSimulated(t *testing.T) {
	sim.Test(t, func(s *sim.Sim) {
		room := s.Host("room")
		l, err := room.Listen("tcp", ":7008")
		s.Always(err == nil, "%v", err)
		room.Go(func() { _ = serve(l) })
		s.Link(room, s.Host("bob")).Loss(0.1)
		ann := enter(s.T(), s.Host("ann").Dial, "room:7008", "ann")
		ann.reads("*: ann comes")
		bob := s.Host("bob")
		bob.Go(func() {
			g := enter(s.T(), bob.Dial, "room:7008", "bob")
			g.reads("*: bob comes")
			g.says("hello")
			g.reads("ann: and off you go")
			g.says("never read") // the host is gone, or it is said just before
			_, _ = g.r.ReadString('\n')
		})
		ann.reads("*: bob comes")
		ann.reads("bob: hello")
		ann.says("and off you go")
		fibers.Sleep(10 * time.Millisecond)
		bob.Crash()
		text, _ := ann.r.ReadString('\n')
		if text == "bob: never read\n" {
			s.Reachable("it was said before")
			text, _ = ann.r.ReadString('\n')
		} else {
			s.Reachable("it was not said")
		}
		s.Always(text == "*: bob goes\n", "reads %q", text)
	}, sim.Runs(200), sim.Expect("it was said before", "it was not said"))
}
