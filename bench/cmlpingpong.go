package main

import "github.com/seed222ee791/fibers/cml"

// A value goes there and back.

func pingpongWorkloads() []*workload {
	return []*workload{
		cmlRow("pingpong", "two parties send a value there and back over two channels: time of a round",
			[3]int{60_000, 12_000, 50}, pingpongFibers, pingpongGoroutines),
		cmlRow("pingpong/10", "ten pairs do that, each over one channel",
			[3]int{60_000, 12_000, 50}, pairsFibers, pairsGoroutines),
	}
}

func pingpongFibers(n int) troupe {
	there, back := cml.NewChan[int](), cml.NewChan[int]()
	got := make(sums, 1)
	return troupe{
		parties: []func(){
			func() {
				for i := range n {
					there.Put(i)
					got[0].n += back.Get()
				}
			},
			func() {
				for range n {
					back.Put(there.Get() + 1)
				}
			},
		},
		ops: n, check: got.check(upTo(n) + n),
	}
}

func pingpongGoroutines(n int) troupe {
	there, back := make(chan int), make(chan int)
	got := make(sums, 1)
	return troupe{
		parties: []func(){
			func() {
				for i := range n {
					there <- i
					got[0].n += <-back
				}
			},
			func() {
				for range n {
					back <- <-there + 1
				}
			},
		},
		ops: n, check: got.check(upTo(n) + n),
	}
}

// pairs is how many pairs there are in pingpong/10.
const pairs = 10

func pairsFibers(n int) troupe {
	each, got := n/pairs, make(sums, pairs)
	t := troupe{ops: each * pairs, check: got.check(pairs * (upTo(each) + each))}
	for p := range pairs {
		ch := cml.NewChan[int]()
		t.parties = append(t.parties,
			func() {
				for i := range each {
					ch.Put(i)
					got[p].n += ch.Get()
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

func pairsGoroutines(n int) troupe {
	each, got := n/pairs, make(sums, pairs)
	t := troupe{ops: each * pairs, check: got.check(pairs * (upTo(each) + each))}
	for p := range pairs {
		ch := make(chan int)
		t.parties = append(t.parties,
			func() {
				for i := range each {
					ch <- i
					got[p].n += <-ch
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
