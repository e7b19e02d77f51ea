package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// The wall clock of a simulation is its clock, on each host its own.
func TestAtWall(t *testing.T) {
	sim.Test(t, func(s *sim.Sim) {
		at := s.Now().AddDate(1, 0, 0)
		if _, ok := fibers.PerformTimeout(fibers.AtWall(at), time.Hour); ok {
			t.Error("a year in an hour")
		}
		if got := cml.Perform(fibers.AtWall(at)); !got.Equal(at) || !s.Now().Equal(at) {
			t.Errorf("at %v, by the clock %v, not %v", got, s.Now(), at)
		}
		if _, ok := cml.Poll(fibers.AtWall(at)); !ok {
			t.Error("it has been")
		}
	}, sim.Runs(20))
	f := sim.Check(func(*sim.Sim) { fibers.AtWall(time.Now()) }, sim.Runs(1))
	if f == nil || !strings.Contains(f.Message, "Sim.Now") {
		t.Errorf("a real time: %v", f)
	}
}
