// Chat is a room: what one says all others read.
//
// The room is a multicast. Each member has a port of it, which is a mailbox: slow
// readers do not hold the others up, they only have more to read later. A member is
// two fibers: one reads lines from the connection and publishes them, the other
// waits for the next message or the end of the first, whichever comes, in one
// choice.
//
//	go run ./examples/chat -addr localhost:7008
//	nc localhost 7008
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"strings"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "localhost:7008", "where to listen")
	flag.Parse()
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		defer l.Close()
		fmt.Println("listening at", l.Addr())
		log.Print(serve(l))
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A message is a line that somebody has said.
type message struct {
	from, text string
}

// serve serves one room until l is closed.
func serve(l net.Listener) error {
	room := cml.NewMulticast[message]()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		fibers.Go(func() {
			defer c.Close()
			member(room, c)
		})
	}
}

// member sees to one connection until it ends.
func member(room *cml.Multicast[message], c net.Conn) {
	lines := bufio.NewScanner(c)
	fmt.Fprintln(c, "Who are you?")
	if !lines.Scan() {
		return
	}
	name := strings.TrimSpace(lines.Text())
	port := room.Subscribe() // from here on it gets everything
	defer port.Close()
	room.Publish(message{"*", name + " comes"})
	defer func() { room.Publish(message{"*", name + " goes"}) }()

	gone := cml.NewCond()
	fibers.Go(func() {
		defer gone.Signal()
		for lines.Scan() {
			if text := strings.TrimSpace(lines.Text()); text != "" {
				room.Publish(message{name, text})
			}
		}
	})
	next := cml.Choice(
		cml.Wrap(port.GetOp(), func(m message) *message { return &m }),
		cml.Wrap(gone.WaitOp(), func(cml.Unit) *message { return nil }),
	)
	for m := cml.Perform(next); m != nil; m = cml.Perform(next) {
		if m.from == name {
			continue // its own
		}
		if _, err := fmt.Fprintf(c, "%s: %s\n", m.from, m.text); err != nil {
			return
		}
	}
}
