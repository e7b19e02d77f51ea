package sim_test

import (
	goruntime "runtime"
	"testing"

	"github.com/seed222ee791/fibers/runtime/sim"
)

func exit() { goruntime.Goexit() }

func must(t *testing.T, f *sim.Failure) {
	t.Helper()
	if f != nil {
		t.Error(f)
	}
}
