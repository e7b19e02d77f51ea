package runtime_test

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
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

// BenchmarkAwait spawns a task and waits for it: by=await alone, by=op as an operation, by=many as
// one of ten, by=group as the member of a group, by=limit of one with a limit. by=cond is what a
// task would cost whose end is a cml.Cond, and by=waitgroup, by=semaphore what a group would that
// counts its members by these.
func BenchmarkAwait(b *testing.B) {
	answer := func() (int, error) { return 42, nil }
	bench := func(name string, each func()) {
		b.Run("by="+name, func(b *testing.B) {
			in(b, 1, func() {
				for range b.N {
					each()
				}
			})
		})
	}
	bench("await", func() { _, _ = fibers.Spawn(answer).Await() })
	bench("op", func() { cml.Perform(fibers.Spawn(answer).AwaitOp()) })
	bench("many", func() {
		t := fibers.Spawn(func() (int, error) { fibers.Yield(); return 42, nil })
		l := newLatch(10)
		for range 10 {
			fibers.Go(func() { _, _ = t.Await(); l.done() })
		}
		l.wait()
	})
	bench("cond", func() {
		type task struct {
			done   cml.Cond
			result fibers.Result[int]
			panic  *fibers.PanicError
			_      [2]uintptr // as many as a Task has besides
		}
		t := &task{}
		fibers.Go(func() {
			returned := false
			defer func() {
				if v := recover(); !returned && v != nil {
					t.panic = v.(*fibers.PanicError)
				}
				t.done.Signal()
			}()
			t.result.Value, t.result.Err = answer()
			returned = true
		})
		t.done.Wait()
	})
	member := func(context.Context) error { return nil }
	group := func(limit int) func() {
		return func() {
			_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				g.SetLimit(limit)
				for range 100 {
					g.Go(member)
				}
				return nil
			})
		}
	}
	bench("group/100", group(-1))
	bench("limit/100", group(10))
	bench("waitgroup/100", func() {
		ctx, cancel := context.WithCancelCause(context.Background())
		var wg cml.WaitGroup
		for range 100 {
			wg.Add(1)
			fibers.Go(func() { defer wg.Done(); _ = member(ctx) })
		}
		wg.Wait()
		cancel(nil)
	})
	bench("semaphore/100", func() {
		ctx, cancel := context.WithCancelCause(context.Background())
		var wg cml.WaitGroup
		room := cml.NewSemaphore(10)
		for range 100 {
			room.Acquire(1)
			wg.Add(1)
			fibers.Go(func() { defer wg.Done(); defer room.Release(1); _ = member(ctx) })
		}
		wg.Wait()
		cancel(nil)
	})
}
