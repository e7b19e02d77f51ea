package runtime_test

import (
	goruntime "runtime"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A counter is where one party waits to be served and others look for somebody
// to serve: a channel's word without the channel.
type counter struct {
	at     atomic.Pointer[wait.Waiter]
	served stdatomic.Int64
}

// serve serves whoever is there, if anybody is.
func (c *counter) serve() bool {
	w := c.at.Load()
	if w == nil || !c.at.CompareAndSwap(w, nil) {
		return false
	}
	c.served.Add(1)
	(*w).Serve()
	return true
}

// Everybody is served by fibers, goroutines and other schedulers, while strays
// unpark them for no reason and inspectors hold them: each wait ends with exactly
// one service, and none is lost.
func TestServeStress(t *testing.T) {
	const parties, rounds = 4, 3000
	for _, schedulers := range []int{1, 4} {
		rt, err := fibers.New(fibers.WithSchedulers(schedulers))
		if err != nil {
			t.Fatal(err)
		}
		var counters [2 * parties]counter
		var strays [2 * parties]atomic.Pointer[wait.Waiter]
		stop := make(chan struct{})
		var busy, done sync.WaitGroup
		until := func(f func(i int)) {
			busy.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						f(i)
						goruntime.Gosched()
					}
				}
			})
		}
		until(func(int) { rt.Fibers() })
		until(func(i int) {
			if w := strays[i%len(strays)].Load(); w != nil {
				(*w).Unpark()
			}
		})
		until(func(i int) { counters[i%len(counters)].serve() })
		party := func(i int) {
			defer done.Done()
			c := &counters[i]
			w := wait.Current()
			defer wait.Release(w)
			strays[i].Store(&w)
			for n := int64(1); n <= rounds; n++ {
				counters[(i*5+int(n))%len(counters)].serve()
				c.at.Store(&w)
				for {
					slot := w.Leave(wait.Signal)
					if slot != nil {
						slot.Swap()
					}
					served, ending := w.Arrive(slot)
					if ending {
						t.Error("ending")
					}
					if served {
						break
					}
				}
				if got := c.served.Load(); got != n {
					t.Errorf("%d services after %d waits", got, n)
				}
			}
			strays[i].Store(nil)
		}
		done.Add(2 * parties)
		for i := range parties {
			rt.Go(func() { party(i) })
			go party(parties + i)
		}
		within(t, 5*time.Minute, "everybody to be served", done.Wait)
		close(stop)
		busy.Wait()
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A service that comes in the middle of another wait is reported by the wait that it is for.
func TestAServiceIsLeftToTheWaitThatItIsFor(t *testing.T) {
	for name, other := range map[string]func(w wait.Waiter){
		"Wait": func(w wait.Waiter) { w.Wait(wait.Entry) },
		"Park": func(w wait.Waiter) { w.Park(wait.Entry) },
	} {
		for where, start := range map[string]func(func(w wait.Waiter)){
			"fiber": func(f func(w wait.Waiter)) {
				_ = fibers.Run(func() {
					w := wait.Current()
					defer wait.Release(w)
					f(w)
				})
			},
			"goroutine": func(f func(w wait.Waiter)) { f(wait.NewGoroutine()) },
		} {
			t.Run(name+"/"+where, func(t *testing.T) {
				start(func(w wait.Waiter) {
					var done atomic.Bool
					go func() {
						w.Serve()
						done.Store(true)
						w.Unpark() // the permit of the service may have been for the wait that follows
					}()
					for !done.Load() { // a wait may return early
						other(w)
					}
					w.Unpark()
					slot := w.Leave(wait.Signal)
					if slot != nil {
						slot.Swap()
					}
					if served, ending := w.Arrive(slot); !served || ending {
						t.Errorf("served %t, ending %t", served, ending)
					}
				})
			})
		}
	}
}
