package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

const want = "different seats sold: 100\n" +
	"seats left: 20\n"

func TestRPC(t *testing.T) {
	for _, schedulers := range []int{1, 2, 8} {
		var b strings.Builder
		if err := run(&b, fibers.WithSchedulers(schedulers)); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("with %d schedulers it writes\n%swant\n%s", schedulers, b.String(), want)
		}
	}
}

// TestRPCSimulated runs it in many schedules.
func TestRPCSimulated(t *testing.T) {
	sim.Test(t, func(s *sim.Sim) {
		var b strings.Builder
		err := run(&b)
		s.Always(err == nil && b.String() == want, "it writes\n%sand returns %v, want\n%s", b.String(), err, want)
	}, sim.Runs(20))
}
