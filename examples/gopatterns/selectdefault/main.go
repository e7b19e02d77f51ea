// Selectdefault does what can be done at once, and something else otherwise.
//
// A select with a default has three forms here. TryPut and TryGet are those of a
// single channel. Poll asks any op, also a choice, whether it can commit now.
// OrElse gives an op the default as a part of it, so that it remains an op.
//
//	go run ./examples/gopatterns/selectdefault
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		// A log that would rather lose lines than keep its callers waiting.
		lines, dropped := cml.NewBuffered[string](3), 0
		for i := range 5 {
			if !lines.TryPut(fmt.Sprint("line ", i)) {
				dropped++
			}
		}
		fmt.Fprintln(w, dropped, "lines dropped")

		// Whatever there is, of several sources; nothing is waited for.
		alarm := cml.NewCond()
		look := cml.Choice(
			lines.GetOp(),
			cml.Wrap(alarm.WaitOp(), func(cml.Unit) string { return "alarm" }),
		)
		for {
			line, ok := cml.Poll(look)
			if !ok {
				break
			}
			fmt.Fprintln(w, line)
		}

		// The default as a part of the op: who performs it need not know of it.
		next := cml.OrElse(look, func() string { return "nothing new" })
		fmt.Fprintln(w, cml.Perform(next))
		alarm.Signal()
		fmt.Fprintln(w, cml.Perform(next))
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
