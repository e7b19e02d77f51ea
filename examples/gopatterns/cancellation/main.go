// Cancellation ends a tree of fibers through a context.
//
// A context reaches an operation in two ways. PerformContext performs or is
// cancelled, never both: what it has sent or received is never lost. Done makes
// of the context an op, a case of a choice like any other. A group cancels its
// context at the first error of a member.
//
//	go run ./examples/gopatterns/cancellation
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var errFound = errors.New("found")

// numbers sends n, n+step, n+2·step and so on until ctx is done.
func numbers(ctx context.Context, out *cml.Chan[int], n, step int) error {
	for {
		if _, err := cml.PerformContext(ctx, out.PutOp(n)); err != nil {
			return err
		}
		n += step
	}
}

// search looks at what comes in until it sees the number wanted, or ctx is done.
func search(ctx context.Context, in *cml.Chan[int], wanted int) (err error) {
	next := cml.Choice(
		cml.On(in.GetOp(), func(n int) {
			if n == wanted {
				err = errFound // which cancels all the others
			}
		}),
		cml.On(cml.Done(ctx), func(cause error) { err = cause }),
	)
	for err == nil {
		cml.Select(next)
	}
	return err
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		c := cml.NewChan[int]()
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			for i := range 4 {
				g.Go(func(ctx context.Context) error { return numbers(ctx, c, i, 4) })
			}
			for range 3 {
				g.Go(func(ctx context.Context) error { return search(ctx, c, 4321) })
			}
			return nil
		})
		fmt.Fprintln(w, "seven fibers have ended:", err)

		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errors.New("closing time"))
		_, err = cml.PerformContext(ctx, c.GetOp())
		fmt.Fprintln(w, "nothing was received:", err)
	}, append(opts, fibers.WithDrain())...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
