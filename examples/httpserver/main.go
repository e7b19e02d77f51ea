// Httpserver serves HTTP, a fiber for each connection.
//
// The protocol is that of fasthttp: its ServeConn serves one connection in the
// party that calls it, so a handler here runs in a fiber and may do what fibers do:
// /sleep parks, and /slow asks for the answer of a task, but not for longer than a
// client can wait. (The handlers of net/http's server are goroutines; it runs over
// a poll.Listener all the same.)
//
//	go run ./examples/httpserver -addr localhost:7010
//	curl localhost:7010/hello/world
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "localhost:7010", "where to listen")
	flag.Parse()
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("listening at", l.Addr())
		interrupts := poll.NotifySignals(os.Interrupt)
		defer interrupts.Close()
		fibers.Go(func() {
			interrupts.Get()
			l.Close()
		})
		s := newServer()
		if err := s.serve(l); err != nil {
			log.Print(err)
		}
		fmt.Println("waiting for the requests that are under way")
		s.drain(5 * time.Second)
	})
	if err != nil {
		log.Fatal(err)
	}
}

type server struct {
	http  fasthttp.Server
	conns cml.WaitGroup
}

func newServer() *server {
	s := &server{}
	s.http = fasthttp.Server{
		Handler:     handle,
		Name:        "fibers",
		IdleTimeout: time.Minute,
		ReadTimeout: 10 * time.Second,
	}
	return s
}

// serve serves connections until l is closed.
func (s *server) serve(l *poll.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		s.conns.Add(1)
		fibers.Go(func() {
			defer s.conns.Done()
			defer c.Close()
			s.http.ServeConn(c)
		})
	}
}

// drain waits until all connections have ended, but not for longer than d. It
// reports whether they have.
func (s *server) drain(d time.Duration) bool {
	_, ok := fibers.PerformTimeout(s.conns.WaitOp(), d)
	return ok
}

// patience is how long /slow waits.
const patience = 50 * time.Millisecond

func handle(c *fasthttp.RequestCtx) {
	switch path := string(c.Path()); {
	case strings.HasPrefix(path, "/hello/"):
		fmt.Fprintf(c, "hello, %s\n", strings.TrimPrefix(path, "/hello/"))
	case path == "/sleep":
		d, err := time.ParseDuration(string(c.QueryArgs().Peek("for")))
		if err != nil || d < 0 || d > time.Minute {
			c.Error("for how long?", fasthttp.StatusBadRequest)
			return
		}
		fibers.Sleep(d)
		fmt.Fprintf(c, "slept %v\n", d)
	case path == "/slow":
		d, _ := time.ParseDuration(string(c.QueryArgs().Peek("for")))
		answer := fibers.Spawn(func() (string, error) {
			fibers.Sleep(min(d, time.Minute))
			return "here it is\n", nil
		})
		r, ok := fibers.PerformTimeout(answer.AwaitOp(), patience)
		if !ok {
			c.Error("it takes too long", fasthttp.StatusGatewayTimeout)
			return
		}
		c.WriteString(r.Value)
	default:
		c.Error("no such page", fasthttp.StatusNotFound)
	}
}
