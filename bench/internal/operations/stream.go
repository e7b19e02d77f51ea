package operations

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// Values that go one way.

const (
	room      = 64 // of the buffer
	producers = 8
	consumers = 4
)

func streamWorkloads() []*harness.Workload {
	return []*harness.Workload{
		row("producers/8:4", "8 producers and 4 consumers on one channel: time of one value",
			[3]int{100_000, 20_000, 80}, producersFibers, producersGoroutines),
		row("buffered/64", "one producer and one consumer, with room for 64 values: time of one value",
			[3]int{400_000, 80_000, 500}, bufferedFibers, bufferedGoroutines),
	}
}

// enough ends a consumer: the last producer sends one to each.
const enough = -1

func producersFibers(n int) harness.Parties {
	each, got := n/producers, make(harness.Sums, consumers)
	t := harness.Parties{Ops: each * producers, Check: got.Check(producers * harness.UpTo(each))}
	ch := cml.NewChan[int]()
	left := atomic.NewInt32(producers)
	for range producers {
		t.Each = append(t.Each, func() {
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
		t.Each = append(t.Each, func() {
			for v := ch.Get(); v != enough; v = ch.Get() {
				got[c].N += v
			}
		})
	}
	return t
}

func producersGoroutines(n int) harness.Parties {
	each, got := n/producers, make(harness.Sums, consumers)
	t := harness.Parties{Ops: each * producers, Check: got.Check(producers * harness.UpTo(each))}
	ch := make(chan int)
	left := atomic.NewInt32(producers)
	for range producers {
		t.Each = append(t.Each, func() {
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
		t.Each = append(t.Each, func() {
			for v := <-ch; v != enough; v = <-ch {
				got[c].N += v
			}
		})
	}
	return t
}

func bufferedFibers(n int) harness.Parties {
	ch, got := cml.NewBuffered[int](room), make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){
			func() {
				for i := range n {
					ch.Put(i)
				}
			},
			func() {
				for range n {
					got[0].N += ch.Get()
				}
			},
		},
		Ops: n, Check: got.Check(harness.UpTo(n)),
	}
}

func bufferedGoroutines(n int) harness.Parties {
	ch, got := make(chan int, room), make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){
			func() {
				for i := range n {
					ch <- i
				}
			},
			func() {
				for range n {
					got[0].N += <-ch
				}
			},
		},
		Ops: n, Check: got.Check(harness.UpTo(n)),
	}
}
