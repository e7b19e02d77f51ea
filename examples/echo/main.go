// Echo is a server that sends back what it gets, a fiber for each connection.
//
// Idle connections cost a fiber and its buffer, no thread and no processor time.
// One that says nothing for a while is closed; Ctrl-C ends the server, which then
// waits for nobody.
//
//	go run ./examples/echo -addr localhost:7007
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "localhost:7007", "where to listen")
	patience := flag.Duration("patience", time.Minute, "how long a connection may be silent")
	flag.Parse()
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		defer l.Close()
		fmt.Println("listening at", l.Addr())
		interrupts := poll.NotifySignals(os.Interrupt)
		defer interrupts.Close()
		served := fibers.Spawn(func() (int, error) { return serve(l, *patience) })
		cml.Select(
			cml.On(interrupts.GetOp(), func(os.Signal) { fmt.Println("bye") }),
			cml.On(served.AwaitOp(), func(r fibers.Result[int]) { log.Print(r.Err) }),
		)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// serve serves connections until l is closed, and returns how many there were.
func serve(l *poll.Listener, patience time.Duration) (n int, err error) {
	for ; ; n++ {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		fibers.Go(func() { echo(c, patience) })
	}
}

// echo serves one connection until its end, or until it is silent for too long.
func echo(c net.Conn, patience time.Duration) {
	defer c.Close()
	buf := make([]byte, 4<<10)
	for {
		c.SetDeadline(time.Now().Add(patience))
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
