package engine

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Some parties that do nothing but let each other run.

func yieldWorkloads() []*harness.Workload {
	var ws []*harness.Workload
	for _, n := range []int{2, 100} {
		ws = append(ws, &harness.Workload{
			Suite: "switch",
			Rows: []harness.Row{{
				Name: fmt.Sprintf("yield/%d", n), Unit: "ns/op",
				About: fmt.Sprintf("%d parties yield to each other: time of one yield", n),
			}},
			Budget: 1200 * time.Millisecond,
			Sides: [harness.Sides]harness.Run{
				func(_ context.Context, p harness.Params) (harness.Sample, error) { return yieldFibers(p, n) },
				func(_ context.Context, p harness.Params) (harness.Sample, error) { return yieldGoroutines(p, n) },
			},
		})
	}
	return ws
}

// turns is how often each of n parties yields.
func turns(p harness.Params, n int) int { return p.Scale.Of([3]int{500_000, 100_000, 1000}) / n }

func yieldFibers(p harness.Params, n int) (s harness.Sample, err error) {
	each := turns(p, n)
	counts := make([]harness.Counter, n)
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
		m := harness.StartMeter()
		var end cml.WaitGroup
		end.Add(n)
		for i := range n {
			fibers.GoNamed("yielder", func() {
				for range each {
					fibers.Yield()
					counts[i].N++
				}
				end.Done()
			})
		}
		end.Wait()
		s = m.Stop().PerOp(n * each)
	})
	if err != nil {
		return s, err
	}
	return s, verifyTurns(counts, n*each)
}

func yieldGoroutines(p harness.Params, n int) (s harness.Sample, err error) {
	each := turns(p, n)
	counts := make([]harness.Counter, n)
	m := harness.StartMeter()
	var end sync.WaitGroup
	end.Add(n)
	for i := range n {
		go func() {
			for range each {
				goruntime.Gosched()
				counts[i].N++
			}
			end.Done()
		}()
	}
	end.Wait()
	s = m.Stop().PerOp(n * each)
	return s, verifyTurns(counts, n*each)
}

func verifyTurns(counts []harness.Counter, want int) error {
	sum := 0
	for i := range counts {
		sum += counts[i].N
	}
	return harness.Verify("number of yields", sum, want)
}
