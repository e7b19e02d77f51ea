package runtime_test

import (
	"cmp"
	"context"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestStatsCountNoFibersThatWereRefused(t *testing.T) {
	rt := newRuntime(t)
	if err := rt.Run(func() {}); err != nil {
		t.Fatal(err)
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	before := rt.Stats().Spawned
	for range 10 {
		if err := rt.Run(func() {}); err != fibers.ErrClosed {
			t.Fatalf("Run on a closed runtime: %v", err)
		}
	}
	if after := rt.Stats().Spawned; before != 1 || after != before {
		t.Errorf("Spawned is %d after one Run, %d after ten more that were refused", before, after)
	}
}

// find returns what rt.Fibers says of the fiber of that name.
func find(rt *fibers.Runtime, name string) (fibers.FiberInfo, bool) {
	for _, f := range rt.Fibers() {
		if f.Name == name {
			return f, true
		}
	}
	return fibers.FiberInfo{}, false
}

//go:noinline
func nightWatch() { fibers.Sleep(time.Hour) }

//go:noinline
func dayWatch() (int, error) { fibers.Sleep(time.Hour); return 0, nil }

//go:noinline
func memberWatch(context.Context) error { fibers.Sleep(time.Hour); return nil }

func TestFibersTellsWhatAFiberDoes(t *testing.T) {
	rt := newRuntime(t)
	rt.Watch()
	var handle *fibers.Fiber
	up := make(chan struct{})
	rt.Go(func() {
		fibers.GoNamed("night", nightWatch)
		handle = fibers.Current()
		handle.SetName("father")
		close(up)
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(memberWatch)
			_, err := fibers.Spawn(dayWatch).Await()
			return err
		})
	})
	<-up
	untilWaiting(rt, "night")
	night, _ := find(rt, "night")
	if night.State != fibers.Waiting || night.Reason != "sleep" || night.For < 0 || night.For > time.Hour ||
		!strings.HasSuffix(night.Func, ".nightWatch") || !strings.Contains(night.Site, "info_test.go:") {
		t.Errorf("Fibers says %+v", night)
	}
	if untilWaiting(rt, "father"); handle.ID() == 0 {
		t.Error("no number")
	}
	father, _ := find(rt, "father")
	if father.ID != handle.ID() || father.Reason != "await task" || !strings.Contains(father.Func, "TestFibersTellsWhatAFiberDoes") {
		t.Errorf("Fibers says %+v", father)
	}
	for _, want := range []string{".memberWatch", ".dayWatch"} { // what the user wrote, not what we put around it
		found := false
		for start := time.Now(); !found && time.Since(start) < 30*time.Second; goruntime.Gosched() {
			for _, f := range rt.Fibers() {
				found = found || f.State == fibers.Waiting && strings.HasSuffix(f.Func, want) && strings.Contains(f.Site, "info_test.go:")
			}
		}
		if !found {
			t.Errorf("no fiber of %s among %+v", want, rt.Fibers())
		}
	}
	if !slices.IsSortedFunc(rt.Fibers(), func(a, b fibers.FiberInfo) int { return cmp.Compare(a.ID, b.ID) }) {
		t.Error("not in the order of their numbers")
	}
	if text := night.String(); !strings.Contains(text, `"night" [waiting: sleep, `) || !strings.Contains(text, night.Site) {
		t.Errorf("it is described as %q", text)
	}
}

func TestSitesAreKnownOnlySinceWatch(t *testing.T) {
	rt := newRuntime(t)
	rt.Go(func() { fibers.Current().SetName("before"); fibers.Sleep(time.Hour) })
	untilWaiting(rt, "before")
	rt.Watch()
	rt.Watch()
	rt.Go(func() { fibers.Current().SetName("after"); fibers.Sleep(time.Hour) })
	untilWaiting(rt, "after")
	before, _ := find(rt, "before")
	after, _ := find(rt, "after")
	if before.Site != "" || !strings.Contains(after.Site, "info_test.go:") {
		t.Errorf("spawned before: %q, after: %q", before.Site, after.Site)
	}
}

// A fiber that waits is said to wait by all who look, at once.
func TestAWaitingFiberLooksLikeThatToAllInspectors(t *testing.T) {
	rt := newRuntime(t)
	rt.Go(func() { fibers.Current().SetName("waiter"); parkForEver(wait.Signal) })
	untilWaiting(rt, "waiter")
	var wrong, missing atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range scale(20_000, 5_000) {
				switch f, ok := find(rt, "waiter"); {
				case !ok:
					missing.Inc()
				case f.State != fibers.Waiting:
					wrong.Inc()
				}
			}
		})
	}
	wg.Wait()
	if wrong.Load() > 0 || missing.Load() > 0 {
		t.Errorf("a fiber that waits was called runnable %d times, and not found %d times", wrong.Load(), missing.Load())
	}
}

// Inspection harms no one who is being woken at the same moment.
func TestInspectionLosesNoWakeUp(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				_, _ = rt.Fibers(), rt.Stats()
			}
		})
	}
	if err := rt.Run(func() {
		const n = 20
		l := newLatch(n)
		for range n {
			fibers.Go(func() {
				for range 50 {
					_, _ = fibers.Spawn(func() (int, error) { fibers.Yield(); return 0, nil }).Await()
					fibers.Sleep(time.Microsecond)
				}
				l.done()
			})
		}
		l.wait()
	}); err != nil {
		t.Error(err)
	}
	stop.Store(true)
	wg.Wait()
}

func TestNumFibersCountsTheLiving(t *testing.T) {
	rt := newRuntime(t)
	if rt.NumFibers() != 0 || len(rt.Fibers()) != 0 {
		t.Error("a new runtime has fibers")
	}
	const n = 50
	for range n {
		rt.Go(func() { fibers.Sleep(time.Hour) })
	}
	if got := rt.NumFibers(); got != n || len(rt.Fibers()) != n || rt.Stats().Fibers != n {
		t.Errorf("%d fibers, %d described, want %d", got, len(rt.Fibers()), n)
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if st := rt.Stats(); st.Fibers != 0 || st.Spawned != n || len(rt.Fibers()) != 0 {
		t.Errorf("after Close there are %d fibers of %d", st.Fibers, st.Spawned)
	}
}

// At rest the counters agree with each other.
func TestStatsAgreeAtRest(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	if err := rt.Run(func() {
		const n = 200
		l := newLatch(n)
		for range n {
			fibers.Go(func() { fibers.Sleep(time.Microsecond); l.done() })
		}
		l.wait()
	}); err != nil {
		t.Error(err)
	}
	for rt.NumFibers() > 0 {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	st := rt.Stats()
	var ended, parks, turns uint64
	for _, s := range st.Schedulers {
		ended, parks, turns = ended+s.Ended, parks+s.Parks, turns+s.Passes
		if s.Queued != 0 {
			t.Errorf("scheduler %d has %d fibers queued", s.Index, s.Queued)
		}
	}
	if st.Spawned != 201 || st.StandIns == 0 && (ended != 201 || parks < 200 || turns == 0) {
		t.Errorf("%d spawned, %d ended, %d parks, %d turns; 201 fibers waited once", st.Spawned, ended, parks, turns)
	}
}

func TestNamesOfStates(t *testing.T) {
	if fibers.Runnable.String() != "runnable" || fibers.Waiting.String() != "waiting" {
		t.Errorf("%v, %v", fibers.Runnable, fibers.Waiting)
	}
	for f, want := range map[fibers.FiberInfo]string{
		{ID: 1}:            "fiber 1 [runnable]",
		{ID: 2, Name: "n"}: `fiber 2 "n" [runnable]`,
		{ID: 3, State: fibers.Waiting, Reason: "sleep", For: 1500 * time.Microsecond}: "fiber 3 [waiting: sleep, 2ms]",
		{ID: 4, Func: "main.main", Site: "main.go:7"}:                                 "fiber 4 [runnable] main.main spawned at main.go:7",
	} {
		if f.String() != want {
			t.Errorf("%q, want %q", f, want)
		}
	}
}

// A fiber that began to wait while Fibers was on its way has waited for no time,
// not for one less than none.
func TestNobodyHasWaitedLongerThanTheRuntimeLives(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	var stop atomic.Bool
	for range 500 { // so many that time passes while they are looked at
		rt.Go(func() {
			for !stop.Load() {
				fibers.Sleep(100 * time.Microsecond)
			}
		})
	}
	start := time.Now()
	for time.Since(start) < 500*time.Millisecond {
		for _, f := range rt.Fibers() {
			if f.For < 0 || f.For > time.Since(start)+time.Minute {
				t.Fatalf("after %v: %v", time.Since(start), f)
			}
		}
	}
	stop.Store(true)
}
