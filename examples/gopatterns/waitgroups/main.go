// Waitgroups waits until all of several parts are done.
//
// Each part has a place of its own in the result, so none has to lock anything;
// what a part wrote before its Done is seen by who returns from Wait. To wait is
// an op here too, which can be chosen against other events: a progress report
// is given for each part that ends, until all have.
//
//	go run ./examples/gopatterns/waitgroups
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// squares computes the squares of 0 to n-1, each in a fiber, and calls report
// with how many are ready.
func squares(n int, report func(ready int)) []int {
	result := make([]int, n)
	ended := cml.NewChan[cml.Unit]()
	var parts cml.WaitGroup
	for i := range n {
		parts.Add(1)
		fibers.Go(func() {
			defer parts.Done()
			result[i] = i * i
			ended.Put(cml.Unit{})
		})
	}
	ready, all := 0, false
	next := cml.Choice(
		cml.On(ended.GetOp(), func(cml.Unit) {
			ready++
			report(ready)
		}),
		cml.On(parts.WaitOp(), func(cml.Unit) { all = true }),
	)
	for !all {
		cml.Select(next)
	}
	return result
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		const n = 10
		result := squares(n, func(ready int) {
			if ready%5 == 0 {
				fmt.Fprintf(w, "%d of %d\n", ready, n)
			}
		})
		fmt.Fprintln(w, result)
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
