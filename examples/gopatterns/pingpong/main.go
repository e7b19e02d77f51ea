// Pingpong has two players and one ball, which is whoever's turn it is.
//
// The table is a rendezvous channel. Who hits the ball puts it on the table and
// waits there until the other takes it: nobody can get a ball that he has just
// put, so one channel serves both directions.
//
//	go run ./examples/gopatterns/pingpong
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

type ball struct{ hits int }

// play hits the ball whenever it comes, until it has been hit often enough:
// then it goes off the table.
func play(w io.Writer, name string, table, off *cml.Chan[*ball], rally int) {
	for {
		b := table.Get()
		if b.hits == rally {
			off.Put(b)
			return
		}
		b.hits++ // whoever has the ball is alone with it, and with w
		fmt.Fprintln(w, name, b.hits)
		table.Put(b)
	}
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		table, off := cml.NewChan[*ball](), cml.NewChan[*ball]()
		fibers.Go(func() { play(w, "ping", table, off, 6) })
		table.Put(&ball{}) // returns when ping has it: only now may pong come
		fibers.Go(func() { play(w, "pong", table, off, 6) })
		fmt.Fprintln(w, off.Get().hits, "hits")
	}, opts...) // the other player waits for a ball; that ends with Run
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
