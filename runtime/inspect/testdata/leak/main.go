// Leak: 50 000 fibers wait for an answer that does not come, among 50 000 that sleep
// between two rounds.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func handle() {
	answer := cml.NewChan[int]()
	fibers.Go(func() { answer.Get() }) // nobody ever puts
}

func session() {
	for {
		fibers.Sleep(time.Hour)
	}
}

func main() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		panic(err)
	}
	defer stop()
	done := make(chan struct{})
	fibers.Go(func() {
		for range 50_000 {
			fibers.Go(session)
			handle()
		}
		close(done)
	})
	<-done
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
