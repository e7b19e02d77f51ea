package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Short lives: batches of parties that end at once, or after one wait.

func spawnWorkloads() []*harness.Workload {
	ws := []*harness.Workload{{
		Suite: "spawn",
		Rows: []harness.Row{{Name: "spawn/finish", Unit: "ns/op",
			About: "spawn, run an almost empty function and join, in batches of 1000"}},
		Budget: 1200 * time.Millisecond,
		Sides:  [harness.Sides]harness.Run{spawnFinishFibers, spawnFinishGoroutines},
	}}
	for _, size := range []int{100, 1000} {
		ws = append(ws, &harness.Workload{
			Suite: "spawn",
			Rows: []harness.Row{{Name: fmt.Sprintf("spawn/park/%d", size), Unit: "ns/op",
				About: fmt.Sprintf("the same, but each waits once on a channel before it ends, in batches of %d", size)}},
			Budget: 1200 * time.Millisecond,
			Sides: [harness.Sides]harness.Run{
				func(_ context.Context, p harness.Params) (harness.Sample, error) { return spawnParkFibers(p, size) },
				func(_ context.Context, p harness.Params) (harness.Sample, error) { return spawnParkGoroutines(p, size) },
			},
		})
	}
	return ws
}

const batch = 1000

// batches returns how many batches of a size are timed; some more come first,
// untimed, to fill the pools of either side.
func batches(p harness.Params, size int) int { return p.Scale.Of([3]int{100, 20, 2}) * batch / size }

// tally checks the answers of a batch: the sum of 0 … len(out)−1.
type tally struct {
	out []int64
	bad int
}

func newTally(size int) *tally { return &tally{out: make([]int64, size)} }

func (t *tally) check() {
	sum := int64(0)
	for i := range t.out {
		sum += t.out[i]
		t.out[i] = 0
	}
	n := int64(len(t.out))
	if sum != n*(n-1)/2 {
		t.bad++
	}
}

func (t *tally) err() error { return harness.Verify("number of batches with a wrong sum", t.bad, 0) }

func spawnFinishFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	n, t := batches(p, batch), newTally(batch)
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
		var m harness.Meter
		for b := range n + 1 {
			if b == 1 {
				m = harness.StartMeter()
			}
			var end cml.WaitGroup
			end.Add(batch)
			for i := range t.out {
				fibers.Go(func() {
					t.out[i] = int64(i)
					end.Done()
				})
			}
			end.Wait()
			t.check()
		}
		s = m.Stop().PerOp(n * batch)
	})
	if err != nil {
		return s, err
	}
	return s, t.err()
}

func spawnFinishGoroutines(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	n, t := batches(p, batch), newTally(batch)
	var m harness.Meter
	for b := range n + 1 {
		if b == 1 {
			m = harness.StartMeter()
		}
		var end sync.WaitGroup
		end.Add(batch)
		for i := range t.out {
			go func() {
				t.out[i] = int64(i)
				end.Done()
			}()
		}
		end.Wait()
		t.check()
	}
	return m.Stop().PerOp(n * batch), t.err()
}

func spawnParkFibers(p harness.Params, size int) (s harness.Sample, err error) {
	n, t := batches(p, size), newTally(size)
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
		var m harness.Meter
		ch := cml.NewChan[int64]()
		for b := range n + 1 {
			if b == 1 {
				m = harness.StartMeter()
			}
			var here, end cml.WaitGroup
			here.Add(size)
			end.Add(size)
			for i := range t.out {
				fibers.Go(func() {
					here.Done()
					t.out[i] = ch.Get()
					end.Done()
				})
			}
			here.Wait()
			for i := range int64(size) {
				ch.Put(i)
			}
			end.Wait()
			t.check()
		}
		s = m.Stop().PerOp(n * size)
	})
	if err != nil {
		return s, err
	}
	return s, t.err()
}

func spawnParkGoroutines(p harness.Params, size int) (s harness.Sample, err error) {
	n, t := batches(p, size), newTally(size)
	var m harness.Meter
	ch := make(chan int64)
	for b := range n + 1 {
		if b == 1 {
			m = harness.StartMeter()
		}
		var here, end sync.WaitGroup
		here.Add(size)
		end.Add(size)
		for i := range t.out {
			go func() {
				here.Done()
				t.out[i] = <-ch
				end.Done()
			}()
		}
		here.Wait()
		for i := range int64(size) {
			ch <- i
		}
		end.Wait()
		t.check()
	}
	return m.Stop().PerOp(n * size), t.err()
}
