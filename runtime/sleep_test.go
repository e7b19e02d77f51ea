package runtime_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// idleBefore are how long a runtime is idle before something happens: so short
// that the monitor still looks on, and so long that it sleeps too.
var idleBefore = map[string]time.Duration{"dozing": 20 * time.Millisecond, "deeply idle": 250 * time.Millisecond}

// hogUntil computes without waiting until it is told to stop, and reports
// whether that came before it gave up.
func hogUntil(told *atomic.Bool) bool {
	for start := time.Now(); !told.Load(); {
		if time.Since(start) > 1500*time.Millisecond {
			return false
		}
	}
	return true
}

// A fiber that was woken by the clock does not come to a wait again. Another
// one is due soon after: somebody has to look at the clock.
func TestTimerIsNotHeldUpByAHog(t *testing.T) {
	for name, idle := range idleBefore {
		for _, n := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/scheds=%d", name, n), func(t *testing.T) {
				var told, gaveUp atomic.Bool
				err := fibers.Run(func() {
					fibers.Go(func() {
						fibers.Sleep(idle)
						gaveUp.Store(!hogUntil(&told))
					})
					fibers.Sleep(idle + 20*time.Millisecond)
					told.Store(true)
				}, fibers.WithSchedulers(n))
				if err != nil {
					t.Error(err)
				}
				if gaveUp.Load() {
					t.Error("a sleeper that was due slept on while another fiber computed")
				}
			})
		}
	}
}
