package harness

import (
	"os"
	"testing"
)

// TestMain lets the test binary be the child of its own tests.
func TestMain(m *testing.M) {
	BeChild()
	os.Exit(m.Run())
}
