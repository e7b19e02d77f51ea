package main

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"

	"github.com/seed222ee791/fibers/internal/pad"
)

// Some parties that do nothing but let each other run.

func yieldWorkloads() []*workload {
	var ws []*workload
	for _, n := range []int{2, 100} {
		ws = append(ws, &workload{
			suite: "switch",
			rows: []row{{
				name: fmt.Sprintf("yield/%d", n), unit: "ns/op",
				about: fmt.Sprintf("%d parties yield to each other: time of one yield", n),
			}},
			budget: 1200 * time.Millisecond, rounds: 3,
			sides: [sides]func(context.Context, params) (sample, error){
				func(_ context.Context, p params) (sample, error) { return yieldFibers(p, n) },
				func(_ context.Context, p params) (sample, error) { return yieldGoroutines(p, n) },
			},
		})
	}
	return ws
}

// turns is how often each of n parties yields.
func turns(p params, n int) int { return p.scale.of([3]int{500_000, 100_000, 1000}) / n }

// lonely is a counter on a cache line of its own.
type lonely struct {
	n int
	_ pad.Line
}

func yieldFibers(p params, n int) (s sample, err error) {
	each := turns(p, n)
	counts := make([]lonely, n)
	err = inFibers(p.schedulers, func(*fibers.Runtime) {
		m := startMeter()
		end := newLatch(n)
		for i := range n {
			fibers.GoNamed("yielder", func() {
				for range each {
					fibers.Yield()
					counts[i].n++
				}
				end.done()
			})
		}
		end.wait()
		s = m.stop().perOp(n * each)
	})
	if err != nil {
		return s, err
	}
	return s, verifyTurns(counts, n*each)
}

func yieldGoroutines(p params, n int) (s sample, err error) {
	each := turns(p, n)
	counts := make([]lonely, n)
	m := startMeter()
	var end sync.WaitGroup
	end.Add(n)
	for i := range n {
		go func() {
			for range each {
				goruntime.Gosched()
				counts[i].n++
			}
			end.Done()
		}()
	}
	end.Wait()
	s = m.stop().perOp(n * each)
	return s, verifyTurns(counts, n*each)
}

func verifyTurns(counts []lonely, want int) error {
	sum := 0
	for i := range counts {
		sum += counts[i].n
	}
	return verify("number of yields", sum, want)
}
