package runtime_test

import (
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A fiber starts goroutines and computes on. The Go runtime has a processor for them, which
// the understudy must not keep while it rests.
func TestGoroutinesGetTheProcessorOfTheUnderstudy(t *testing.T) {
	defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(2))
	const tries = 40
	delays := make(chan time.Duration, tries)
	compute := func(d time.Duration) {
		for start := time.Now(); time.Since(start) < d; {
		}
	}
	err := fibers.Run(func() {
		for range tries {
			compute(6 * time.Millisecond) // all schedulers are awake for so long that the monitor calls
			start := time.Now()
			go func() { delays <- time.Since(start) }()
			compute(6 * time.Millisecond)
			fibers.Yield()
		}
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	var all []time.Duration
	for range tries {
		all = append(all, <-delays)
	}
	slices.Sort(all)
	if median := all[tries/2]; median > 2*time.Millisecond {
		t.Errorf("half of the goroutines began more than %v late: %v", median, all)
	}
}
