package runtime_test

import (
	"os"
	"testing"

	"github.com/seed222ee791/fibers/internal/coro"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Who asks for iter.Pull gets it, and can see so.
func TestStatsTellTheSwitch(t *testing.T) {
	got := newRuntime(t, fibers.WithSchedulers(1)).Stats().Switch
	if asked := os.Getenv("FIBERS_SWITCH"); asked == "pull" && got != "iter.Pull" {
		t.Errorf("FIBERS_SWITCH=%s, but fibers switch by %q", asked, got)
	}
	if got != coro.Kind() {
		t.Errorf("Stats say %q, package coro %q", got, coro.Kind())
	}
}
