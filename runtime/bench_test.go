package runtime_test

import (
	"fmt"
	goruntime "runtime"
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// in runs f in a fiber of a runtime with n schedulers, timed without the
// runtime's making.
func in(b *testing.B, n int, f func()) {
	rt := newRuntime(b, fibers.WithSchedulers(n))
	b.ReportAllocs()
	b.ResetTimer()
	rt.Run(f)
	b.StopTimer()
}

func BenchmarkYield(b *testing.B) {
	for _, n := range []int{1, 2, 100, 10000} {
		b.Run(fmt.Sprintf("fibers=%d", n), func(b *testing.B) {
			in(b, 1, func() {
				l := newLatch(n)
				for range n {
					fibers.Go(func() {
						for range b.N/n + 1 {
							fibers.Yield()
						}
						l.done()
					})
				}
				l.wait()
			})
		})
	}
}

func BenchmarkSpawn(b *testing.B) {
	for _, scheds := range []int{1, 2} {
		b.Run(fmt.Sprintf("scheds=%d", scheds), func(b *testing.B) {
			in(b, scheds, func() {
				for range b.N/1000 + 1 {
					l := newLatch(1000)
					for range 1000 {
						fibers.Go(l.done)
					}
					l.wait()
				}
			})
		})
	}
}

func BenchmarkSpawnParkOnce(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("on=fibers/atonce=%d", n), func(b *testing.B) {
			in(b, 1, func() {
				ws := make([]wait.Waiter, n)
				for range b.N/n + 1 {
					var open atomic.Bool
					parked, l := newLatch(n), newLatch(n)
					for i := range n {
						fibers.Go(func() {
							w := wait.Current()
							ws[i] = w
							parked.done()
							for !open.Load() {
								w.Park(wait.Signal)
							}
							l.done()
						})
					}
					parked.wait()
					open.Store(true)
					for _, w := range ws {
						w.Unpark()
					}
					l.wait()
				}
			})
		})
		b.Run(fmt.Sprintf("on=goroutines/atonce=%d", n), func(b *testing.B) {
			defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(1))
			b.ReportAllocs()
			for range b.N/n + 1 {
				open := make(chan bool)
				var l sync.WaitGroup
				for range n {
					l.Go(func() { <-open })
				}
				for range n {
					open <- true
				}
				l.Wait()
			}
		})
	}
}

func BenchmarkParkUnpark(b *testing.B) {
	in(b, 1, func() {
		var turn atomic.Int64
		var started atomic.Bool
		var ws [2]wait.Waiter
		ready, l := newLatch(2), newLatch(2)
		for i := range 2 {
			fibers.Go(func() {
				ws[i] = wait.Current()
				ready.done()
				for !started.Load() {
					fibers.Yield()
				}
				for k := int64(i); k < int64(b.N); k += 2 {
					for turn.Load() != k {
						ws[i].Park(wait.Signal)
					}
					turn.Store(k + 1)
					ws[1-i].Unpark()
				}
				l.done()
			})
		}
		ready.wait()
		started.Store(true)
		l.wait()
	})
}

func BenchmarkCurrent(b *testing.B) {
	in(b, 1, func() {
		for b.Loop() {
			if fibers.Current() == nil {
				b.Fatal("not in a fiber")
			}
		}
	})
}

func BenchmarkGosched(b *testing.B) {
	for _, n := range []int{2, 100} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(1))
			done := make(chan bool)
			for range n {
				go func() {
					for range b.N/n + 1 {
						goruntime.Gosched()
					}
					done <- true
				}()
			}
			for range n {
				<-done
			}
		})
	}
}

func BenchmarkBlocking(b *testing.B) {
	in(b, 1, func() {
		for b.Loop() {
			fibers.Blocking(func() int { return 1 })
		}
	})
}
