package main

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// Values that go one way.

const (
	room      = 64 // of the buffer
	producers = 8
	consumers = 4
)

func streamWorkloads() []*workload {
	return []*workload{
		cmlRow("producers/8:4", "8 producers and 4 consumers on one channel: time of one value",
			[3]int{100_000, 20_000, 80}, producersFibers, producersGoroutines),
		cmlRow("buffered/64", "one producer and one consumer, with room for 64 values: time of one value",
			[3]int{400_000, 80_000, 500}, bufferedFibers, bufferedGoroutines),
	}
}

// enough ends a consumer: the last producer sends one to each.
const enough = -1

func producersFibers(n int) troupe {
	each, got := n/producers, make(sums, consumers)
	t := troupe{ops: each * producers, check: got.check(producers * upTo(each))}
	ch := cml.NewChan[int]()
	left := atomic.NewInt32(producers)
	for range producers {
		t.parties = append(t.parties, func() {
			for i := range each {
				ch.Put(i)
			}
			if left.Dec() == 0 {
				for range consumers {
					ch.Put(enough)
				}
			}
		})
	}
	for c := range consumers {
		t.parties = append(t.parties, func() {
			for v := ch.Get(); v != enough; v = ch.Get() {
				got[c].n += v
			}
		})
	}
	return t
}

func producersGoroutines(n int) troupe {
	each, got := n/producers, make(sums, consumers)
	t := troupe{ops: each * producers, check: got.check(producers * upTo(each))}
	ch := make(chan int)
	left := atomic.NewInt32(producers)
	for range producers {
		t.parties = append(t.parties, func() {
			for i := range each {
				ch <- i
			}
			if left.Dec() == 0 {
				for range consumers {
					ch <- enough
				}
			}
		})
	}
	for c := range consumers {
		t.parties = append(t.parties, func() {
			for v := <-ch; v != enough; v = <-ch {
				got[c].n += v
			}
		})
	}
	return t
}

func bufferedFibers(n int) troupe {
	ch, got := cml.NewBuffered[int](room), make(sums, 1)
	return troupe{
		parties: []func(){
			func() {
				for i := range n {
					ch.Put(i)
				}
			},
			func() {
				for range n {
					got[0].n += ch.Get()
				}
			},
		},
		ops: n, check: got.check(upTo(n)),
	}
}

func bufferedGoroutines(n int) troupe {
	ch, got := make(chan int, room), make(sums, 1)
	return troupe{
		parties: []func(){
			func() {
				for i := range n {
					ch <- i
				}
			},
			func() {
				for range n {
					got[0].n += <-ch
				}
			},
		},
		ops: n, check: got.check(upTo(n)),
	}
}
