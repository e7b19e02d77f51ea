package runtime_test

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Fibers that each spawn one like themselves, yield and end pile up, and whoever was woken
// ran behind them all. Time is counted in fibers here: there is one scheduler (and perhaps
// a stand-in, if the machine is very busy).
func TestWokenFibersPassThoseThatYield(t *testing.T) {
	const (
		yielders = 20_000
		wakeAt   = yielders / 2
		woken    = 3 // the last of them has the next place
		most     = 200
	)
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var begun atomic.Int32
	late := make(chan int32, woken)
	var ended sync.WaitGroup
	ended.Add(yielders)
	rt.Run(func() {
		var waiters [woken]wait.Waiter
		ready := newLatch(woken)
		for i := range waiters {
			fibers.Go(func() {
				waiters[i] = wait.Current()
				ready.done()
				waiters[i].Park(wait.Signal)
				late <- begun.Load() - wakeAt
			})
		}
		ready.wait()
		var like func()
		like = func() {
			defer ended.Done()
			n := begun.Inc()
			if n == wakeAt {
				for _, w := range waiters {
					w.Unpark()
				}
			}
			if n < yielders {
				fibers.Go(like)
			}
			fibers.Yield()
		}
		fibers.Go(like)
	})
	ended.Wait()
	for range woken {
		if n := <-late; n > most {
			t.Errorf("a woken fiber ran after %d others, want at most %d", n, most)
		}
	}
}

// A fiber that computes for a millisecond between two yields left nothing to two that
// switch every microsecond: each turn of the root, one for each of its slices, chose it.
func TestShortFibersGetTimeBesideLongOnes(t *testing.T) {
	const slices = 100
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var laps atomic.Int32
	rt.Run(func() {
		to, fro := cml.NewChan[bool](), cml.NewChan[bool]()
		var over atomic.Bool
		fibers.Go(func() {
			for !over.Load() {
				to.Put(true)
				fro.Get()
				laps.Inc()
			}
			to.Put(false)
		})
		fibers.Go(func() {
			for to.Get() {
				fro.Put(true)
			}
		})
		for range slices {
			spin(time.Millisecond)
			fibers.Yield()
		}
		over.Store(true)
	})
	if n := laps.Load(); n < 2*slices { // some hundred for each, if the machine is idle
		t.Errorf("%d laps of the short ones beside %d slices", n, slices)
	}
}
