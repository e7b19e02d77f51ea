package runtime_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// wallTimers returns what the kernel says of the timers of the wall clock that are open here.
func wallTimers(t *testing.T) (infos []string) {
	entries, err := os.ReadDir("/proc/self/fdinfo")
	if err != nil {
		t.Skip(err)
	}
	for _, e := range entries {
		info, _ := os.ReadFile("/proc/self/fdinfo/" + e.Name())
		if strings.Contains(string(info), "clockid: 0\n") {
			infos = append(infos, string(info))
		}
	}
	return infos
}

// The kernel's timer is there, while somebody waits for long, and is cancelled by steps.
func TestClockTellerIsOneTimer(t *testing.T) {
	if _, err := os.Stat("/proc/self/fdinfo"); err != nil {
		t.Skip(err)
	}
	rt := newRuntime(t)
	end := cml.NewCond()
	lose := func() {
		cml.Select(cml.On(fibers.AtWall(time.Now().Add(time.Hour)), func(time.Time) { t.Error("an hour has passed") }),
			cml.On(end.WaitOp(), func(cml.Unit) {}))
	}
	for range 10 {
		rt.Go(lose)
		go lose()
	}
	awaitTrue(t, "the timer is there", func() bool { return len(wallTimers(t)) > 0 })
	if infos := wallTimers(t); len(infos) != 1 || !strings.Contains(infos[0], "settime flags: 03\n") {
		t.Errorf("%q", infos)
	}
	end.Signal()
	awaitTrue(t, "the timer is gone", func() bool { return len(wallTimers(t)) == 0 })
}
