package net

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// server is the parent's end of a server process.
type server struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
	conns []net.Conn // of hello
}

// startServer runs a child task whose child writes its address and then serves.
func startServer(ctx context.Context, e harness.ChildTask) (*server, error) {
	cmd, said, err := e.Command(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "{") {
		s.addr = strings.TrimSpace(line)
		return s, nil
	}
	s.stop() // from here on it says no more
	var o harness.Outcome
	if json.Unmarshal([]byte(line), &o) == nil && o.Err != "" {
		return nil, fmt.Errorf("the server: %s", o.Err)
	}
	return nil, fmt.Errorf("the server has ended without an address: %q %s", line, said.String())
}

func (s *server) stop() {
	for _, c := range s.conns {
		c.Close()
	}
	s.stdin.Close()
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// hello opens n connections, says something on each and waits for the echo; they
// stay open. Then the server collects its garbage.
func (s *server) hello(n int) error {
	words := newScript(64)
	for range n {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			return err
		}
		s.conns = append(s.conns, c)
		if err := exchange(c, words.piece(len(s.conns), 0)); err != nil {
			return err
		}
	}
	order := bytes.Clone(words.piece(0, 0))
	order[0] = collect
	return exchange(s.conns[len(s.conns)-1], order)
}

// exchange says something to an echo server, which must say the same.
func exchange(c net.Conn, said []byte) error {
	if _, err := c.Write(said); err != nil {
		return err
	}
	heard := make([]byte, len(said))
	if _, err := io.ReadFull(c, heard); err != nil {
		return err
	}
	if !bytes.Equal(heard, said) {
		return fmt.Errorf("wrong answer: %q, must be %q", heard, said)
	}
	return nil
}

// listener is the address that a server of a side listens at.
func listener(s harness.Side) (net.Listener, error) {
	if s == harness.OnFibers {
		return poll.Listen("tcp", "127.0.0.1:0")
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// serveTask makes a child task of a server, which listens, writes its address and
// serves: on a fiber, or on the calling goroutine. The child task returns when serving
// fails; a process that is told to end does so without: see childMain.
func serveTask(serve func(l net.Listener, spawn func(func())) error) func(e harness.ChildTask) (harness.Outcome, error) {
	return func(e harness.ChildTask) (o harness.Outcome, err error) {
		run := func() {
			var l net.Listener
			if l, err = listener(e.Side); err != nil {
				return
			}
			defer l.Close()
			fmt.Println(l.Addr())
			spawn := fibers.Go
			if e.Side == harness.OnGoroutines {
				spawn = func(f func()) { go f() }
			}
			err = serve(l, spawn)
		}
		if e.Side == harness.OnGoroutines {
			run()
			return o, err
		}
		ran := fibers.Run(run, fibers.WithSchedulers(e.Schedulers)) // which sets err
		return o, errors.Join(ran, err)
	}
}

// acceptAll gives each connection a party.
func acceptAll(l net.Listener, spawn func(func()), serve func(c net.Conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		spawn(func() { serve(c) })
	}
}

// serveEcho is the child task "echo".
func serveEcho(l net.Listener, spawn func(func())) error {
	return acceptAll(l, spawn, func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, 4<<10)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if buf[0] == collect {
				goruntime.GC()
			}
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
	})
}

// collect is what a message to the echo server begins with that is to collect its
// garbage first.
const collect = 'G'

const helloBody = "Hello, world!\n"

// serveFast is the child task "fasthttp": ServeConn for each connection.
func serveFast(l net.Listener, spawn func(func())) error {
	s := &fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) {
		c.SetContentType("text/plain")
		c.WriteString(helloBody)
	}}
	return acceptAll(l, spawn, func(c net.Conn) {
		defer c.Close()
		s.ServeConn(c)
	})
}

// serveNetHTTP is the child task "nethttp": http.Server, whose parties are goroutines on
// either side; only what is below differs.
func serveNetHTTP(l net.Listener, _ func(func())) error {
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, helloBody)
	}))
}

// needLoad skips what cannot run here.
func needLoad(conns int) func(context.Context) string {
	return func(context.Context) string {
		if goruntime.GOOS != "linux" {
			return "the load generator is written for Linux"
		}
		if limit := descriptorLimit(); limit < conns+100 {
			return fmt.Sprintf("needs %d descriptors a process, %d are allowed", conns+100, limit)
		}
		return ""
	}
}

// A loadTask is a load on a server.
type loadTask struct {
	Addr  string
	Conns int
	Size  int           // of a message; the server sends it back
	HTTP  bool          // or a request of HTTP
	Rate  int           // requests a second, whatever comes back; 0: each connection sends when its answer is there
	Warm  time.Duration // before it counts
	For   time.Duration // while it counts
}

// child returns the task of the process that makes the load.
func (l loadTask) child() harness.ChildTask {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // it has but numbers and strings
	}
	return harness.ChildTask{Kind: "load", Schedulers: 1, Detail: text}
}
