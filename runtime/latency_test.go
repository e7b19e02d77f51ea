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
		{0.991, 65536 * time.Microsecond}, {1, 65536 * time.Microsecond},
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

// A scheduler that sleeps and is woken says how long it took.
func TestWakeUpsAreCounted(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	begin := time.Now()
	for rt.Stats().Schedulers[0].WakeUps.Count() < 3 {
		for !rt.Stats().Schedulers[0].Asleep {
			time.Sleep(time.Millisecond) // sleep: polling
		}
		if rt.Run(func() {}) != nil {
			t.Fatal("Run")
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatal("no wake-up is counted")
		}
	}
	if most := rt.Stats().Schedulers[0].WakeUps.Quantile(0.01); most > 2*time.Since(begin) {
		t.Errorf("the quickest took %v, of %v in all", most, time.Since(begin))
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
