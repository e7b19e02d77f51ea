// Timeouts bounds a single wait, and a whole conversation.
//
// After(d) counts from each Perform: in a loop every round has the time d anew.
// At(t) is a moment: in a loop all rounds together have until then. Both are
// made once. A timer that was not needed is taken out when its choice goes on.
//
//	go run ./examples/gopatterns/timeouts
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	moment   = 5 * time.Millisecond // for what does not come
	patience = time.Minute          // for what does
)

// chat returns a channel on which a fiber says something n times.
func chat(n int) *cml.Chan[string] {
	c := cml.NewChan[string]()
	fibers.Go(func() {
		for i := range n {
			fibers.Sleep(time.Millisecond)
			c.Put(fmt.Sprint("message ", i+1))
		}
	})
	return c
}

// listen prints what is said until the op timeout is ready.
func listen(w io.Writer, c *cml.Chan[string], timeout cml.Op[time.Time]) {
	silent := false
	next := cml.Choice(
		cml.On(c.GetOp(), func(s string) { fmt.Fprintln(w, s) }),
		cml.On(timeout, func(time.Time) { silent = true }),
	)
	for !silent {
		cml.Select(next)
	}
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		// One wait.
		said, ok := fibers.PerformTimeout(chat(1).GetOp(), patience)
		fmt.Fprintln(w, said, ok)
		_, ok = fibers.PerformTimeout(chat(0).GetOp(), moment)
		fmt.Fprintln(w, "somebody who is silent:", ok)

		// Each wait of a conversation. The first is a long one for the sake of
		// slow machines; the last is what ends it.
		c, waits := chat(3), 0
		listen(w, c, cml.Guard(func() cml.Op[time.Time] {
			if waits++; waits > 3 {
				return fibers.After(moment)
			}
			return fibers.After(patience)
		}))
		fmt.Fprintln(w, "it became silent")

		// The conversation as a whole, however much is being said.
		begin := time.Now()
		listen(io.Discard, chat(1_000_000), fibers.At(begin.Add(10*moment)))
		fmt.Fprintln(w, "cut off, not too early:", time.Since(begin) >= 10*moment)
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
