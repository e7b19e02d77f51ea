// Swapchannel makes an exchange of values out of a channel and a choice.
//
// Two parties that meet exchange values. Neither knows whether it is to be the
// one who sends or the one who receives, so each offers both: a choice of a put
// and a get on the same channel. Whoever's put is taken gets the other's value
// on a channel that it has sent along. As a performance never meets itself, a
// party that is alone waits; and as a choice commits exactly one of its parts,
// parties meet in pairs, however many come at once.
//
// The result is an op, as good as any: it can be chosen against a timeout.
// (Package cml has this one ready-made: Swap.)
//
//	go run ./examples/swapchannel
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A swapChannel is where parties exchange values.
type swapChannel[T any] struct{ c *cml.Chan[half[T]] }

// A half of an exchange: a value, and where the one for it is expected.
type half[T any] struct {
	v    T
	back *cml.Chan[T]
}

func newSwapChannel[T any]() swapChannel[T] {
	return swapChannel[T]{cml.NewChan[half[T]]()}
}

// SwapOp is ready when there is a partner. Its value is the partner's.
func (s swapChannel[T]) SwapOp(v T) cml.Op[T] {
	return cml.Guard(func() cml.Op[T] {
		back := cml.NewChan[T]() // a new one for each performance
		return cml.Choice(
			cml.Wrap(s.c.GetOp(), func(h half[T]) T {
				h.back.Put(v) // the partner waits for it in its own wrap
				return h.v
			}),
			cml.Wrap(s.c.PutOp(half[T]{v, back}), func(cml.Unit) T { return back.Get() }),
		)
	})
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		const parties, rounds = 10, 50
		s := newSwapChannel[int]()
		holds := make([]int, parties)
		for range rounds {
			var all cml.WaitGroup
			for i := range parties {
				all.Add(1)
				fibers.Go(func() {
					defer all.Done()
					holds[i] = cml.Perform(s.SwapOp(i))
				})
			}
			all.Wait()
			for i, partner := range holds {
				if partner == i || holds[partner] != i {
					fmt.Fprintln(w, i, "and", partner, "have not exchanged:", holds)
				}
			}
		}
		fmt.Fprintln(w, rounds*parties/2, "exchanges")

		_, ok := fibers.PerformTimeout(s.SwapOp(1), 0)
		fmt.Fprintln(w, "without a partner:", ok)
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
