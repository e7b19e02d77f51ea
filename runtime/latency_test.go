package runtime_test

import (
	"fmt"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestLatencies(t *testing.T) {
	var l fibers.Latencies
	if l.Count() != 0 || l.Quantile(0.5) != 0 {
		t.Errorf("of nothing: %d, %v", l.Count(), l.Quantile(0.5))
	}
	l[0], l[4], l[len(l)-1] = 50, 49, 1
	for _, c := range []struct {
		p    float64
		want time.Duration
	}{
		{0, time.Microsecond}, {0.5, time.Microsecond}, {0.51, 16 * time.Microsecond}, {0.99, 16 * time.Microsecond},
		{0.991, 4194304 * time.Microsecond}, {1, 4194304 * time.Microsecond},
	} {
		if got := l.Quantile(c.p); got != c.want {
			t.Errorf("Quantile(%v) = %v, want %v", c.p, got, c.want)
		}
	}
	for _, p := range []float64{-0.1, 1.1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Quantile(%v) does not panic", p)
				}
			}()
			l.Quantile(p)
		}()
	}
}

// A scheduler that sleeps and is woken says how long it took: from the call, not
// since it was made.
func TestWakeUpsAreCounted(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	const age = 2 * time.Second
	time.Sleep(age) // sleep: so that its age is more than any wake-up takes
	read := func() fibers.SchedulerStats { return rt.Stats().Schedulers[0] }
	before := read().WakeUps.Count()
	for begin := time.Now(); read().WakeUps.Count() < before+50; {
		if read().Asleep && rt.Run(func() {}) != nil {
			t.Fatal("Run")
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("of %d wake-ups to come %d are counted", 50, read().WakeUps.Count()-before)
		}
	}
	if half := read().WakeUps.Quantile(0.5); half > age/2 {
		t.Errorf("half of the wake-ups took %v", half)
	}
}

func ExampleLatencies_Quantile() {
	l := fibers.Latencies{4: 98, 10: 2} // 98 below 16 µs, 2 below 1024 µs
	fmt.Println(l.Quantile(0.5), l.Quantile(0.99))
	// Output: 16µs 1.024ms
}

func ExampleLatencies_Count() {
	fmt.Println(fibers.Latencies{4: 98, 10: 2}.Count())
	// Output: 100
}
