package sim_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// planted fails in some schedules.
func planted(s *sim.Sim) {
	n := 0
	fibers.Go(func() { n++ })
	fibers.Yield()
	s.Always(n == 1, "n is %d", n)
}

// TestPlanted is what TestReplayInAnotherProcess runs; by itself it is skipped.
func TestPlanted(t *testing.T) {
	if os.Getenv("FIBERS_SIM_PLANTED") == "" {
		t.Skip("for TestReplayInAnotherProcess")
	}
	sim.Test(t, planted)
}

// TestReplayInAnotherProcess: the flag of the report makes the same run, with the same
// trace, in another process of the same build.
func TestReplayInAnotherProcess(t *testing.T) {
	f := sim.Check(planted)
	if f == nil {
		t.Fatal("not found")
	}
	_, seed, _ := strings.Cut(f.Replay, "=")
	seed, _, _ = strings.Cut(seed, ",")
	cmd := exec.Command(os.Args[0], "-test.run=^TestPlanted$", "-test.count=1", "-sim.seed="+seed)
	cmd.Env = append(os.Environ(), "FIBERS_SIM_PLANTED=1")
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), "        ", "")
	if err == nil || !strings.Contains(text, "in run 0, with seed "+strings.Split(seed, "@")[0]) || !strings.Contains(text, strings.TrimSpace(strings.Split(f.Trace, "\n")[0])) {
		t.Errorf("%v, and it writes\n%s\nwanted\n%v", err, out, f)
	}
}
