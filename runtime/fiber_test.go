package runtime_test

import (
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
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
		n, _ := fibers.Spawn(func() (int, error) { return labelled(t, "unwanted-label"), nil }).Await()
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
			if n := seen("by-itself"); n != 0 {
				t.Errorf("after the fiber's end: %d goroutines bear its label", n)
			}
			return 0, nil
		}).Await()
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Error(err)
	}
}
