// Pool lends connections to queries, some of which are abandoned.
//
// A query is an op made with Bracket: performing it borrows a connection, and
// whatever comes of it, the connection is given back, once. Bracket tells how it
// ended. A query that lost, because its client chose to go, leaves a connection
// in the middle of an answer: that one is closed and another opened in its
// place. So the pool never shrinks, and no client sees the answer to another's
// query.
//
//	go run ./examples/pool
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A connection answers one question after the other, but never some of them.
type connection struct {
	ask    *cml.Chan[question]
	answer *cml.Chan[string]
	closed *cml.Cond
}

type question struct {
	n     int
	stuck *cml.Cond // signalled if there is never going to be an answer
}

func open() *connection {
	c := &connection{cml.NewChan[question](), cml.NewChan[string](), cml.NewCond()}
	fibers.Go(func() {
		for open := true; open; {
			cml.Select(
				cml.On(c.ask.GetOp(), func(q question) {
					answer := c.answer.PutOp(fmt.Sprint(q.n, " is answered"))
					if q.n%5 == 0 {
						q.stuck.Signal()
						answer = cml.Never[cml.Unit]()
					}
					cml.Select(answer, c.closed.WaitOp())
				}),
				cml.On(c.closed.WaitOp(), func(cml.Unit) { open = false }),
			)
		}
	})
	return c
}

// A pool has a fixed number of connections.
type pool struct {
	idle   *cml.Chan[*connection] // buffered: the connections that nobody uses
	opened *cml.MVar[int]
}

func newPool(n int) *pool {
	p := &pool{cml.NewBuffered[*connection](n), cml.NewMVar[int]()}
	p.opened.Put(n)
	for range n {
		p.idle.Put(open())
	}
	return p
}

// query is an op that is ready when the answer has come.
func (p *pool) query(q question) cml.Op[string] {
	return cml.Bracket(
		p.idle.Get, // waits for a connection
		func(c *connection, aborted bool) {
			if aborted { // in an unknown state
				c.closed.Signal()
				p.opened.Put(p.opened.Take() + 1)
				c = open()
			}
			p.idle.Put(c) // has room: it came from there
		},
		func(c *connection) cml.Op[string] {
			c.ask.Put(q)
			return c.answer.GetOp()
		},
	)
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		const size, clients = 3, 30
		p := newPool(size)
		answers := make([]string, clients)
		var all cml.WaitGroup
		for n := range clients {
			all.Add(1)
			fibers.Go(func() {
				defer all.Done()
				q := question{n, cml.NewCond()}
				answers[n] = cml.Perform(cml.Choice(
					p.query(q),
					cml.Wrap(q.stuck.WaitOp(), func(cml.Unit) string { return fmt.Sprint(n, " is given up") }),
				))
			})
		}
		all.Wait()
		for _, a := range answers[:6] {
			fmt.Fprintln(w, a)
		}
		fmt.Fprintln(w, p.opened.Read(), "connections opened")
		for range size { // all of them are back
			p.idle.Get().closed.Signal()
		}
		_, ok := p.idle.TryGet()
		fmt.Fprintln(w, "more than there should be:", ok)
	}, append(opts, fibers.WithDrain())...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
