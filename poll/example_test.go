package poll_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// must returns v.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// serve sends back what comes on each connection to l.
func serve(l *poll.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fibers.Go(func() {
			defer c.Close()
			io.Copy(c, c)
		})
	}
}

// echo returns the address of an echo server, which ends with the runtime.
func echo() *poll.Listener {
	l := must(poll.Listen("tcp", "127.0.0.1:0"))
	fibers.Go(func() { serve(l) })
	return l
}

// pair returns the two ends of a connection.
func pair() (a, b *poll.Conn) {
	l := must(poll.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	c := must(poll.Dial("tcp", l.Addr().String()))
	s := must(l.Accept())
	return c.(*poll.Conn), s.(*poll.Conn)
}

// An echo server, and a client of it.
func Example() {
	fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Println(err)
			return
		}
		defer l.Close()
		fibers.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fibers.Go(func() {
					defer c.Close()
					io.Copy(c, c)
				})
			}
		})

		c, err := poll.Dial("tcp", l.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		defer c.Close()
		fmt.Fprintln(c, "hello")
		line, err := bufio.NewReader(c).ReadString('\n')
		fmt.Print(line, err)
	})
	// Output:
	// hello
	// <nil>
}

func ExampleListen() {
	l, err := poll.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	fmt.Println(l.Addr().Network())
	// Output: tcp
}

func ExampleListener_Accept() {
	fibers.Run(func() {
		l := must(poll.Listen("tcp", "127.0.0.1:0"))
		defer l.Close()
		fibers.Go(func() {
			c := must(poll.Dial("tcp", l.Addr().String()))
			fmt.Fprint(c, "hello")
			c.Close()
		})
		c := must(l.Accept())
		defer c.Close()
		text, err := io.ReadAll(c)
		fmt.Println(string(text), err)
	})
	// Output: hello <nil>
}

// A server that accepts until it is told to stop.
func ExampleListener_AcceptOp() {
	fibers.Run(func() {
		l := must(poll.Listen("tcp", "127.0.0.1:0"))
		defer l.Close()
		stop := cml.NewCond()
		fibers.Go(func() {
			c := must(poll.Dial("tcp", l.Addr().String()))
			defer c.Close()
			c.Read(make([]byte, 1))
			stop.Signal()
		})
		for stopped := false; !stopped; {
			cml.Select(
				cml.On(l.AcceptOp(), func(a poll.Accepted) {
					fmt.Println("accepted", a.Err)
					a.Conn.Close()
				}),
				cml.On(stop.WaitOp(), func(cml.Unit) { stopped = true }),
			)
		}
		fmt.Println("stopped")
	})
	// Output:
	// accepted <nil>
	// stopped
}

func ExampleListener_Close() {
	l := must(poll.Listen("tcp", "127.0.0.1:0"))
	go l.Close()
	_, err := l.Accept()
	fmt.Println(errors.Is(err, net.ErrClosed))
	// Output: true
}

func ExampleListener_Addr() {
	l := must(poll.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	fmt.Println(l.Addr().(*net.TCPAddr).IP)
	// Output: 127.0.0.1
}

func ExampleListener_SetDeadline() {
	l := must(poll.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	l.SetDeadline(time.Now().Add(time.Millisecond))
	_, err := l.Accept()
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output: true
}

func ExampleListener_SyscallConn() {
	l := must(poll.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	raw := must(l.SyscallConn())
	fmt.Println(raw.Control(func(uintptr) { /* set an option */ }))
	// Output: <nil>
}

func ExampleDial() {
	fibers.Run(func() {
		l := echo()
		defer l.Close()
		c, err := poll.Dial("tcp", l.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		defer c.Close()
		fmt.Println(c.RemoteAddr().String() == l.Addr().String())
	})
	// Output: true
}

func ExampleDialTimeout() {
	fibers.Run(func() {
		l := echo()
		defer l.Close()
		c, err := poll.DialTimeout("tcp", l.Addr().String(), 10*time.Second)
		fmt.Println(err)
		c.Close()
	})
	// Output: <nil>
}

// The first of two servers that answers.
func ExampleDialOp() {
	fibers.Run(func() {
		a, b := echo(), echo()
		defer a.Close()
		defer b.Close()
		d := cml.Perform(cml.Choice(
			poll.DialOp("tcp", a.Addr().String()),
			poll.DialOp("tcp", b.Addr().String()),
		))
		fmt.Println(d.Err)
		d.Conn.Close()
	})
	// Output: <nil>
}

func ExampleDialer_Dial() {
	fibers.Run(func() {
		l := echo()
		defer l.Close()
		d := poll.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
		c, err := d.Dial("tcp", l.Addr().String())
		fmt.Println(err)
		c.Close()
	})
	// Output: <nil>
}

func ExampleDialer_DialOp() {
	fibers.Run(func() {
		l := echo()
		defer l.Close()
		d := poll.Dialer{KeepAlive: -1}
		made, ok := fibers.PerformTimeout(d.DialOp("tcp", l.Addr().String()), 10*time.Second)
		fmt.Println(ok, made.Err)
		made.Conn.Close()
	})
	// Output: true <nil>
}

// An HTTP client whose connections are those of this package.
func ExampleDialer_DialContext() {
	fibers.Run(func() {
		l := must(poll.Listen("tcp", "127.0.0.1:0"))
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "hello ", r.URL.Path)
		})}
		go server.Serve(l)
		defer server.Close()

		transport := &http.Transport{DialContext: new(poll.Dialer).DialContext}
		defer transport.CloseIdleConnections()
		client := http.Client{Transport: transport}
		body := fibers.Blocking(func() string { // the client waits in Go's way
			resp := must(client.Get("http://" + l.Addr().String() + "/there"))
			defer resp.Body.Close()
			return string(must(io.ReadAll(resp.Body)))
		})
		fmt.Println(body)
	})
	// Output: hello /there
}

func ExampleDialer_DialContext_cancelled() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := new(poll.Dialer).DialContext(ctx, "tcp", "192.0.2.1:80")
	fmt.Println(errors.Is(err, context.Canceled))
	// Output: true
}

func ExampleNotifySignals() {
	s := poll.NotifySignals(syscall.SIGHUP)
	defer s.Close()
	_, ok := cml.Poll(s.GetOp())
	fmt.Println(ok)
	// Output: false
}

func ExampleSignals_Get() {
	s := poll.NotifySignals(syscall.SIGHUP)
	s.Close()
	fmt.Println(s.Get())
	// Output: <nil>
}

func ExampleSignals_GetOp() {
	s := poll.NotifySignals(syscall.SIGHUP)
	defer s.Close()
	_, ok := fibers.PerformTimeout(s.GetOp(), time.Millisecond)
	fmt.Println(ok)
	// Output: false
}

func ExampleSignals_Close() {
	s := poll.NotifySignals(os.Interrupt)
	s.Close()
	fmt.Println("Ctrl-C ends the program again")
	// Output: Ctrl-C ends the program again
}
