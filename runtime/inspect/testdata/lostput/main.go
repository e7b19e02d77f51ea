// Lostput: the consumer has gone, and the producer waits for it, beside fibers that work.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func produce(out *cml.Chan[int]) {
	for i := 0; ; i++ {
		out.Put(i)
	}
}

func main() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		panic(err)
	}
	defer stop()
	c := cml.NewChan[int]()
	fibers.GoNamed("producer", func() { produce(c) })
	fibers.GoNamed("consumer", func() {
		for range 10 {
			c.Get()
		}
	})
	fibers.Go(func() {
		for {
			fibers.Sleep(time.Millisecond)
		}
	})
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
