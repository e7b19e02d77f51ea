package runtime_test

import (
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A fiber starts goroutines and computes on. The Go runtime has a processor for them, which
// the understudy must not keep while it rests. Whether there is one beside other programs is seen at a
// goroutine that does the same, in turns with the fiber.
func TestGoroutinesGetTheProcessorOfTheUnderstudy(t *testing.T) {
	defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(2))
	const (
		late   = 2 * time.Millisecond
		free   = time.Millisecond // there was a processor
		rounds = 20               // to wait for that
	)
	var besideFiber, besideGoroutine time.Duration
	for range rounds {
		besideFiber, besideGoroutine = startDelays(t)
		if besideGoroutine <= free {
			if besideFiber > late {
				t.Errorf("half of the goroutines began more than %v late; where a goroutine started them, %v", besideFiber, besideGoroutine)
			}
			return
		}
	}
	if besideFiber > late+besideGoroutine {
		t.Errorf("half of the goroutines began more than %v late; where a goroutine started them, %v", besideFiber, besideGoroutine)
	}
}

// startDelays returns how late goroutines begin, in the median, that a fiber starts, and that a
// goroutine does.
func startDelays(t *testing.T) (byFiber, byGoroutine time.Duration) {
	const chunks, tries = 10, 4
	delays := make(chan time.Duration, chunks*tries)
	median := func(all []time.Duration) time.Duration {
		slices.Sort(all)
		return all[len(all)/2]
	}
	compute := func(d time.Duration) {
		for start := time.Now(); time.Since(start) < d; {
		}
	}
	work := func(yield func()) {
		for range tries {
			compute(6 * time.Millisecond) // all schedulers are awake for so long that the monitor calls
			start := time.Now()
			go func() { delays <- time.Since(start) }()
			compute(6 * time.Millisecond)
			yield()
		}
	}
	var fiber, native []time.Duration
	gather := func(all *[]time.Duration) {
		for range tries {
			*all = append(*all, <-delays)
		}
	}
	for range chunks {
		if err := fibers.Run(func() { work(fibers.Yield) }, fibers.WithSchedulers(1)); err != nil {
			t.Fatal(err)
		}
		gather(&fiber)
		work(goruntime.Gosched)
		gather(&native)
	}
	return median(fiber), median(native)
}
