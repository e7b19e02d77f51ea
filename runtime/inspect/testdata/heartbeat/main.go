// Heartbeat: a fiber that should beat every 10 ms is queued behind thousands that are
// always ready.
package main

import (
	"fmt"
	"os"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

var sink int

func churn() {
	for {
		for i := range 20_000 {
			sink += i
		}
		fibers.Yield()
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
	fibers.GoNamed("heartbeat", heartbeat)
	for range 20_000 {
		fibers.Go(churn)
	}
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
