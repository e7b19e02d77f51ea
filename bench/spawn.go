package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Short lives: batches of parties that end at once, or after one wait.

func spawnWorkloads() []*workload {
	ws := []*workload{{
		suite: "spawn",
		rows: []row{{name: "spawn/finish", unit: "ns/op",
			about: "spawn, run an almost empty function and join, in batches of 1000"}},
		budget: 1200 * time.Millisecond, rounds: 3,
		sides: [sides]func(context.Context, params) (sample, error){spawnFinishFibers, spawnFinishGoroutines},
	}}
	for _, size := range []int{100, 1000} {
		ws = append(ws, &workload{
			suite: "spawn",
			rows: []row{{name: fmt.Sprintf("spawn/park/%d", size), unit: "ns/op",
				about: fmt.Sprintf("the same, but each waits once on a channel before it ends, in batches of %d", size)}},
			budget: 1200 * time.Millisecond, rounds: 3,
			sides: [sides]func(context.Context, params) (sample, error){
				func(_ context.Context, p params) (sample, error) { return spawnParkFibers(p, size) },
				func(_ context.Context, p params) (sample, error) { return spawnParkGoroutines(p, size) },
			},
		})
	}
	return ws
}

const batch = 1000

// batches returns how many batches of a size are timed; some more come first,
// untimed, to fill the pools of either side.
func batches(p params, size int) int { return p.scale.of([3]int{100, 20, 2}) * batch / size }

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

func (t *tally) err() error { return verify("number of batches with a wrong sum", t.bad, 0) }

func spawnFinishFibers(_ context.Context, p params) (s sample, err error) {
	n, t := batches(p, batch), newTally(batch)
	err = inFibers(p.schedulers, func(*fibers.Runtime) {
		var m meter
		for b := range n + 1 {
			if b == 1 {
				m = startMeter()
			}
			end := newLatch(batch)
			for i := range t.out {
				fibers.Go(func() {
					t.out[i] = int64(i)
					end.done()
				})
			}
			end.wait()
			t.check()
		}
		s = m.stop().perOp(n * batch)
	})
	if err != nil {
		return s, err
	}
	return s, t.err()
}

func spawnFinishGoroutines(_ context.Context, p params) (s sample, err error) {
	n, t := batches(p, batch), newTally(batch)
	var m meter
	for b := range n + 1 {
		if b == 1 {
			m = startMeter()
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
	return m.stop().perOp(n * batch), t.err()
}

func spawnParkFibers(p params, size int) (s sample, err error) {
	n, t := batches(p, size), newTally(size)
	err = inFibers(p.schedulers, func(*fibers.Runtime) {
		var m meter
		ch := new(meet)
		for b := range n + 1 {
			if b == 1 {
				m = startMeter()
			}
			here, end := newLatch(size), newLatch(size)
			for i := range t.out {
				fibers.Go(func() {
					here.done()
					t.out[i] = ch.get()
					end.done()
				})
			}
			here.wait()
			for i := range int64(size) {
				ch.put(i)
			}
			end.wait()
			t.check()
		}
		s = m.stop().perOp(n * size)
	})
	if err != nil {
		return s, err
	}
	return s, t.err()
}

func spawnParkGoroutines(p params, size int) (s sample, err error) {
	n, t := batches(p, size), newTally(size)
	var m meter
	ch := make(chan int64)
	for b := range n + 1 {
		if b == 1 {
			m = startMeter()
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
	return m.stop().perOp(n * size), t.err()
}
