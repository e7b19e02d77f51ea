package cml_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Each row is measured on fibers with this package, and on goroutines with what
// Go has for the purpose; the ratio of the two is what counts. An op is a full
// round (there and back), performed b.N times.

// onFibers runs the parties as fibers of one scheduler, or of n, and waits.
func onFibers(b *testing.B, schedulers int, parties ...func(n int)) {
	rt, err := fibers.New(fibers.WithSchedulers(schedulers))
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	b.ReportAllocs()
	b.ResetTimer()
	rt.Run(func() {
		var wg cml.WaitGroup
		wg.Add(len(parties))
		for _, f := range parties {
			fibers.Go(func() {
				defer wg.Done()
				f(b.N)
			})
		}
		wg.Wait()
	})
	b.StopTimer()
}

func onGoroutines(b *testing.B, parties ...func(n int)) {
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, f := range parties {
		wg.Go(func() { f(b.N) })
	}
	wg.Wait()
	b.StopTimer()
}

// both adds the rows of one workload. fiber and goroutine make its parties anew.
func both(b *testing.B, op string, fiber, goroutine func() []func(n int)) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprintf("op=%s/on=fibers/scheds=%d", op, n), func(b *testing.B) { onFibers(b, n, fiber()...) })
	}
	b.Run(fmt.Sprintf("op=%s/on=goroutines", op), func(b *testing.B) { onGoroutines(b, goroutine()...) })
}

func BenchmarkChan(b *testing.B) {
	both(b, "pingpong", func() []func(int) {
		x, y := cml.NewChan[int](), cml.NewChan[int]()
		return []func(int){
			func(n int) {
				for i := range n {
					x.Put(i)
					y.Get()
				}
			},
			func(n int) {
				for range n {
					y.Put(x.Get())
				}
			},
		}
	}, func() []func(int) {
		x, y := make(chan int), make(chan int)
		return []func(int){
			func(n int) {
				for i := range n {
					x <- i
					<-y
				}
			},
			func(n int) {
				for range n {
					y <- <-x
				}
			},
		}
	})
	both(b, "stream", func() []func(int) {
		x := cml.NewChan[int]()
		return []func(int){
			func(n int) {
				for i := range n {
					x.Put(i)
				}
			},
			func(n int) {
				for range n {
					x.Get()
				}
			},
		}
	}, func() []func(int) {
		x := make(chan int)
		return []func(int){
			func(n int) {
				for i := range n {
					x <- i
				}
			},
			func(n int) {
				for range n {
					<-x
				}
			},
		}
	})
	both(b, "buffered", func() []func(int) {
		x := cml.NewBuffered[int](64)
		return []func(int){
			func(n int) {
				for i := range n {
					x.Put(i)
				}
			},
			func(n int) {
				for range n {
					x.Get()
				}
			},
		}
	}, func() []func(int) {
		x := make(chan int, 64)
		return []func(int){
			func(n int) {
				for i := range n {
					x <- i
				}
			},
			func(n int) {
				for range n {
					<-x
				}
			},
		}
	})
}

// BenchmarkSelect: the getter of a ping-pong has arms more that are never ready.
func BenchmarkSelect(b *testing.B) {
	for _, arms := range []int{2, 3, 8} {
		both(b, fmt.Sprintf("arms=%d", arms), func() []func(int) {
			x, y := cml.NewChan[int](), cml.NewChan[int]()
			ops := []cml.Op[int]{x.GetOp()}
			for len(ops) < arms {
				ops = append(ops, cml.NewChan[int]().GetOp())
			}
			op := cml.Choice(ops...)
			return []func(int){
				func(n int) {
					for i := range n {
						x.Put(i)
						y.Get()
					}
				},
				func(n int) {
					for range n {
						y.Put(cml.Perform(op))
					}
				},
			}
		}, func() []func(int) {
			x, y := make(chan int), make(chan int)
			var z [7]chan int
			for i := range z {
				z[i] = make(chan int)
			}
			return []func(int){
				func(n int) {
					for i := range n {
						x <- i
						<-y
					}
				},
				func(n int) {
					for range n {
						var v int
						switch arms {
						case 2:
							select {
							case v = <-x:
							case <-z[0]:
							}
						case 3:
							select {
							case v = <-x:
							case <-z[0]:
							case <-z[1]:
							}
						case 8:
							select {
							case v = <-x:
							case <-z[0]:
							case <-z[1]:
							case <-z[2]:
							case <-z[3]:
							case <-z[4]:
							case <-z[5]:
							case <-z[6]:
							}
						}
						y <- v
					}
				},
			}
		})
	}
	// Both sides choose between two channels.
	both(b, "both", func() []func(int) {
		x, y := cml.NewChan[int](), cml.NewChan[int]()
		get := cml.Choice(x.GetOp(), y.GetOp())
		put := cml.Choice(x.PutOp(1), y.PutOp(2))
		return []func(int){
			func(n int) {
				for range n {
					cml.Perform(get)
				}
			},
			func(n int) {
				for range n {
					cml.Perform(put)
				}
			},
		}
	}, func() []func(int) {
		x, y := make(chan int), make(chan int)
		return []func(int){
			func(n int) {
				for range n {
					select {
					case <-x:
					case <-y:
					}
				}
			},
			func(n int) {
				for range n {
					select {
					case x <- 1:
					case y <- 2:
					}
				}
			},
		}
	})
	// A context is the second arm.
	live, cancel := context.WithCancel(context.Background())
	defer cancel()
	both(b, "context", func() []func(int) {
		x, y := cml.NewChan[int](), cml.NewChan[int]()
		ctx := live
		op := cml.Choice(x.GetOp(), cml.Wrap(cml.Done(ctx), func(error) int { return -1 }))
		return []func(int){
			func(n int) {
				for i := range n {
					x.Put(i)
					y.Get()
				}
			},
			func(n int) {
				for range n {
					y.Put(cml.Perform(op))
				}
			},
		}
	}, func() []func(int) {
		x, y := make(chan int), make(chan int)
		ctx := live
		return []func(int){
			func(n int) {
				for i := range n {
					x <- i
					<-y
				}
			},
			func(n int) {
				for range n {
					select {
					case v := <-x:
						y <- v
					case <-ctx.Done():
					}
				}
			},
		}
	})
}

func BenchmarkMutex(b *testing.B) {
	b.Run("op=uncontended/on=fibers", func(b *testing.B) {
		var m cml.Mutex
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			m.Lock()
			n++
			m.Unlock()
		}
	})
	b.Run("op=uncontended/on=goroutines", func(b *testing.B) {
		var m sync.Mutex
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			m.Lock()
			n++
			m.Unlock()
		}
	})
	// Many parties, a short critical section, some work outside.
	contend := func(m sync.Locker) []func(int) {
		var shared int
		var parties []func(int)
		for range 8 {
			parties = append(parties, func(n int) {
				mine := 1
				for range n / 8 {
					m.Lock()
					shared++
					m.Unlock()
					for range 20 {
						mine = mine*5 + 1
					}
				}
				sink.Store(int64(mine))
			})
		}
		return parties
	}
	both(b, "contended",
		func() []func(int) { return contend(&cml.Mutex{}) },
		func() []func(int) { return contend(&sync.Mutex{}) })
}

var sink atomic.Int64
