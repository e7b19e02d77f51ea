// Timeout puts a bound on anything that can be waited for.
//
// Go's channels can be given up in a select; its locks, wait groups, semaphores,
// condition variables and barriers cannot. Here all of them are ops, so one
// function bounds them all. And what is given up leaves nothing behind: the lock
// that was not waited for is not taken later, by nobody.
//
//	go run ./examples/timeout
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var errTimeout = errors.New("timeout")

// within is op with a bound: an op again, which can be performed, chosen, bounded.
func within[T any](d time.Duration, op cml.Op[T]) cml.Op[error] {
	return cml.Choice(
		cml.Wrap(op, func(T) error { return nil }),
		cml.Wrap(fibers.After(d), func(time.Time) error { return errTimeout }),
	)
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		var (
			mutex     cml.Mutex
			group     cml.WaitGroup
			semaphore = cml.NewSemaphore(3)
			barrier   = cml.NewBarrier(2)
			event     = cml.NewCond()
			place     = cml.NewMVar[int]()
			queue     = cml.NewQueue[int](1)
			channel   = cml.NewChan[int]()
			finish    = cml.NewCond()
			task      = fibers.Spawn(func() (int, error) { finish.Wait(); return 7, nil })
		)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		// Everything is such that it must be waited for.
		mutex.Lock()
		group.Add(1)
		semaphore.Acquire(2)
		queue.Put(1)

		const d = 2 * time.Millisecond
		waits := []struct {
			what string
			op   cml.Op[error]
		}{
			{"lock", within(d, mutex.LockOp())},
			{"wait group", within(d, group.WaitOp())},
			{"semaphore", within(d, semaphore.AcquireOp(2))},
			{"barrier", within(d, barrier.WaitOp())},
			{"event", within(d, event.WaitOp())},
			{"place", within(d, place.TakeOp())},
			{"full queue", within(d, queue.PutOp(2))},
			{"channel", within(d, channel.PutOp(3))},
			{"task", within(d, task.AwaitOp())},
			{"context", within(d, cml.Done(ctx))},
			{"all of that", within(d, cml.Choice(mutex.LockOp(), barrier.WaitOp(), channel.PutOp(4)))},
			{"a longer one", within(d, within(time.Hour, event.WaitOp()))},
		}
		for _, wait := range waits {
			fmt.Fprintf(w, "%s: %v\n", wait.what, cml.Perform(wait.op))
		}

		// Nothing of these waits is left: nobody takes what becomes free.
		mutex.Unlock()
		semaphore.Release(2)
		fmt.Fprintln(w, "the lock is free:", mutex.TryLock())
		fmt.Fprintln(w, "the semaphore is free:", semaphore.TryAcquire(3))
		queue.Get()
		fmt.Fprintln(w, "in the queue:", queue.Len())
		_, ok := channel.TryGet()
		fmt.Fprintln(w, "somebody puts:", ok)

		// The same ops can be performed again, and now there is no need to wait.
		mutex.Unlock()
		group.Done()
		event.Signal()
		for _, i := range []int{0, 1, 4, 6} {
			fmt.Fprintf(w, "%s: %v\n", waits[i].what, cml.Perform(waits[i].op))
		}
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
