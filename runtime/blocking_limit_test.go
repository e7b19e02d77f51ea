package runtime_test

import (
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// untilBlocking waits until so many calls run and wait.
func untilBlocking(t *testing.T, rt *fibers.Runtime, running, waiting int) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for {
		st := rt.Stats().Blocking
		if st.Running == running && st.Waiting == waiting {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d calls run and %d wait, not %d and %d", st.Running, st.Waiting, running, waiting)
		}
		time.Sleep(100 * time.Microsecond) // sleep: what is waited for is not told
	}
}

// However calls end, no more than the limit run at once, and as many do.
func TestBlockingLimitHolds(t *testing.T) {
	const limit = 3
	for _, schedulers := range []int{1, 4} {
		rt := newRuntime(t, fibers.WithSchedulers(schedulers), fibers.WithBlockingLimit(limit))
		var running, most, done atomic.Int32
		var all sync.WaitGroup
		const parties, each = 30, 20
		all.Add(parties)
		for p := range parties {
			rt.Go(func() {
				defer all.Done()
				for i := range each {
					func() {
						defer func() { recover() }()
						fibers.Blocking(func() int {
							n := running.Inc()
							defer running.Dec()
							for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
							}
							goruntime.Gosched()
							done.Inc()
							if (p+i)%7 == 0 {
								panic("as they do")
							}
							return 0
						})
					}()
				}
				if p%2 == 0 {
					fibers.Blocking(func() int { goruntime.Goexit(); return 0 })
				}
			})
		}
		within(t, 60*time.Second, "the calls", all.Wait)
		if most.Load() > limit || done.Load() != parties*each {
			t.Errorf("%d at once, %d calls", most.Load(), done.Load())
		}
		untilBlocking(t, rt, 0, 0)
		release := make(chan struct{})
		for range limit + 2 {
			rt.Go(func() { fibers.Blocking(func() int { <-release; return 0 }) })
		}
		untilBlocking(t, rt, limit, 2)
		if st := rt.Stats().Blocking; st.Limit != limit {
			t.Errorf("the limit is said to be %d", st.Limit)
		}
		fibers.Blocking(func() int { return 0 })               // in a goroutine: right there
		within(t, 30*time.Second, "a runtime inside", func() { // does not count, nor wait
			if err := rt.Run(func() { _ = fibers.Run(func() {}) }); err != nil {
				t.Error(err)
			}
		})
		close(release)
		untilBlocking(t, rt, 0, 0)
	}
}

func TestBlockingLimitServesInOrder(t *testing.T) {
	rt := newRuntime(t, fibers.WithBlockingLimit(1))
	release := make(chan struct{})
	rt.Go(func() { fibers.Blocking(func() int { <-release; return 0 }) })
	untilBlocking(t, rt, 1, 0)
	const n = 20
	var order []int // by those who have the thread
	var all sync.WaitGroup
	all.Add(n)
	for i := range n {
		rt.Go(func() {
			defer all.Done()
			fibers.Blocking(func() int { order = append(order, i); return 0 })
		})
		untilBlocking(t, rt, 1, i+1)
	}
	states := map[string]int{}
	for _, f := range rt.Fibers() {
		states[f.Reason]++
	}
	if states["wait for a thread"] != n || states["blocking call"] != 1 {
		t.Errorf("they are said to be in %v", states)
	}
	if r := fibers.Examine(rt); r.StuckCount != 0 || len(r.Deadlocks) != 0 {
		t.Errorf("who waits for a thread is taken for stuck: %v", r)
	}
	close(release)
	within(t, 30*time.Second, "the calls", all.Wait)
	if !slices.IsSorted(order) || len(order) != n {
		t.Errorf("the order was %v", order)
	}
}

// The end takes fibers out of the line, but not those that clean up, which get their turn.
func TestBlockingLimitAtTheEnd(t *testing.T) {
	rt := newRuntime(t, fibers.WithBlockingLimit(1), fibers.WithGrace(30*time.Second))
	release := make(chan struct{})
	var cleaned atomic.Int32
	rt.Go(func() { fibers.Blocking(func() int { <-release; return 0 }) })
	untilBlocking(t, rt, 1, 0)
	const n = 10
	for range n {
		rt.Go(func() { // in line
			fibers.Blocking(func() int { t.Error("a call was begun at the end"); return 0 })
		})
		rt.Go(func() { // its clean-up will be
			defer func() { fibers.Blocking(func() int { cleaned.Inc(); return 0 }) }()
			cml.Perform(cml.Never[int]())
		})
		rt.Go(func() { // is in line already
			fibers.Protect(func() { fibers.Blocking(func() int { cleaned.Inc(); return 0 }) })
		})
	}
	untilBlocking(t, rt, 1, 2*n)
	closed := make(chan error)
	go func() { closed <- rt.Close() }()
	within(t, 30*time.Second, "those in line", func() {
		for rt.NumFibers() > 2*n+1 {
			time.Sleep(100 * time.Microsecond) // sleep: what is waited for is not told
		}
	})
	untilBlocking(t, rt, 1, 2*n) // n have left, n have come
	close(release)
	within(t, 30*time.Second, "Close", func() {
		if err := <-closed; err != nil || cleaned.Load() != 2*n {
			t.Errorf("Close returned %v, %d of %d have cleaned up", err, cleaned.Load(), 2*n)
		}
	})
	untilBlocking(t, rt, 0, 0)
}

// Clean-up that does not get its turn is cut at the end of the grace; the end does not wait for
// ever.
func TestBlockingLimitDoesNotHoldUpTheEnd(t *testing.T) {
	rt, err := fibers.New(fibers.WithBlockingLimit(1), fibers.WithGrace(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	rt.Go(func() { fibers.Blocking(func() int { <-release; return 0 }) })
	untilBlocking(t, rt, 1, 0)
	rt.Go(func() {
		defer func() { fibers.Blocking(func() int { t.Error("it was begun"); return 0 }) }()
		cml.Perform(cml.Never[int]())
	})
	within(t, 30*time.Second, "Close", func() {
		var left *fibers.LeftoverError
		if err := rt.Close(); !errors.As(err, &left) || len(left.Fibers) != 1 || left.Fibers[0].Reason != "blocking call" {
			t.Errorf("Close returned %v", err)
		}
	})
	untilBlocking(t, rt, 1, 0)
	close(release)
	untilBlocking(t, rt, 0, 0)
}

// Places that are given away while fibers leave the line are not lost: T1.
func TestBlockingLimitEndRaces(t *testing.T) {
	for i := range 150 {
		rt, err := fibers.New(fibers.WithSchedulers(1+i%3), fibers.WithPinning(false), fibers.WithBlockingLimit(1+i%2))
		if err != nil {
			t.Fatal(err)
		}
		var begun atomic.Int32
		for range 12 {
			rt.Go(func() {
				for {
					fibers.Blocking(func() int { begun.Inc(); return 0 })
				}
			})
		}
		for begun.Load() < int32(i%20) {
			goruntime.Gosched()
		}
		within(t, 30*time.Second, "Close", func() {
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
		})
		if st := rt.Stats().Blocking; st.Running != 0 || st.Waiting != 0 {
			t.Fatalf("%d run and %d wait after the end", st.Running, st.Waiting)
		}
	}
}

func ExampleWithBlockingLimit() {
	err := fibers.Run(func() {
		for range 10 {
			fibers.Go(func() {
				fibers.Blocking(func() int { // at most two at once
					time.Sleep(time.Millisecond) // sleep: a call that takes a while
					return 0
				})
			})
		}
	}, fibers.WithDrain(), fibers.WithBlockingLimit(2))
	fmt.Println(err)
	// Output: <nil>
}
