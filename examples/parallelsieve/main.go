// Parallelsieve counts the primes below ten million on all cores.
//
// The sieve of Eratosthenes goes over the numbers in segments, which are
// independent of each other once the primes up to the square root are known. A
// segment is small enough for a core's cache. Each is a task; who works on it is
// the schedulers' business, and who has nothing to do steals. Segments that are
// not yet needed wait for room: there are never more than a few for each core.
//
// (A chain of filters, one for each prime, is the sieve that shows channels: see
// gopatterns/sieve. This is the one to compute with.)
//
//	go run ./examples/parallelsieve
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

const segment = 1 << 17 // numbers, one byte each

// small returns the primes below n, one after the other.
func small(n int) (primes []int) {
	composite := make([]bool, n)
	for i := 2; i < n; i++ {
		if composite[i] {
			continue
		}
		primes = append(primes, i)
		for m := i * i; m < n; m += i {
			composite[m] = true
		}
	}
	return primes
}

// count returns how many primes there are in [lo, hi). The primes given reach
// up to the square root of hi. The slice is of length segment, to work in.
func count(lo, hi int, primes []int, composite []bool) (n int) {
	clear(composite)
	for _, p := range primes {
		if p*p >= hi {
			break
		}
		for m := max(p*p, (lo+p-1)/p*p); m < hi; m += p {
			composite[m-lo] = true
		}
	}
	for i := max(lo, 2); i < hi; i++ {
		if !composite[i-lo] {
			n++
		}
	}
	return n
}

// countBelow returns how many primes there are below n.
func countBelow(n int) (sum int) {
	root := 1
	for root*root < n {
		root++
	}
	primes := small(root + 1)

	// Work space goes round: to take one is also to take leave to go on.
	const most = 16
	spaces := cml.NewBuffered[[]bool](most)
	for range most {
		spaces.Put(nil)
	}
	var parts []*fibers.Task[int]
	for lo := 0; lo < n; lo += segment {
		space := spaces.Get()
		parts = append(parts, fibers.Spawn(func() (int, error) {
			if space == nil {
				space = make([]bool, segment)
			}
			defer spaces.Put(space)
			return count(lo, min(lo+segment, n), primes, space), nil
		}))
	}
	for _, part := range parts {
		k, _ := part.Await()
		sum += k
	}
	return sum
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		for _, n := range []int{100, 10_000, 1_000_000, 10_000_000} {
			fmt.Fprintln(w, countBelow(n), "primes below", n)
		}
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
