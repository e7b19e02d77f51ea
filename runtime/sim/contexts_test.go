package sim_test

import (
	"context"
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// Outside of simulations an op of a context is kept until the garbage collector comes, and its
// registration with it, which shows in the order in which those are woken who wait for the
// context. In one seed it would be another order each time.
func TestContextsAreWokenInOneOrder(t *testing.T) {
	waits := map[string]func(context.Context) func(){
		"by PerformContext": func(ctx context.Context) func() {
			return func() { _, _ = cml.PerformContext(ctx, cml.Never[int]()) }
		},
		"by the program": func(ctx context.Context) func() {
			op := cml.Done(ctx)
			return func() { cml.Perform(op) }
		},
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				order := func(collect bool) (order []int) {
					must(t, sim.Check(func(s *sim.Sim) {
						order = order[:0]
						ctx, cancel := context.WithCancel(context.Background())
						defer cancel()
						w := wait(ctx)
						var wg cml.WaitGroup
						waiter := func(i int, wait func()) {
							wg.Add(1)
							fibers.Go(func() {
								defer wg.Done()
								wait()
								order = append(order, i)
							})
						}
						short := cml.NewChan[int]()
						for range 4 { // so that the op of ctx has been waited for again and again
							fibers.Go(func() { short.Put(0) })
							_, _ = cml.PerformContext(ctx, short.GetOp())
						}
						if collect {
							goruntime.GC()
						}
						for i := range 3 {
							waiter(2*i, func() { cml.Perform(cml.Done(ctx)) })
							waiter(2*i+1, w)
							fibers.Sleep(time.Millisecond)
						}
						cancel()
						wg.Wait()
					}, sim.Explore(sim.Random()), sim.Seed(seed)))
					return order
				}
				if kept, collected := order(false), order(true); !slices.Equal(kept, collected) {
					t.Fatalf("seed %d: %v, and %v where the garbage collector came", seed, kept, collected)
				}
			}
		})
	}
}
