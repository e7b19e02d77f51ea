// Rpc has two servers that sell seats, and clients that ask both and want one.
//
// A call is an op: it can be chosen against other calls, and only one of them
// happens. But to answer, a server must set a seat aside before it knows whether
// the client chooses it. Here the negative acknowledgement comes in: WithNack
// gives the request an op that becomes ready when the client has chosen
// something else, and the server puts the seat back. So a client that is served
// elsewhere, or walks on, costs no seat, and needs no message to say so.
//
//	go run ./examples/rpc
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

type ticket struct {
	seller string
	seat   int
}

// A request is what a client leaves with a server.
type request struct {
	reply *cml.Chan[ticket]
	gone  cml.Op[cml.Unit] // ready if the client does not want it any more
}

// An outcome tells what became of a seat that was set aside.
type outcome struct {
	seat int
	sold bool
}

// A seller is a server: one fiber, which alone knows what is free.
type seller struct {
	name     string
	requests *cml.Chan[request]
	outcomes *cml.Chan[outcome]
	stock    *cml.Chan[int] // how many seats are free, when none is set aside
}

func newSeller(name string, seats int) *seller {
	s := &seller{name, cml.NewChan[request](), cml.NewChan[outcome](), cml.NewChan[int]()}
	fibers.Go(func() { s.serve(seats) })
	return s
}

// Buy is the call: an op that is ready when the seller has a seat for us.
func (s *seller) Buy() cml.Op[ticket] {
	return cml.WithNack(func(gone cml.Op[cml.Unit]) cml.Op[ticket] {
		r := request{cml.NewChan[ticket](), gone}
		// Sent by a fiber, as the other calls of our choice are not to wait for
		// this seller's attention.
		fibers.Go(func() { cml.Select(s.requests.PutOp(r), gone) })
		return r.reply.GetOp()
	})
}

func (s *seller) serve(seats int) {
	var free []int
	for seat := range seats {
		free = append(free, seat+1)
	}
	for aside := 0; ; {
		// What can be done depends on what there is; Never takes no part.
		requests, stock := cml.Never[request](), cml.Never[cml.Unit]()
		if len(free) > 0 {
			requests = s.requests.GetOp()
		}
		if aside == 0 {
			stock = s.stock.PutOp(len(free))
		}
		cml.Select(
			cml.On(requests, func(r request) {
				seat := free[0]
				free = free[1:]
				aside++
				fibers.Go(func() { s.answer(r, seat) })
			}),
			cml.On(s.outcomes.GetOp(), func(o outcome) {
				aside--
				if !o.sold {
					free = append(free, o.seat)
				}
			}),
			stock,
		)
	}
}

// answer offers the seat until the client takes it or has chosen otherwise.
func (s *seller) answer(r request, seat int) {
	sold := cml.Perform(cml.Choice(
		cml.Wrap(r.reply.PutOp(ticket{s.name, seat}), func(cml.Unit) bool { return true }),
		cml.Wrap(r.gone, func(cml.Unit) bool { return false }),
	))
	s.outcomes.Put(outcome{seat, sold})
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		east, west := newSeller("east", 70), newSeller("west", 50)
		either := cml.Choice(east.Buy(), west.Buy()) // one value, performed by all

		tickets := cml.NewQueue[ticket](0)
		var clients cml.WaitGroup
		clients.Add(150)
		for range 100 {
			fibers.Go(func() {
				defer clients.Done()
				tickets.Put(cml.Perform(either))
			})
		}
		for range 50 { // these ask, and take something else
			walkOn := cml.Prefer(cml.Always(ticket{}), either)
			fibers.Go(func() {
				defer clients.Done()
				cml.Perform(walkOn)
			})
		}
		clients.Wait()
		tickets.Close(nil)

		sold := map[ticket]bool{}
		for t := range tickets.All() {
			sold[t] = true
		}
		fmt.Fprintln(w, "different seats sold:", len(sold))
		fmt.Fprintln(w, "seats left:", east.stock.Get()+west.stock.Get())
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
