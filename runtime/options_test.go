package runtime_test

import (
	"errors"
	"fmt"
	"math"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// outOfRange are options that New must refuse, and what the error has to say.
var outOfRange = map[string]struct {
	opts []fibers.Option
	says []string
}{
	"no scheduler":          {[]fibers.Option{fibers.WithSchedulers(0)}, []string{"WithSchedulers(0)", "1 to 1024"}},
	"negative schedulers":   {[]fibers.Option{fibers.WithSchedulers(-1)}, []string{"WithSchedulers(-1)", "1 to 1024"}},
	"one scheduler too far": {[]fibers.Option{fibers.WithSchedulers(fibers.MaxSchedulers + 1)}, []string{"WithSchedulers(1025)", "1 to 1024"}},
	"very many schedulers":  {[]fibers.Option{fibers.WithSchedulers(math.MaxInt)}, []string{"WithSchedulers", "1 to 1024"}},
	"very few schedulers":   {[]fibers.Option{fibers.WithSchedulers(math.MinInt)}, []string{"WithSchedulers", "1 to 1024"}},
	"no CPU":                {[]fibers.Option{fibers.WithCPUs()}, []string{"WithCPUs", "at least one", "allowed are ["}},
	"an empty list of CPUs": {[]fibers.Option{fibers.WithCPUs([]int{}...)}, []string{"WithCPUs", "at least one", "allowed are ["}},
	"a negative CPU":        {[]fibers.Option{fibers.WithCPUs(-1)}, []string{"WithCPUs", "CPU -1", "allowed are ["}},
	"a CPU that is not":     {[]fibers.Option{fibers.WithCPUs(1 << 20)}, []string{"WithCPUs", "CPU 1048576", "allowed are ["}},
	"a far CPU":             {[]fibers.Option{fibers.WithCPUs(math.MaxInt)}, []string{"WithCPUs", "allowed are ["}},
	"unpinned, no CPU":      {[]fibers.Option{fibers.WithPinning(false), fibers.WithCPUs(-1)}, []string{"WithCPUs", "CPU -1"}},
	"negative grace":        {[]fibers.Option{fibers.WithGrace(-1)}, []string{"WithGrace(-1ns)", "negative"}},
	"least grace":           {[]fibers.Option{fibers.WithGrace(math.MinInt64)}, []string{"WithGrace", "negative"}},
	"no blocking call":      {[]fibers.Option{fibers.WithBlockingLimit(0)}, []string{"WithBlockingLimit(0)", "at least 1"}},
	"nil":                   {[]fibers.Option{nil}, []string{"option 0 is nil"}},
	"nil after others":      {[]fibers.Option{fibers.WithDrain(), fibers.WithSchedulers(1), nil}, []string{"option 2 is nil"}},
	"the last of its kind":  {[]fibers.Option{fibers.WithSchedulers(1), fibers.WithSchedulers(0)}, []string{"WithSchedulers(0)"}},
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	for name, c := range outOfRange {
		t.Run(name, func(t *testing.T) {
			rt, err := fibers.New(c.opts...)
			if rt != nil || err == nil {
				t.Fatalf("New returned %v, %v", rt, err)
			}
			ran := false
			err2 := fibers.Run(func() { ran = true }, c.opts...)
			if ran || err2 == nil {
				t.Fatalf("Run returned %v; it ran its function: %v", err2, ran)
			}
			if err2.Error() != err.Error() {
				t.Errorf("New says %q, Run says %q", err, err2)
			}
			if !errors.Is(err, fibers.ErrOption) || !errors.Is(err2, fibers.ErrOption) {
				t.Errorf("%q does not wrap ErrOption", err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestALaterOptionOverridesAnEarlierOne(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(0), fibers.WithCPUs(-1), fibers.WithGrace(-1), fibers.WithPinning(true),
		fibers.WithSchedulers(3), fibers.WithCPUs(someCPU(t)), fibers.WithGrace(time.Second), fibers.WithPinning(false))
	st := rt.Stats()
	if len(st.Schedulers) != 3 || st.Pinned || st.PinError != nil {
		t.Errorf("%d schedulers, pinned: %v (%v); want 3, unpinned", len(st.Schedulers), st.Pinned, st.PinError)
	}
}

// someCPU returns one that the process may use.
func someCPU(t *testing.T) int {
	t.Helper()
	for cpu := range 1024 {
		rt, err := fibers.New(fibers.WithCPUs(cpu))
		if err == nil {
			if err := rt.Close(); err != nil {
				t.Fatal(err)
			}
			return cpu
		}
	}
	t.Fatal("no CPU may be used")
	return -1
}

func TestDefaultIsASchedulerForEachCPU(t *testing.T) {
	st := newRuntime(t).Stats()
	if want := min(goruntime.NumCPU(), goruntime.GOMAXPROCS(0)); len(st.Schedulers) != want {
		t.Errorf("%d schedulers, want %d", len(st.Schedulers), want)
	}
	if st.StandIns != 0 || st.Fibers != 0 || st.Spawned != 0 {
		t.Errorf("a new runtime says %+v", st)
	}
	if st.PinError != nil {
		t.Errorf("nobody asked for pinning, PinError is %v", st.PinError)
	}
	seen := map[int]bool{}
	for _, s := range st.Schedulers {
		if s.StandIn || seen[s.Index] || s.Index < 0 || s.Index >= len(st.Schedulers) {
			t.Errorf("scheduler %+v", s)
		}
		seen[s.Index] = true
		if (s.CPU >= 0) != st.Pinned {
			t.Errorf("pinned is %v, and a scheduler's CPU %d", st.Pinned, s.CPU)
		}
	}
}

func TestSchedulersShareTheCPUsTheyAreGiven(t *testing.T) {
	cpu := someCPU(t)
	rt := newRuntime(t, fibers.WithCPUs(cpu, cpu), fibers.WithSchedulers(5))
	if err := rt.Run(func() { fibers.Sleep(time.Millisecond) }); err != nil {
		t.Error(err)
	}
	st := rt.Stats()
	if len(st.Schedulers) != 5 {
		t.Errorf("%d schedulers, want 5", len(st.Schedulers))
	}
	for _, s := range st.Schedulers {
		if st.Pinned && s.CPU != cpu {
			t.Errorf("scheduler %d is locked to CPU %d, want %d", s.Index, s.CPU, cpu)
		}
	}
	if goruntime.GOOS == "linux" && !st.Pinned {
		t.Errorf("not pinned: %v", st.PinError)
	}
	if n := len(newRuntime(t, fibers.WithCPUs(cpu, cpu, cpu)).Stats().Schedulers); n != 3 {
		t.Errorf("%d schedulers for a list of 3 CPUs", n)
	}
}

// WithCPUs must not keep the caller's slice.
func TestTheListOfCPUsIsCopied(t *testing.T) {
	cpus := []int{someCPU(t)}
	option := fibers.WithCPUs(cpus...)
	cpus[0] = -1
	if err := fibers.Run(func() {}, option); err != nil {
		t.Error(err)
	}
}

func TestPinningThatWasAskedForAndCannotBeIsReported(t *testing.T) {
	more := fibers.WithSchedulers(goruntime.NumCPU() + 1)
	st := newRuntime(t, more, fibers.WithPinning(true)).Stats()
	if st.Pinned || st.PinError == nil {
		t.Fatalf("pinned: %v, error: %v", st.Pinned, st.PinError)
	}
	if goruntime.GOOS == "linux" {
		for _, want := range []string{fmt.Sprint(goruntime.NumCPU()+1, " schedulers"), fmt.Sprint(goruntime.NumCPU(), " CPUs"), "WithCPUs"} {
			if !strings.Contains(st.PinError.Error(), want) {
				t.Errorf("%q does not say %q", st.PinError, want)
			}
		}
	}
	for _, s := range st.Schedulers {
		if s.CPU != -1 || s.OnCore != 1 {
			t.Errorf("an unpinned scheduler says CPU %d, OnCore %v", s.CPU, s.OnCore)
		}
	}
	for name, opts := range map[string][]fibers.Option{
		"by default":   {more},
		"asked not":    {more, fibers.WithPinning(false)},
		"asked not, 1": {fibers.WithSchedulers(1), fibers.WithPinning(false)},
	} {
		if st := newRuntime(t, opts...).Stats(); st.Pinned || st.PinError != nil {
			t.Errorf("%s: pinned: %v, error: %v", name, st.Pinned, st.PinError)
		}
	}
}

func TestExtremesThatAreAllowed(t *testing.T) {
	for name, opts := range map[string][]fibers.Option{
		"one scheduler":   {fibers.WithSchedulers(1)},
		"many schedulers": {fibers.WithSchedulers(scale(64, 16))},
		"endless grace":   {fibers.WithGrace(math.MaxInt64)},
		"no handler":      {fibers.WithPanicHandler(nil)},
		"said twice":      {fibers.WithDrain(), fibers.WithDrain()},
	} {
		t.Run(name, func(t *testing.T) {
			var ran atomic.Bool
			if err := fibers.Run(func() { fibers.Yield(); ran.Store(true) }, opts...); err != nil || !ran.Load() {
				t.Errorf("Run returned %v; main ran: %v", err, ran.Load())
			}
		})
	}
}

// No grace means not to wait: but a runtime whose only fiber has returned has
// nothing to wait for.
func TestNoGraceIsEnoughForNoFibers(t *testing.T) {
	for range scale(200, 50) {
		if err := fibers.Run(func() {}, fibers.WithGrace(0)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDefaultGraceCoversAShortComputation(t *testing.T) {
	var up atomic.Bool
	err := fibers.Run(func() {
		fibers.Go(func() { up.Store(true); spin(200 * time.Millisecond) })
		for !up.Load() {
			fibers.Yield()
		}
	})
	if err != nil {
		t.Error(err)
	}
}
