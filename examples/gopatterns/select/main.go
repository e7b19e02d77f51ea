// Select counts ballots that come in at several doors, whichever comes next.
//
// A case of Go's select becomes an op with what to do then: cml.On. The teller's
// choice does not change from ballot to ballot, so it is made once, before the
// loop, and performed for each.
//
//	go run ./examples/gopatterns/select
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A poll is what a teller listens to.
type poll struct {
	yes, no *cml.Chan[cml.Unit]
	closed  *cml.Cond
}

// tell counts the ballots until the poll is closed.
func (p *poll) tell() (yes, no int) {
	open := true
	next := cml.Choice(
		cml.On(p.yes.GetOp(), func(cml.Unit) { yes++ }),
		cml.On(p.no.GetOp(), func(cml.Unit) { no++ }),
		cml.On(p.closed.WaitOp(), func(cml.Unit) { open = false }),
	)
	for open {
		cml.Select(next) // what follows On runs here, in the teller
	}
	return yes, no
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		p := &poll{cml.NewChan[cml.Unit](), cml.NewChan[cml.Unit](), cml.NewCond()}
		teller := fibers.Spawn(func() ([2]int, error) {
			yes, no := p.tell()
			return [2]int{yes, no}, nil
		})
		var voters cml.WaitGroup
		for i := range 100 {
			voters.Add(1)
			fibers.Go(func() {
				defer voters.Done()
				if i%4 == 0 {
					p.no.Put(cml.Unit{})
				} else {
					p.yes.Put(cml.Unit{})
				}
			})
		}
		voters.Wait() // a put returns when the ballot has been taken
		p.closed.Signal()
		counts, _ := teller.Await()
		fmt.Fprintln(w, counts[0], "yes,", counts[1], "no")
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
