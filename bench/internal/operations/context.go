package operations

import (
	"context"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// A stream of values whose getter would stop if a context were done.

func contextWorkloads() []*harness.Workload {
	return []*harness.Workload{row("context", "a stream of values, the getter of which looks out for a context each time: time of one value",
		[3]int{50_000, 10_000, 50}, contextFibers, contextGoroutines)}
}

// cancelled is what the getter makes of a context that is done.
const cancelled = -1

func contextFibers(n int) harness.Parties {
	ctx, cancel := context.WithCancel(context.Background())
	x := cml.NewChan[int]()
	op := x.GetOp()
	t := stream(n, x.Put, func() int {
		v, err := cml.PerformContext(ctx, op)
		if err != nil {
			return cancelled
		}
		return v
	})
	return t.After(cancel)
}

func contextGoroutines(n int) harness.Parties {
	ctx, cancel := context.WithCancel(context.Background())
	x := make(chan int)
	t := stream(n, func(v int) { x <- v }, func() int {
		select {
		case v := <-x:
			return v
		case <-ctx.Done():
			return cancelled
		}
	})
	return t.After(cancel)
}
