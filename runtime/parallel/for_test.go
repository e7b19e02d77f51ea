package parallel_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// Every index once, whatever the range and the grain; no piece larger than the
// grain, none empty.
func TestFor(t *testing.T) {
	on(t, func(t *testing.T) {
		for _, r := range [][2]int{{0, 0}, {5, 5}, {5, 4}, {3, -3}, {0, 1}, {-1, 0}, {0, 2}, {-7, 12}, {100, 1100}, {0, 20_000}} {
			for _, grain := range []int{-5, 0, 1, 2, 7, 1000, 1 << 30} {
				lo, hi := r[0], r[1]
				var mu sync.Mutex
				counts := map[int]int{}
				parallel.For(lo, hi, grain, func(from, to int) {
					if from >= to || from < lo || to > hi || grain > 0 && to-from > grain {
						t.Errorf("For(%d, %d, %d): piece %d to %d", lo, hi, grain, from, to)
					}
					mu.Lock()
					defer mu.Unlock()
					for i := from; i < to; i++ {
						counts[i]++
					}
				})
				for i := lo; i < hi; i++ {
					if counts[i] != 1 {
						t.Fatalf("For(%d, %d, %d): index %d came %d times", lo, hi, grain, i, counts[i])
					}
				}
				if n := max(hi-lo, 0); len(counts) != n {
					t.Errorf("For(%d, %d, %d): %d indices of %d", lo, hi, grain, len(counts), n)
				}
			}
		}
	})
}

// The ends of what int can hold; the length of the whole is more than that.
func TestForExtremes(t *testing.T) {
	on(t, func(t *testing.T) {
		var pieces, size atomic.Int64
		for _, r := range [][2]int{{math.MinInt, math.MinInt + 10}, {math.MaxInt - 10, math.MaxInt}} {
			parallel.For(r[0], r[1], 3, func(lo, hi int) { pieces.Inc(); size.Add(int64(hi - lo)) })
			parallel.For(r[0], r[1], 0, func(lo, hi int) { size.Add(int64(hi - lo)) })
		}
		if pieces.Load() != 8 || size.Load() != 40 {
			t.Errorf("%d pieces, %d indices", pieces.Load(), size.Load())
		}
		var last atomic.Bool
		parallel.For(math.MinInt, math.MaxInt, math.MaxInt, func(lo, hi int) {
			if lo >= hi {
				t.Errorf("piece %d to %d", lo, hi)
			}
			if hi == math.MaxInt {
				last.Store(true)
			}
		})
		if !last.Load() {
			t.Error("the range was not gone through to its end")
		}
	})
}

// Two schedulers share a loop, of which neither knew how long a piece takes.
func TestForIsShared(t *testing.T) {
	in(t, 2, func() {
		// Pieces 0 and 1 meet: each waits for the other with its scheduler.
		for _, grain := range []int{0, 1} {
			var arrived atomic.Int32
			var met atomic.Bool
			parallel.For(0, 2, grain, func(int, int) {
				if arrived.Inc() == 2 {
					met.Store(true)
				}
				spin(&met)
			})
		}
	})
}

// Pieces wait for pieces above and below them, all at once.
func TestForWaits(t *testing.T) {
	on(t, func(t *testing.T) {
		const n = 200
		c := cml.NewChan[int]()
		var sum atomic.Int64
		parallel.For(0, 2*n, 1, func(i, _ int) {
			if i%2 == 0 {
				sum.Add(int64(c.Get()))
			} else {
				c.Put(i)
			}
		})
		if sum.Load() != n*n {
			t.Errorf("sum %d", sum.Load())
		}
		var b atomic.Int32
		began := time.Now()
		parallel.For(0, 100, 0, func(lo, hi int) { fibers.Sleep(10 * time.Millisecond); b.Add(int32(hi - lo)) })
		if took := time.Since(began); b.Load() != 100 || took > 500*time.Millisecond*time.Duration(slow) {
			t.Errorf("%d naps of 10 ms, all at once, took %v", b.Load(), took)
		}
	})
}

// One within the other, three deep, with forks beside.
func TestForNested(t *testing.T) {
	on(t, func(t *testing.T) {
		const n = 12
		var counts [n][n][n]atomic.Int32
		parallel.For(0, n, 1, func(i, _ int) {
			parallel.For(0, n, 0, func(lo, hi int) {
				for j := lo; j < hi; j++ {
					fib(5)
					parallel.For(0, n, 5, func(lo, hi int) {
						for k := lo; k < hi; k++ {
							counts[i][j][k].Inc()
						}
					})
				}
			})
		})
		for i := range n {
			for j := range n {
				for k := range n {
					if c := counts[i][j][k].Load(); c != 1 {
						t.Fatalf("%d %d %d came %d times", i, j, k, c)
					}
				}
			}
		}
	})
}

// The result is the same as if it were sequential, to the last bit, where the
// division is given; and the same every time where it is not.
func TestReduce(t *testing.T) {
	sum := func(in []float64) func(lo, hi int, acc float64) float64 {
		return func(lo, hi int, acc float64) float64 {
			for _, x := range in[lo:hi] {
				acc += x
			}
			return acc
		}
	}
	add := func(a, b float64) float64 { return a + b }
	in := make([]float64, 10_007)
	for i := range in {
		in[i] = 1 / float64(i+1)
	}
	want := map[int]float64{}
	for _, grain := range []int{0, 1, 10, 1000, 1 << 30} {
		want[grain] = parallel.Reduce(0, len(in), grain, 0, sum(in), add)
	}
	if s := sum(in)(0, len(in), 0); want[1<<30] != s {
		t.Errorf("in one part %v, sequentially %v", want[1<<30], s)
	}
	on(t, func(t *testing.T) {
		for range 20 {
			for grain, w := range want {
				if got := parallel.Reduce(0, len(in), grain, 0, sum(in), add); got != w {
					t.Errorf("grain %d: %v, before %v", grain, got, w)
				}
			}
		}
	})
}

// Not commutative: the order is kept. Every part begins with the identity.
func TestReduceOrder(t *testing.T) {
	on(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 100, 5000} {
			for _, grain := range []int{0, 1, 3, 10_000} {
				lo := -n / 2
				got := parallel.Reduce(lo, lo+n, grain, nil, func(lo, hi int, acc []int) []int {
					if len(acc) != 0 {
						t.Error("acc is not the identity")
					}
					if grain > 0 && hi-lo > grain {
						t.Errorf("a part of %d, grain %d", hi-lo, grain)
					}
					for i := lo; i < hi; i++ {
						acc = append(acc, i)
					}
					return acc
				}, func(a, b []int) []int { return append(a[:len(a):len(a)], b...) })
				if len(got) != n {
					t.Errorf("%d elements of %d", len(got), n)
				}
				for i, x := range got {
					if x != lo+i {
						t.Fatalf("element %d is %d, not %d", i, x, lo+i)
					}
				}
			}
		}
		if got := parallel.Reduce(3, 2, 0, "none", nil2, func(a, b string) string { return a + b }); got != "none" {
			t.Errorf("of an empty range: %q", got)
		}
	})
}

func nil2(lo, hi int, acc string) string { return acc + "!" }
