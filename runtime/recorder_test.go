package runtime_test

import (
	"sync"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A runtime made with a recorder records its first fibers, too.
func TestRecorderBeginsWithItsRuntime(t *testing.T) {
	for range 300 {
		rt := newRuntime(t, fibers.WithSchedulers(2), fibers.WithRecorder(100))
		var both sync.WaitGroup
		both.Add(2)
		var id uint64
		rt.Go(func() {
			defer both.Done()
			id = fibers.Current().ID()
			fibers.Go(both.Done)
		})
		both.Wait()
		ran, spawned := false, false
		for _, e := range rt.Recorder().Events(time.Hour) {
			ran = ran || e.Kind == fibers.EventRun && e.Fiber == id
			spawned = spawned || e.Kind == fibers.EventSpawn && e.Other == id
		}
		if !ran || !spawned {
			t.Fatalf("the first fiber, %d, is not recorded to have run (%v) and to have spawned another (%v):\n%v", id, ran, spawned, rt.Recorder().Events(time.Hour))
		}
		rt.Close()
	}
}
