package runtime

import (
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
)

func TestSmoke(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		var sum atomic.Int64
		err := Run(func() {
			for i := range 1000 {
				Go(func() { Yield(); sum.Add(int64(i)); Sleep(time.Millisecond) })
			}
		}, WithSchedulers(n), WithDrain())
		if err != nil || sum.Load() != 499500 {
			t.Fatal(err, sum.Load())
		}
	}
}

func benchIn(b *testing.B, n int, f func()) {
	rt, err := New(WithSchedulers(n))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	rt.Run(f)
	b.StopTimer()
	rt.Close()
}

func BenchmarkYield2(b *testing.B) {
	benchIn(b, 1, func() {
		var done future
		var left atomic.Int64
		left.Store(2)
		for range 2 {
			Go(func() {
				for range b.N / 2 {
					Yield()
				}
				if left.Add(-1) == 0 {
					done.complete()
				}
			})
		}
		done.await(wait.Await)
	})
}

func BenchmarkSpawn(b *testing.B) {
	benchIn(b, 1, func() {
		for range b.N/1000 + 1 {
			var done future
			var left atomic.Int64
			left.Store(1000)
			for range 1000 {
				Go(func() {
					if left.Add(-1) == 0 {
						done.complete()
					}
				})
			}
			done.await(wait.Await)
		}
	})
}

func BenchmarkSpawnPark(b *testing.B) {
	benchIn(b, 1, func() {
		for range b.N/1000 + 1 {
			var done future
			var left atomic.Int64
			left.Store(1000)
			var started atomic.Int64
			fs := make([]*fiber, 1000)
			for i := range 1000 {
				Go(func() {
					fs[i] = current().fiber
					started.Add(1)
					fs[i].Park(0)
					if left.Add(-1) == 0 {
						done.complete()
					}
				})
			}
			for started.Load() != 1000 {
				Yield()
			}
			for _, f := range fs {
				f.Unpark()
			}
			done.await(wait.Await)
		}
	})
}

func BenchmarkGoWG(b *testing.B) {
	b.ReportAllocs()
	old := goruntime.GOMAXPROCS(1)
	defer goruntime.GOMAXPROCS(old)
	for range b.N/1000 + 1 {
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {})
		}
		wg.Wait()
	}
}

func BenchmarkGosched2(b *testing.B) {
	old := goruntime.GOMAXPROCS(1)
	defer goruntime.GOMAXPROCS(old)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range b.N / 2 {
				goruntime.Gosched()
			}
		})
	}
	wg.Wait()
}
