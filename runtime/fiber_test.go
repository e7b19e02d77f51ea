package runtime_test

import (
	"context"
	"fmt"
	"iter"
	goruntime "runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The only awake fiber, which was woken by the clock, wakes another and goes on
// computing: an idle scheduler, or a stand-in, has to take the other one.
func TestWokenFiberIsNotHeldUpByItsWaker(t *testing.T) {
	for name, idle := range idleBefore {
		for _, n := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/scheds=%d", name, n), func(t *testing.T) {
				var woken, told, gaveUp atomic.Bool
				err := fibers.Run(func() {
					w := wait.Current()
					fibers.Go(func() {
						fibers.Sleep(idle)
						woken.Store(true)
						w.Unpark()
						gaveUp.Store(!hogUntil(&told))
					})
					for !woken.Load() {
						w.Park(wait.Signal)
					}
					told.Store(true)
				}, fibers.WithSchedulers(n))
				if err != nil {
					t.Error(err)
				}
				if gaveUp.Load() {
					t.Error("a fiber that was woken did not run while its waker computed")
				}
			})
		}
	}
}

// labelled returns how many goroutines bear the profiler label.
func labelled(t *testing.T, label string) int {
	t.Helper()
	var b strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	return strings.Count(b.String(), label)
}

// unlabelled is labelled once that is 0: who awaits a task may go on, on a stand-in, before
// its fiber has come to its end.
func unlabelled(t *testing.T, label string) (n int) {
	for start := time.Now(); time.Since(start) < 20*time.Second; goruntime.Gosched() {
		if n = labelled(t, label); n == 0 {
			break
		}
	}
	return n
}

// A goroutine starts with its parent's profiler labels and takes its own with
// it when it ends. A fiber must not leave its own to a stranger.
func TestLabelsOfAFiberDoNotReachTheNextOne(t *testing.T) {
	err := fibers.Run(func() {
		for range 3 {
			_, _ = fibers.Spawn(func() (int, error) {
				pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("job", "unwanted-label")))
				return 0, nil
			}).Await()
		}
		n, _ := fibers.Spawn(func() (int, error) { return unlabelled(t, "unwanted-label"), nil }).Await()
		if n != 0 {
			t.Errorf("%d goroutines bear a label that was set by a fiber which has ended", n)
		}
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Error(err)
	}
}

// namedLabel is how the goroutine profile shows the label of a fiber's name.
func namedLabel(name string) string { return fmt.Sprintf("%q:%q", "fiber", name) }

func TestNameIsAProfilerLabelForTheFiberAlone(t *testing.T) {
	seen := func(name string) int { return labelled(t, namedLabel(name)) }
	err := fibers.Run(func() {
		up := newLatch(1)
		fibers.GoNamed("by-go", func() { up.done(); fibers.Sleep(time.Hour) })
		up.wait()
		if n := seen("by-go"); n != 1 {
			t.Errorf("GoNamed: %d goroutines bear the label, want 1", n)
		}
		_, _ = fibers.Spawn(func() (int, error) {
			fibers.Current().SetName("by-itself")
			if n := seen("by-itself"); n != 1 {
				t.Errorf("SetName: %d goroutines bear the label, want 1", n)
			}
			return 0, nil
		}).Await()
		_, _ = fibers.Spawn(func() (int, error) {
			if n := unlabelled(t, namedLabel("by-itself")); n != 0 {
				t.Errorf("after the fiber's end: %d goroutines bear its label", n)
			}
			return 0, nil
		}).Await()
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Error(err)
	}
}

// A fiber is one and the same to itself, across waits and scheduler changes;
// whatever runs beside it is another, or none.
func TestCurrentIsTheFiberItself(t *testing.T) {
	if fibers.Current() != nil {
		t.Error("a plain goroutine is a fiber")
	}
	const n = 100
	handles := make([]*fibers.Fiber, n)
	rt := newRuntime(t, fibers.WithSchedulers(4))
	if err := rt.Run(func() {
		l := newLatch(n)
		for i := range n {
			fibers.Go(func() {
				defer l.done()
				self := fibers.Current()
				handles[i] = self
				none := func() *fibers.Fiber { return fibers.Current() }
				if fibers.Blocking(none) != nil {
					t.Error("a blocking call is a fiber")
				}
				started := make(chan *fibers.Fiber, 1)
				go func() { started <- fibers.Current() }()
				if <-started != nil {
					t.Error("a goroutine started by a fiber is a fiber")
				}
				pulled := func(yield func(*fibers.Fiber) bool) { yield(fibers.Current()) }
				next, stop := iter.Pull(pulled)
				if other, ok := next(); !ok || other == self {
					t.Error("the body of iter.Pull, a goroutine of its own, is the fiber that pulls")
				}
				stop()
				for range 5 {
					fibers.Yield()
					fibers.Sleep(time.Microsecond)
					if fibers.Current() != self || self.ID() != handles[i].ID() {
						t.Error("a fiber changed its identity")
					}
				}
			})
		}
		l.wait()
	}); err != nil {
		t.Error(err)
	}
	seen := map[*fibers.Fiber]bool{}
	for _, h := range handles {
		seen[h] = true
	}
	if len(seen) != n {
		t.Errorf("%d handles of %d fibers", len(seen), n)
	}
}

// Numbers and names are the fiber's alone also when its record and its stack
// serve others, and stay when it has ended.
func TestIDsAreUniqueAndStay(t *testing.T) {
	n := scale(100_000, 10_000)
	ids := make([]uint64, 2*n)
	handles := make([]*fibers.Fiber, 64)
	a, b := newRuntime(t, fibers.WithSchedulers(2)), newRuntime(t, fibers.WithSchedulers(1))
	fill := func(i int) func() {
		return func() {
			self := fibers.Current()
			ids[i] = self.ID()
			if self.Name() != "" {
				t.Errorf("a new fiber is called %q", self.Name())
			}
			if i < len(handles) {
				self.SetName(fmt.Sprint("fiber ", i))
				handles[i] = self
			}
		}
	}
	if err := a.Run(func() {
		l := newLatch(2 * n)
		for i := range n {
			fibers.Go(func() { fill(i)(); l.done() })
			b.Go(func() { fill(n + i)(); l.done() })
		}
		l.wait()
	}); err != nil {
		t.Error(err)
	}
	seen := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		if id == 0 || seen[id] {
			t.Fatalf("number %d is taken, or zero", id)
		}
		seen[id] = true
	}
	for i, h := range handles {
		if h.ID() != ids[i] || h.Name() != fmt.Sprint("fiber ", i) {
			t.Errorf("after its end fiber %d is number %d, %q; it was %d", i, h.ID(), h.Name(), ids[i])
		}
	}
}

// One scheduler numbers its fibers in the order of spawning.
func TestIDsGrowOnAScheduler(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	const n = 3000 // more than are numbered at a time
	var ids []uint64
	if err := rt.Run(func() {
		for range n {
			id, _ := fibers.Spawn(func() (uint64, error) { return fibers.Current().ID(), nil }).Await()
			ids = append(ids, id)
		}
	}); err != nil {
		t.Error(err)
	}
	if rt.Stats().StandIns == 0 && !slices.IsSorted(ids) {
		t.Error("numbers do not grow")
	}
}

func TestNamesMayBeChangedFromAnywhere(t *testing.T) {
	rt := newRuntime(t)
	handle, release := make(chan *fibers.Fiber), make(chan struct{})
	rt.Go(func() {
		self := fibers.Current()
		if self.Name() != "" {
			t.Errorf("it is called %q from the start", self.Name())
		}
		handle <- self
		fibers.Blocking(func() struct{} { return <-release })
		if self.Name() != "by another" {
			t.Errorf("it is called %q, want what another called it", self.Name())
		}
		for _, name := range []string{"first", "", "second", "with \"quotes\" and ünicode\n", strings.Repeat("long", 1000)} {
			self.SetName(name)
			if self.Name() != name {
				t.Errorf("it is called %q, want %q", self.Name(), name)
			}
		}
		handle <- self
	})
	h := <-handle
	h.SetName("by another")
	untilWaiting(rt, "by another")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { h.SetName("by another") })
	}
	wg.Wait()
	close(release)
	<-handle
	h.SetName("after its end")
	if h.Name() != "after its end" {
		t.Errorf("an ended fiber is called %q", h.Name())
	}
}

// Go and GoNamed with a name, in fibers and goroutines.
func TestGoNamedNamesTheFiber(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		for _, name := range []string{"", "clerk"} {
			got := make(chan string, 1)
			fibers.GoNamed(name, func() { got <- fibers.Current().Name() })
			if n := fibers.Blocking(func() string { return <-got }); n != name {
				t.Errorf("it is called %q, want %q", n, name)
			}
		}
	})
}

// Yield lets every fiber that waits have its turn first.
func TestYieldGoesBehindAllThatWait(t *testing.T) {
	fibers.Yield() // in a goroutine
	rt := newRuntime(t, fibers.WithSchedulers(1))
	if err := rt.Run(func() {
		const n, rounds = 10, 100
		var turns [n]atomic.Int64
		l := newLatch(n)
		for i := range n {
			fibers.Go(func() {
				for range rounds {
					turns[i].Inc()
					fibers.Yield()
				}
				l.done()
			})
		}
		l.wait()
		for i := range turns {
			if turns[i].Load() != rounds {
				t.Errorf("fiber %d had %d of %d turns", i, turns[i].Load(), rounds)
			}
		}
	}); err != nil {
		t.Error(err)
	}
}
