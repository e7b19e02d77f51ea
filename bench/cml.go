package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The rows of package cml: parties that exchange values, fibers with its channels
// and operations, goroutines with channels, select and package sync.

func cmlWorkloads() []*workload {
	return slices.Concat(
		pingpongWorkloads(),
		ringWorkloads(),
		sieveWorkloads(),
		streamWorkloads(),
		chainWorkloads(),
		fanoutWorkloads(),
		diagonalWorkloads(),
		selectWorkloads(),
		bothWorkloads(),
		timeoutWorkloads(),
		contextWorkloads(),
		dynamicWorkloads(),
		swapWorkloads(),
		mutexWorkloads(),
	)
}

// A troupe is the parties of one run, before they begin.
type troupe struct {
	parties []func()
	ops     int          // what the time is divided by
	check   func() error // of the answer, once all parties have ended
}

// cmlRow makes a workload of two functions that make a troupe of a size, one of
// each side. sizes are for the three scales.
func cmlRow(name, about string, sizes [3]int, fiber, goroutine func(n int) troupe) *workload {
	return &workload{
		suite:  "cml",
		rows:   []row{{name: name, unit: "ns/op", about: about}},
		budget: 400 * time.Millisecond, rounds: 3,
		speedup: true,
		sides: [sides]func(context.Context, params) (sample, error){
			func(_ context.Context, p params) (sample, error) { return fiber(p.scale.of(sizes)).onFibers(p) },
			func(_ context.Context, p params) (sample, error) { return goroutine(p.scale.of(sizes)).onGoroutines() },
		},
	}
}

// onFibers times the troupe from the moment at which all its parties are there
// until the last has ended: making them is not timed.
func (t troupe) onFibers(p params) (s sample, err error) {
	err = inFibers(p.schedulers, func(*fibers.Runtime) {
		var here, end cml.WaitGroup
		here.Add(len(t.parties))
		end.Add(len(t.parties))
		begin := cml.NewCond()
		for _, party := range t.parties {
			fibers.Go(func() {
				here.Done()
				begin.Wait()
				party()
				end.Done()
			})
		}
		here.Wait()
		m := startMeter()
		begin.Signal()
		end.Wait()
		s = m.stop().perOp(t.ops)
	})
	if err != nil {
		return s, err
	}
	return s, t.check()
}

// onGoroutines is onFibers for goroutines.
func (t troupe) onGoroutines() (sample, error) {
	var here, end sync.WaitGroup
	here.Add(len(t.parties))
	end.Add(len(t.parties))
	begin := make(chan struct{})
	for _, party := range t.parties {
		go func() {
			here.Done()
			<-begin
			party()
			end.Done()
		}()
	}
	here.Wait()
	m := startMeter()
	close(begin)
	end.Wait()
	s := m.stop().perOp(t.ops)
	return s, t.check()
}

// sums are what the parties have added up, each at its own place.
type sums []lonely

// check returns a check that all of them together are want.
func (s sums) check(want int) func() error {
	return func() error {
		sum := 0
		for i := range s {
			sum += s[i].n
		}
		return verify("the sum of the values", sum, want)
	}
}

// upTo is the sum of 0 … n−1, as adding gives it where int is short.
func upTo(n int) int {
	if n%2 == 0 {
		return n / 2 * (n - 1)
	}
	return n * ((n - 1) / 2)
}
