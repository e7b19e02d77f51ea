package runtime_test

import (
	"slices"
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
	if n := laps.Load(); n < 25*slices { // a thousand for each, if the machine is idle
		t.Errorf("%d laps of the short ones beside %d slices", n, slices)
	}
}

// Two that talk went behind all that had yielded after each 16 picks, while others pile up there.
func TestTwoThatTalkPassThoseThatYield(t *testing.T) {
	const (
		yielders = 100_000
		most     = yielders / 10
	)
	for _, laps := range []int{4, 20} {
		var passed []int32
		for range 4 { // at one time a stand-in may come, and all go by the injector
			passed = append(passed, talkBeside(t, yielders, laps))
			if passed[len(passed)-1] <= most {
				break
			}
		}
		if slices.Min(passed) > most {
			t.Errorf("%d laps took until %d others had run, want at most %d", laps, passed, most)
		}
	}
}

// talkBeside has two fibers exchange values when half of the others have begun, who each spawn one like
// themselves, yield and end. It returns how many of them began meanwhile.
func talkBeside(t *testing.T, yielders int32, laps int) (passed int32) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var begun atomic.Int32
	var ended sync.WaitGroup
	ended.Add(int(yielders))
	result := make(chan int32, 1)
	var like func()
	like = func() {
		defer ended.Done()
		n := begun.Inc()
		if n == yielders/2 {
			to, fro := cml.NewChan[int](), cml.NewChan[int]()
			fibers.Go(func() {
				for n := range laps {
					to.Put(n)
					fro.Get()
				}
				result <- begun.Load() - n
			})
			fibers.Go(func() {
				for range laps {
					fro.Put(to.Get())
				}
			})
		}
		if n < yielders {
			fibers.Go(like)
		}
		fibers.Yield()
	}
	rt.Go(like)
	ended.Wait()
	return <-result
}

// Of what goroutines spawn, each itself spawns and waits: to begin many of them before the first has
// ended takes a stack for each.
func TestFibersOfGoroutinesAreNotAllBegunAtOnce(t *testing.T) {
	const n, children = 5_000, 5
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var alive, most atomic.Int32
	var ended sync.WaitGroup
	ended.Add(n)
	for range n {
		rt.Go(func() {
			defer ended.Done()
			if a := alive.Inc(); a > most.Load() {
				most.Store(a)
			}
			l := newLatch(children)
			for range children {
				fibers.Go(func() { spin(time.Microsecond); l.done() })
			}
			l.wait()
			alive.Dec()
		})
	}
	ended.Wait()
	if m := most.Load(); m > n/4 {
		t.Errorf("%d of %d were alive at once", m, n)
	}
}

// churn starts pairs of fibers that wake each other until over, and returns how often they have.
func churn(rt *fibers.Runtime, pairs int, over *atomic.Bool) (laps *atomic.Int64) {
	laps = new(atomic.Int64)
	var begun sync.WaitGroup
	begun.Add(pairs)
	for range pairs {
		rt.Go(func() {
			to, fro := cml.NewChan[bool](), cml.NewChan[bool]()
			fibers.Go(func() {
				for to.Get() {
					fro.Put(true)
				}
			})
			begun.Done()
			for !over.Load() {
				to.Put(true)
				fro.Get()
				laps.Inc()
			}
			to.Put(false)
		})
	}
	begun.Wait()
	return laps
}

// Two that woke each other in turn went behind the other woken ones after each 16 picks, and so ten
// thousand such pairs were there first for whoever else was woken.
func TestWokenFibersPassPairsThatWakeEachOther(t *testing.T) {
	const pairs, woken, rounds = 3000, 3, 7
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var over atomic.Bool
	laps := churn(rt, pairs, &over)
	defer over.Store(true)
	var lates []int64 // of each round the latest
	for range rounds {
		late := make(chan int64, woken)
		rt.Run(func() {
			var waiters [woken]wait.Waiter
			ready := newLatch(woken)
			var at atomic.Int64
			for i := range waiters {
				fibers.Go(func() {
					waiters[i] = wait.Current()
					ready.done()
					waiters[i].Park(wait.Signal)
					late <- laps.Load() - at.Load()
				})
			}
			ready.wait()
			at.Store(laps.Load())
			for _, w := range waiters {
				w.Unpark()
			}
		})
		n := int64(0)
		for range woken {
			n = max(n, <-late)
		}
		lates = append(lates, n)
	}
	slices.Sort(lates)
	// In some rounds a stand-in may come, and all pairs go by the injector.
	if n := lates[rounds/2]; n > 2*pairs {
		t.Errorf("woken fibers ran after %d laps of %d pairs", lates, pairs)
	}
}

// Of what goroutines spawn, a scheduler that was busy took one at a turn, and twenty thousand of them
// took half a minute to begin beside others that wake each other.
func TestFibersOfGoroutinesBeginBesideBusyOnes(t *testing.T) {
	const tries, most = 10, 30
	var per []float64
	for range tries { // where other programs have the processors, turns look at the injector by time: seldom
		per = append(per, lapsForEachThatBegins(t))
		if per[len(per)-1] <= most {
			return
		}
	}
	t.Errorf("%.1f laps for each fiber that began, want at most %d", per, most)
}

// lapsForEachThatBegins returns how many laps twenty pairs make for each fiber of those that a goroutine
// has spawned: of those that are left when all are spawned.
func lapsForEachThatBegins(t *testing.T) float64 {
	const n, least = 30_000, 3_000
	rt := newRuntime(t, fibers.WithSchedulers(1))
	var over atomic.Bool
	laps := churn(rt, 20, &over)
	defer over.Store(true)
	var begun atomic.Int64
	var ended sync.WaitGroup
	ended.Add(n)
	for range n {
		rt.Go(func() { begun.Inc(); ended.Done() })
	}
	at, left := laps.Load(), n-begun.Load()
	ended.Wait()
	if left < least { // then they have begun as fast as they were spawned
		return 0
	}
	return float64(laps.Load()-at) / float64(left)
}
