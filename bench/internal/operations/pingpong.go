package operations

import (
	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// A value goes there and back.

func pingpongWorkloads() []*harness.Workload {
	return []*harness.Workload{
		row("pingpong", "two parties send a value there and back over two channels: time of a round",
			[3]int{60_000, 12_000, 50}, pingpongFibers, pingpongGoroutines),
		row("pingpong/10", "ten pairs do that, each over one channel",
			[3]int{60_000, 12_000, 50}, pairsFibers, pairsGoroutines),
	}
}

func pingpongFibers(n int) harness.Parties {
	there, back := cml.NewChan[int](), cml.NewChan[int]()
	got := make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){
			func() {
				for i := range n {
					there.Put(i)
					got[0].N += back.Get()
				}
			},
			func() {
				for range n {
					back.Put(there.Get() + 1)
				}
			},
		},
		Ops: n, Check: got.Check(harness.UpTo(n) + n),
	}
}

func pingpongGoroutines(n int) harness.Parties {
	there, back := make(chan int), make(chan int)
	got := make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){
			func() {
				for i := range n {
					there <- i
					got[0].N += <-back
				}
			},
			func() {
				for range n {
					back <- <-there + 1
				}
			},
		},
		Ops: n, Check: got.Check(harness.UpTo(n) + n),
	}
}

// pairs is how many pairs there are in pingpong/10.
const pairs = 10

func pairsFibers(n int) harness.Parties {
	each, got := n/pairs, make(harness.Sums, pairs)
	t := harness.Parties{Ops: each * pairs, Check: got.Check(pairs * (harness.UpTo(each) + each))}
	for p := range pairs {
		ch := cml.NewChan[int]()
		t.Each = append(t.Each,
			func() {
				for i := range each {
					ch.Put(i)
					got[p].N += ch.Get()
				}
			},
			func() {
				for range each {
					ch.Put(ch.Get() + 1)
				}
			})
	}
	return t
}

func pairsGoroutines(n int) harness.Parties {
	each, got := n/pairs, make(harness.Sums, pairs)
	t := harness.Parties{Ops: each * pairs, Check: got.Check(pairs * (harness.UpTo(each) + each))}
	for p := range pairs {
		ch := make(chan int)
		t.Each = append(t.Each,
			func() {
				for i := range each {
					ch <- i
					got[p].N += <-ch
				}
			},
			func() {
				for range each {
					ch <- <-ch + 1
				}
			})
	}
	return t
}
