// Sieve finds primes with a chain of filters, one fiber for each prime found.
//
// A filter takes the first number that reaches it for its prime, which it hands
// out, and lets on what its prime does not divide. Nobody in the chain knows how
// long it is going to be, nor when it ends: what waits when the main function
// returns is ended by Run.
//
//	go run ./examples/gopatterns/sieve
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// count puts 2, 3, 4 and so on.
func count(out *cml.Chan[int]) {
	for n := 2; ; n++ {
		out.Put(n)
	}
}

// filter lets on what prime does not divide.
func filter(in, out *cml.Chan[int], prime int) {
	for {
		if n := in.Get(); n%prime != 0 {
			out.Put(n)
		}
	}
}

// primes calls visit for the first n primes.
func primes(n int, visit func(prime int)) {
	source := cml.NewChan[int]()
	fibers.Go(func() { count(source) })
	for range n {
		in, out := source, cml.NewChan[int]()
		prime := in.Get()
		visit(prime)
		fibers.Go(func() { filter(in, out, prime) })
		source = out
	}
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		var found []int
		primes(20, func(prime int) { found = append(found, prime) })
		fmt.Fprintln(w, found)
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
