package runtime_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A fiber that shuts another runtime down is ended like any other that waits.
func TestShutdownInAFiberEndsWithItsRuntime(t *testing.T) {
	busy := newRuntime(t, fibers.WithSchedulers(1))
	busy.Go(func() { wait.Current().Park(wait.Signal) }) // so that it never drains
	outer, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	outer.Go(func() {
		close(begun)
		_ = busy.Shutdown(context.Background())
	})
	<-begun
	within(t, 30*time.Second, "closing a runtime in which another is shut down", func() {
		if err := outer.Close(); err != nil {
			t.Error(err)
		}
	})
}
