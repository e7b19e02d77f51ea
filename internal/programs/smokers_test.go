package programs_test

import (
	"math/rand/v2"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Cigarette smokers: an agent lays two of three ingredients on the table, one
// after the other, and the smoker who has the third takes both. The ingredients
// lie in different places, and nobody can take two places at once: so a pusher
// for each watches it, and who comes second knows which smoker is meant.
func TestCigaretteSmokers(t *testing.T) {
	ends(t, func(t *testing.T) {
		const kinds = 3
		rounds := size(t, 3000, 300)
		var places, smokers [kinds]*cml.Chan[unit]
		for i := range kinds {
			places[i], smokers[i] = cml.NewChan[unit](), cml.NewChan[unit]()
		}
		done, over := cml.NewChan[unit](), cml.NewCond()
		lying := cml.NewMVar[[kinds]bool]() // known to the pushers, in turn
		lying.Put([kinds]bool{})

		// until repeats op, and f after it, until it is over.
		until := func(op cml.Op[unit], f func()) {
			for open := true; open; {
				cml.Select(
					cml.On(op, func(unit) { f() }),
					cml.On(over.WaitOp(), func(unit) { open = false }),
				)
			}
		}
		var smoked [kinds]atomic.Int64
		var burning atomic.Int32
		for i := range kinds {
			fibers.Go(func() { // the pusher of ingredient i
				until(places[i].GetOp(), func() {
					on := lying.Take()
					on[i] = true
					for j := range kinds {
						if j != i && on[j] {
							on[i], on[j] = false, false
							smokers[kinds-i-j].Put(unit{}) // 0+1+2 = kinds
						}
					}
					lying.Put(on)
				})
			})
			fibers.Go(func() { // the smoker who has ingredient i
				until(smokers[i].GetOp(), func() {
					if burning.Inc() != 1 {
						t.Error("two smoke at once")
					}
					smoked[i].Inc()
					burning.Dec()
					done.Put(unit{})
				})
			})
		}

		// The agent.
		var want [kinds]int64
		rnd := rand.New(rand.NewPCG(1, 2))
		for range rounds {
			i := rnd.IntN(kinds)
			j := (i + 1 + rnd.IntN(kinds-1)) % kinds
			want[kinds-i-j]++
			places[i].Put(unit{})
			places[j].Put(unit{})
			done.Get()
		}
		over.Signal()
		for i := range kinds {
			check(t, "cigarettes", smoked[i].Load(), want[i])
		}
	})
}
