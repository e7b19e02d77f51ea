// Deadlock: two accounts are locked in opposite order, beside fibers that work.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func transfer(from, to *cml.Mutex, met *cml.Barrier) {
	from.Lock()
	met.Wait()
	to.Lock()
	to.Unlock()
	from.Unlock()
}

func main() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		panic(err)
	}
	defer stop()
	var a, b cml.Mutex
	met := cml.NewBarrier(2)
	fibers.Go(func() {
		for {
			fibers.Sleep(time.Millisecond)
		}
	})
	fibers.GoNamed("to Bob", func() { transfer(&a, &b, met) })
	fibers.GoNamed("to Ann", func() { transfer(&b, &a, met) })
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
