// Proxy passes TCP connections on to another address.
//
// A connection is two fibers, one for each direction. When one side has said all,
// that is passed on as a half close, and the other direction goes on: so a client
// that sends its question, ends, and waits for the answer, gets it. A connection on
// which nothing moves for a while is closed, in whichever direction it was busy last.
//
//	go run ./examples/proxy -addr localhost:7009 -to example.org:80
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "localhost:7009", "where to listen")
	p := &proxy{report: log.Print}
	flag.StringVar(&p.to, "to", "example.org:80", "where to pass connections on to")
	flag.DurationVar(&p.patience, "patience", time.Minute, "how long a connection may be silent")
	flag.DurationVar(&p.dialing, "dialing", 10*time.Second, "how long connecting may take")
	flag.Parse()
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		defer l.Close()
		fmt.Println("listening at", l.Addr())
		log.Print(p.serve(l))
	})
	if err != nil {
		log.Fatal(err)
	}
}

type proxy struct {
	to                string
	patience, dialing time.Duration
	report            func(v ...any) // of connections that end badly
}

// serve passes on all connections until l is closed.
func (p *proxy) serve(l *poll.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		fibers.Go(func() {
			if err := p.pass(c.(*poll.Conn)); err != nil {
				p.report(c.RemoteAddr(), ": ", err)
			}
		})
	}
}

// pass passes one connection on, and closes it.
func (p *proxy) pass(client *poll.Conn) error {
	defer client.Close()
	c, err := poll.DialTimeout("tcp", p.to, p.dialing)
	if err != nil {
		return err
	}
	server := c.(*poll.Conn)
	defer server.Close()
	client.SetDeadline(time.Now().Add(p.patience))
	server.SetDeadline(time.Now().Add(p.patience))
	there := fibers.Spawn(func() (struct{}, error) { return struct{}{}, p.pump(server, client) })
	back := p.pump(client, server)
	if back != nil { // the other direction is of no use any more
		client.Close()
		server.Close()
	}
	_, err = there.Await()
	if errors.Is(err, net.ErrClosed) {
		err = nil // it was closed because of back
	}
	return errors.Join(err, back)
}

// pump passes one direction on until its end.
func (p *proxy) pump(to, from *poll.Conn) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("silent for %v: %w", p.patience, err)
		}
		if err == io.EOF {
			return to.CloseWrite()
		}
		if err != nil {
			to.Close()
			return err
		}
		// Something moves: both sides have time again.
		deadline := time.Now().Add(p.patience)
		from.SetDeadline(deadline)
		to.SetDeadline(deadline)
		if _, err := to.Write(buf[:n]); err != nil {
			from.Close()
			return err
		}
	}
}
