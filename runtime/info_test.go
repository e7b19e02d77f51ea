package runtime_test

import (
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestStatsCountNoFibersThatWereRefused(t *testing.T) {
	rt := newRuntime(t)
	if err := rt.Run(func() {}); err != nil {
		t.Fatal(err)
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	before := rt.Stats().Spawned
	for range 10 {
		if err := rt.Run(func() {}); err != fibers.ErrClosed {
			t.Fatalf("Run on a closed runtime: %v", err)
		}
	}
	if after := rt.Stats().Spawned; before != 1 || after != before {
		t.Errorf("Spawned is %d after one Run, %d after ten more that were refused", before, after)
	}
}
