package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestParallelSieve(t *testing.T) {
	const want = "25 primes below 100\n" +
		"1229 primes below 10000\n" +
		"78498 primes below 1000000\n" +
		"664579 primes below 10000000\n"
	prints.Always(t, run, want)
}

func TestCountBelow(t *testing.T) {
	err := fibers.Run(func() {
		want := 0
		for n := range 400 {
			if got := countBelow(n); got != want {
				t.Errorf("%d primes below %d, want %d", got, n, want)
			}
			if isPrime(n) {
				want++
			}
		}
		// Where a segment ends.
		for _, n := range []int{segment, 2 * segment} {
			if isPrime(n-1) != (countBelow(n)-countBelow(n-1) == 1) {
				t.Errorf("%d is counted wrongly", n-1)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}
