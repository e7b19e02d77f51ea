// Heartbeat: a fiber that should beat every 10 ms is queued behind thousands that wake each
// other all the time.
package main

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

const pairs = 10_000

var (
	joined atomic.Int64
	chans  [2 * pairs]*cml.Chan[int]
)

// churn is one of a pair that hand a number to each other, and compute in between.
func churn() {
	me := joined.Inc() - 1
	mine, other := chans[me], chans[me^1]
	if me%2 == 0 {
		other.Put(0)
	}
	for {
		n := mine.Get()
		for i := range 400_000 { // some 0.1 ms: with 10 µs, nobody is late by 50 ms any more
			n += i
		}
		other.Put(n)
	}
}

func heartbeat() {
	for {
		fibers.Sleep(10 * time.Millisecond)
	}
}

func main() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		panic(err)
	}
	defer stop()
	for i := range chans {
		chans[i] = cml.NewChan[int]()
	}
	fibers.GoNamed("heartbeat", heartbeat)
	for range 2 * pairs {
		fibers.Go(churn)
	}
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
