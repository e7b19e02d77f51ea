// Hello is a first program: fibers that compute, sleep and are waited for.
//
//	go run ./examples/hello
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"sync/atomic" // what users have at hand
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	var visits atomic.Int64 // fibers run in parallel
	err := fibers.Run(func() {
		fmt.Fprintln(w, "hello from a fiber")

		for range 1000 {
			fibers.Go(func() {
				fibers.Sleep(time.Millisecond) // all at the same time
				visits.Add(1)
			})
		}

		fmt.Fprintln(w, "fib(20) =", fib(20))
	}, fibers.WithDrain()) // Run returns when the last fiber has ended
	fmt.Fprintln(w, visits.Load(), "visits")
	return err
}

// fib computes a Fibonacci number with a fiber for every other call.
func fib(n int) int {
	if n < 2 {
		return n
	}
	left := fibers.Spawn(func() (int, error) { return fib(n - 1), nil })
	right := fib(n - 2)
	value, _ := left.Await() // the fiber waits, its scheduler goes on
	return value + right
}
