package sim_test

import (
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// BenchmarkSteps is one long run; steps/s is what counts.
func BenchmarkSteps(b *testing.B) {
	for name, st := range map[string]sim.Strategy{"random": sim.Random(), "pct": sim.PCT(3)} {
		b.Run("strategy="+name, func(b *testing.B) {
			steps := 0
			f := sim.Check(func(s *sim.Sim) {
				c := cml.NewChan[int]()
				n := b.N
				fibers.Go(func() {
					for range n {
						c.Put(1)
					}
				})
				for range n {
					c.Get()
				}
				steps = s.Steps()
			}, sim.Runs(1), sim.Steps(1<<30), sim.Explore(st))
			if f != nil {
				b.Fatal(f)
			}
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// twenty is a program of twenty fibers that take so many steps in all, more or less.
func twenty(steps int) func(*sim.Sim) {
	return func(*sim.Sim) {
		c := cml.NewBuffered[int](4)
		for i := range 20 {
			fibers.Go(func() {
				for range max(steps/20-2, 1) {
					if i%2 == 0 {
						c.TryPut(1)
					} else {
						c.TryGet()
					}
				}
			})
		}
	}
}

// BenchmarkRuns makes whole runs of twenty fibers.
func BenchmarkRuns(b *testing.B) {
	for _, steps := range []int{200, 4000} {
		b.Run("fibers=20/steps="+map[int]string{200: "200", 4000: "4000"}[steps], func(b *testing.B) {
			b.ReportAllocs()
			if f := sim.Check(twenty(steps), sim.Runs(b.N)); f != nil {
				b.Fatal(f)
			}
		})
	}
}

// TestSpeed: 1000 runs of twenty fibers and 200 steps take two seconds at most, on a
// machine that has nothing else to do; here ten times as long is too long.
func TestSpeed(t *testing.T) {
	begin := time.Now()
	must(t, sim.Check(twenty(200), sim.Runs(1000)))
	d := time.Since(begin)
	t.Logf("1000 runs: %v", d)
	if d > 20*time.Second {
		t.Errorf("1000 runs of 20 fibers and 200 steps took %v", d)
	}
}
