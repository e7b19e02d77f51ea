// Heldlock: 10 000 connections wait for one lock, whose holder does something else.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func serve(mu *cml.Mutex) {
	mu.Lock()
	mu.Unlock()
}

func main() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		panic(err)
	}
	defer stop()
	var mu cml.Mutex
	locked := cml.NewCond()
	fibers.GoNamed("migration", func() {
		mu.Lock()
		locked.Signal()
		fibers.Sleep(time.Hour)
	})
	locked.Wait()
	for range 10_000 {
		fibers.Go(func() { serve(&mu) })
	}
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
