package programs_test

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Logistic map: series of x ← r·x·(1−x), each with its r, whose terms are
// computed by a few servers. Nobody computes in the order of the others, but the
// result is that of one loop, to the last bit.
func TestLogisticMap(t *testing.T) {
	type question struct {
		r, x   float64
		answer *cml.IVar[float64]
	}
	step := func(r, x float64) float64 { return r * x * (1 - x) }
	const many, computers = 25, 4
	start := func(i int) (r, x float64) { return 3.46 + 0.0025*float64(i), 0.01 * float64(i+1) }

	ends(t, func(t *testing.T) {
		terms := size(t, 2000, 200)
		questions := cml.NewQueue[question](1)
		for range computers {
			fibers.Go(func() {
				for q := range questions.All() {
					q.answer.Fill(step(q.r, q.x))
				}
			})
		}
		var all []*fibers.Task[float64]
		for i := range many {
			all = append(all, fibers.Spawn(func() (float64, error) {
				r, x := start(i)
				for range terms {
					q := question{r, x, cml.NewIVar[float64]()}
					if err := questions.Put(q); err != nil {
						return 0, err
					}
					x = q.answer.Read()
				}
				return x, nil
			}))
		}
		for i, task := range all {
			got, err := task.Await()
			check(t, "error", err, nil)
			r, x := start(i)
			for range terms {
				x = step(r, x)
			}
			check(t, "the last term", got, x)
		}
		questions.Close(nil)
	})
}
