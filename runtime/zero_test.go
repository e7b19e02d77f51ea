package runtime_test

import (
	"context"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A zero Task was waited for, for ever; a zero Runtime failed somewhere inside.
func TestZeroValuesSayWhatTheyAre(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var task fibers.Task[int]
		mustMisuse(t, "Await", func() { _, _ = task.Await() })
		mustMisuse(t, "AwaitOp", func() { task.AwaitOp() })
		mustMisuse(t, "Done", func() { task.Done() })
		for _, rt := range []*fibers.Runtime{nil, {}} {
			mustMisuse(t, "Go", func() { rt.Go(func() {}) })
			mustMisuse(t, "Run", func() { _ = rt.Run(func() {}) })
			mustMisuse(t, "Close", func() { _ = rt.Close() })
			mustMisuse(t, "Shutdown", func() { _ = rt.Shutdown(context.Background()) })
			mustMisuse(t, "Stats", func() { rt.Stats() })
			mustMisuse(t, "Fibers", func() { rt.Fibers() })
			mustMisuse(t, "NumFibers", func() { rt.NumFibers() })
			mustMisuse(t, "Watch", rt.Watch)
		}
	})
}
