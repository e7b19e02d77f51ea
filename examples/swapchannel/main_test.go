package main

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/internal/prints"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestSwapChannel(t *testing.T) {
	const want = "250 exchanges\n" +
		"without a partner: false\n"
	prints.Always(t, run, want)
}

// Parties that choose between two channels pair up as well: each is ready to
// send and to receive on both, and yet meets one other.
func TestSwapsInChoices(t *testing.T) {
	const parties = 50
	for _, schedulers := range []int{1, 2, 8} {
		holds := make([]int, parties)
		err := fibers.Run(func() {
			a, b := newSwapChannel[int](), newSwapChannel[int]()
			var all cml.WaitGroup
			for i := range parties {
				all.Add(1)
				fibers.Go(func() {
					defer all.Done()
					holds[i] = cml.Perform(cml.Choice(a.SwapOp(i), b.SwapOp(i)))
				})
			}
			all.Wait()
		}, fibers.WithSchedulers(schedulers))
		if err != nil {
			t.Fatal(err)
		}
		for i, partner := range holds {
			if partner == i || holds[partner] != i {
				t.Fatalf("with %d schedulers %d and %d have not exchanged: %v", schedulers, i, partner, holds)
			}
		}
	}
}
