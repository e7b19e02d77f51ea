// Pipelines joins stages by queues, and stops them in both directions.
//
// A stage reads a queue until it is closed and then closes the one it writes to:
// so the end travels downstream. A stage that wants no more closes the queue it
// reads: the next put there reports that, and the stage before ends in the same
// way. No fiber is left behind, which WithDrain would wait for.
//
//	go run ./examples/gopatterns/pipelines
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var errEnough = errors.New("no more wanted")

// stage runs fn for each value of in, in a fiber of its own. What fn emits are
// the values of the queue that it returns.
func stage[A, B any](in *cml.Queue[A], fn func(v A, emit func(B) error) error) *cml.Queue[B] {
	out := cml.NewQueue[B](2) // a little room: stages need not run in step
	fibers.Go(func() {
		for v := range in.All() {
			if err := fn(v, out.Put); err != nil {
				in.Close(err) // upstream
				break
			}
		}
		out.Close(nil) // downstream
	})
	return out
}

// count puts 1, 2, 3 and so on, up to n or until nobody wants more.
func count(w io.Writer, n int) *cml.Queue[int] {
	out := cml.NewQueue[int](2)
	fibers.Go(func() {
		defer out.Close(nil)
		for i := 1; i <= n; i++ {
			if err := out.Put(i); err != nil {
				fmt.Fprintln(w, "the source stops:", err)
				return
			}
		}
	})
	return out
}

func square(v int, emit func(int) error) error { return emit(v * v) }

func odd(v int, emit func(int) error) error {
	if v%2 == 0 {
		return nil
	}
	return emit(v)
}

func run(w io.Writer, opts ...fibers.Option) error {
	err := fibers.Run(func() {
		sum := 0
		for v := range stage(stage(count(w, 100), square), odd).All() {
			sum += v
		}
		fmt.Fprintln(w, "sum of the odd squares:", sum)
	}, opts...)
	if err != nil {
		return err
	}
	return fibers.Run(func() {
		numbers := stage(stage(count(w, 1_000_000), square), odd)
		for v := range numbers.All() {
			if v > 1000 {
				fmt.Fprintln(w, "the first odd square above 1000:", v)
				numbers.Close(errEnough)
				break
			}
		}
	}, append(opts, fibers.WithDrain())...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
