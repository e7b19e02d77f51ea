package runtime_test

import (
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

//go:noinline
func redLife() { fibers.Yield() }

//go:noinline
func blueLife() { fibers.Yield() }

//go:noinline
func spawnRed() {
	for range 50 {
		fibers.GoNamed("red", redLife)
	}
}

//go:noinline
func spawnBlue() {
	for range 50 {
		fibers.GoNamed("blue", blueLife)
	}
}

// Records serve one fiber after the other. What inspectors say of one, they say of no
// other, at whatever moment of its life they look.
func TestInspectorsDuringLife(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	rt.Watch()
	var stop atomic.Bool
	var wg sync.WaitGroup
	seen, of := map[string]int{}, map[string]string{} // the inspector's
	wg.Go(func() {
		for !stop.Load() {
			for i := range rt.EachFiber {
				colour := i.Name
				if colour != "red" && colour != "blue" {
					continue
				}
				if i.Func != "" && !strings.HasSuffix(i.Func, "."+colour+"Life") && !strings.HasSuffix(strings.ToLower(i.Func), ".spawn"+colour) {
					t.Errorf("a %s one: %+v", colour, i)
				}
				if i.Site == "" { // it ends
					continue
				}
				seen[colour]++
				if i.Parent == 0 || i.Age < 0 || i.Age > time.Hour || !strings.Contains(i.Site, "eyes_test.go:") {
					t.Errorf("a %s one: %+v", colour, i)
				}
				if at := of[i.Site]; at != "" && at != colour {
					t.Errorf("%s is a site of %s ones, and of %s ones", i.Site, at, colour)
				}
				of[i.Site] = colour
			}
		}
	})
	for range scale(2000, 200) {
		_ = rt.Run(func() {
			spawnRed()
			fibers.Yield()
			spawnBlue()
			fibers.Yield()
		})
	}
	stop.Store(true)
	wg.Wait()
	if seen["red"] == 0 || seen["blue"] == 0 {
		t.Errorf("seen: %v", seen)
	}
}

// What a fiber is doing is told with since when: it runs on a scheduler, or is queued.
func TestTimePerState(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	rt.Watch()
	_ = rt.Run(func() { fibers.Yield() }) // there was a turn since
	running, queued := false, false
	for start := time.Now(); !running || !queued; {
		if time.Since(start) > time.Minute {
			t.Fatalf("seen to run: %v, queued: %v", running, queued)
		}
		_ = rt.Run(func() {
			self := fibers.Current().ID()
			for range 100 {
				fibers.GoNamed("queued", func() {})
			}
			for range 100 {
				for i := range rt.EachFiber {
					switch {
					case i.ID == self:
						running = running || i.Doing() == "running" && i.Scheduler == 0
					case i.Name == "queued":
						queued = queued || i.Doing() == "queued" && i.For < time.Minute
					}
				}
			}
		})
	}
	if d := rt.Stats().Schedulers[0].Delays; d.Count() == 0 {
		t.Error("no delay was measured")
	}
}

// To be watched costs a spawn no memory, as records keep what they need for it.
func TestAWatchedSpawnAllocatesNothing(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	const n = 20_000
	spawns := func() (mallocs uint64) {
		_ = rt.Run(func() {
			var before, after goruntime.MemStats
			for range 2 { // the first fills the lists
				goruntime.ReadMemStats(&before)
				for range n / 1000 {
					l := newLatch(1000)
					done := l.done
					for range 1000 {
						fibers.Go(done)
					}
					l.wait()
				}
				goruntime.ReadMemStats(&after)
			}
			mallocs = after.Mallocs - before.Mallocs
		})
		return mallocs
	}
	unwatched := spawns()
	rt.Watch()
	if watched := spawns(); watched > unwatched+n/10 {
		t.Errorf("%d spawns allocate %d times, and %d times while somebody watches", n, unwatched, watched)
	}
}
