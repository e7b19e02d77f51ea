package operations

import (
	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The sieve of Eratosthenes as a growing line of parties (McIlroy 1968): one
// counts, each prime found adds one that lets through what it does not divide.

const sievePrimes = 500

func sieveWorkloads() []*harness.Workload {
	return []*harness.Workload{row("sieve/500", "500 primes by a line of filters, a party for each prime: time of one value handed on",
		[3]int{sievePrimes, 150, 20}, sieveFibers, sieveGoroutines)}
}

// sieved says what the sieve of n primes must do: the last prime, the sum of all
// of them, and how many values are handed on.
func sieved(n int) (last, sum, ops int) {
	var primes []int
	for v := 2; len(primes) < n; v++ {
		ops++ // into the first filter, or out of the line
		divided := false
		for _, p := range primes {
			if divided = v%p == 0; divided {
				break
			}
			ops++
		}
		if !divided {
			primes = append(primes, v)
			last, sum = v, sum+v
		}
	}
	return last, sum, ops
}

// After the last prime a zero ends one party after the other.

func sieveFibers(n int) harness.Parties {
	last, sum, ops := sieved(n)
	got := make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){func() {
			in := cml.NewChan[int]()
			fibers.Go(func() { countFiber(in, last) })
			for p := in.Get(); p != 0; p = in.Get() {
				got[0].N += p
				out := cml.NewChan[int]()
				from := in
				fibers.Go(func() { filterFiber(from, out, p) })
				in = out
			}
		}},
		Ops: ops, Check: got.Check(sum),
	}
}

func countFiber(out *cml.Chan[int], last int) {
	for v := 2; v <= last; v++ {
		out.Put(v)
	}
	out.Put(0)
}

func filterFiber(in, out *cml.Chan[int], p int) {
	for {
		v := in.Get()
		if v == 0 {
			out.Put(0)
			return
		}
		if v%p != 0 {
			out.Put(v)
		}
	}
}

func sieveGoroutines(n int) harness.Parties {
	last, sum, ops := sieved(n)
	got := make(harness.Sums, 1)
	return harness.Parties{
		Each: []func(){func() {
			in := make(chan int)
			go countGoroutine(in, last)
			for p := <-in; p != 0; p = <-in {
				got[0].N += p
				out := make(chan int)
				go filterGoroutine(in, out, p)
				in = out
			}
		}},
		Ops: ops, Check: got.Check(sum),
	}
}

func countGoroutine(out chan int, last int) {
	for v := 2; v <= last; v++ {
		out <- v
	}
	out <- 0
}

func filterGoroutine(in, out chan int, p int) {
	for {
		v := <-in
		if v == 0 {
			out <- 0
			return
		}
		if v%p != 0 {
			out <- v
		}
	}
}
