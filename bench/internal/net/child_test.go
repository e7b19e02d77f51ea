package net

import (
	"os"
	"testing"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// TestMain lets the test binary be the child of its own tests.
func TestMain(m *testing.M) {
	harness.BeChild(ChildTasks)
	os.Exit(m.Run())
}
