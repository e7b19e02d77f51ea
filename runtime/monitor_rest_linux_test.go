package runtime_test

import (
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Who waits for the monitor's timer is in a system call, and keeps a processor of Go's, only while
// the monitor rests, not while fibers are up.
func TestTheMonitorsTimerKeepsNoProcessorFromFibers(t *testing.T) {
	buf := make([]byte, 1<<20)
	waiting := func() int { // in all runtimes of the process
		return strings.Count(string(buf[:goruntime.Stack(buf, true)]), "kernelTimer.wait(")
	}
	before := waiting()
	err := fibers.Run(func() {
		resting := before
		for tries := 0; resting <= before; tries++ {
			if tries == 200 {
				t.Error("the monitor does not rest")
				return
			}
			fibers.Sleep(50 * time.Millisecond)
			resting = waiting()
		}
		for start := time.Now(); waiting() >= resting; {
			if time.Since(start) > 10*time.Second {
				t.Error("fibers have been up for long, and somebody waits for the monitor's timer")
				return
			}
			for up := time.Now(); time.Since(up) < 5*time.Millisecond; {
				fibers.Yield()
			}
		}
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
}
