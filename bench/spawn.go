package main

import (
	"context"
	"sync"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Short lives: batches of parties that end at once, or after one wait.

func spawnWorkloads() []*workload {
	return []*workload{
		{
			suite: "spawn",
			rows: []row{{name: "spawn/finish", unit: "ns/op",
				about: "spawn, run an almost empty function and join, in batches of 1000"}},
			budget: 2500 * time.Millisecond, rounds: 3,
			sides: [sides]func(context.Context, params) (sample, error){spawnFinishFibers, spawnFinishGoroutines},
		},
		{
			suite: "spawn",
			rows: []row{{name: "spawn/park", unit: "ns/op",
				about: "the same, but each waits once on a channel before it ends"}},
			budget: 2500 * time.Millisecond, rounds: 3,
			sides: [sides]func(context.Context, params) (sample, error){spawnParkFibers, spawnParkGoroutines},
		},
	}
}

const batch = 1000

// batches returns how many batches are timed; one more comes first, untimed,
// to fill the pools of either side.
func batches(p params) int { return p.scale.of([3]int{100, 20, 2}) }

// tally checks the answers of a batch: the sum of 0 … batch−1.
type tally struct {
	out [batch]int64
	bad int
}

func (t *tally) check() {
	sum := int64(0)
	for i := range t.out {
		sum += t.out[i]
		t.out[i] = 0
	}
	if sum != batch*(batch-1)/2 {
		t.bad++
	}
}

func (t *tally) err() error { return verify("number of batches with a wrong sum", t.bad, 0) }

func spawnFinishFibers(_ context.Context, p params) (s sample, err error) {
	n, t := batches(p), new(tally)
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
	n, t := batches(p), new(tally)
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

func spawnParkFibers(_ context.Context, p params) (s sample, err error) {
	n, t := batches(p), new(tally)
	err = inFibers(p.schedulers, func(*fibers.Runtime) {
		var m meter
		ch := new(meet)
		for b := range n + 1 {
			if b == 1 {
				m = startMeter()
			}
			here, end := newLatch(batch), newLatch(batch)
			for i := range t.out {
				fibers.Go(func() {
					here.done()
					t.out[i] = ch.get()
					end.done()
				})
			}
			here.wait()
			for i := range int64(batch) {
				ch.put(i)
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

func spawnParkGoroutines(_ context.Context, p params) (s sample, err error) {
	n, t := batches(p), new(tally)
	var m meter
	ch := make(chan int64)
	for b := range n + 1 {
		if b == 1 {
			m = startMeter()
		}
		var here, end sync.WaitGroup
		here.Add(batch)
		end.Add(batch)
		for i := range t.out {
			go func() {
				here.Done()
				t.out[i] = <-ch
				end.Done()
			}()
		}
		here.Wait()
		for i := range int64(batch) {
			ch <- i
		}
		end.Wait()
		t.check()
	}
	return m.stop().perOp(n * batch), t.err()
}
