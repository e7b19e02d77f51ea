// Hogs: a fiber that computes without end on every scheduler.
package main

import (
	"fmt"
	"os"
	"runtime"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

var sink uint64

func spin() {
	for x := uint64(1); ; x = x*6364136223846793005 + 1442695040888963407 {
		if x == 0 {
			sink++
		}
	}
}

func main() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		panic(err)
	}
	defer stop()
	for range runtime.GOMAXPROCS(0) {
		fibers.Go(spin)
	}
	fmt.Println(inspect.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}
