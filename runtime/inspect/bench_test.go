package inspect_test

import (
	"net/http/httptest"
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// Views of a million fibers that all wait: how long one takes, what it allocates, and how
// late the latest of those became that sleep meanwhile; view=none is what they are without.
func BenchmarkViewsOfAMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("takes a minute, and 3 GB")
	}
	const fibersAlive = 1_000_000
	defer fibers.Watch()()
	rt, err := fibers.New()
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	var late atomic.Duration
	var here atomic.Int64
	end := cml.NewCond()
	rt.Go(func() {
		for i := 0; i < fibersAlive; i += 1000 {
			c := cml.NewChan[int]()
			for range 1000 {
				fibers.Go(func() {
					here.Inc()
					cml.Select(cml.On(c.GetOp(), func(int) {}), cml.On(end.WaitOp(), func(cml.Unit) {}))
				})
			}
			fibers.Yield()
		}
	})
	for here.Load() < fibersAlive { // those that have not begun need stacks, which takes seconds
		time.Sleep(100 * time.Millisecond) // sleep: a poll
	}
	for range 4 {
		rt.Go(func() {
			for {
				due := time.Now().Add(5 * time.Millisecond)
				fibers.Sleep(time.Until(due))
				for d, most := time.Since(due), late.Load(); d > most && !late.CompareAndSwap(most, d); most = late.Load() {
				}
			}
		})
	}
	goruntime.GC()
	h := inspect.Handler(rt)
	for _, view := range []string{"none", "", "?format=json&sort=wait", "?by=func", "?name=x", "/waits", "/tree"} {
		b.Run("view="+view, func(b *testing.B) {
			late.Store(0)
			b.ReportAllocs()
			for b.Loop() {
				if view == "none" {
					time.Sleep(500 * time.Millisecond) // sleep: it is what is measured
					continue
				}
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", inspect.Path+view, nil))
			}
			b.ReportMetric(float64(late.Load())/1e6, "ms-late")
		})
	}
	end.Signal()
}
