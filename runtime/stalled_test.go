package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Fibers that wait in Go's way, and those who run meanwhile.

// crews calls f with as many schedulers as processors, fewer and more.
func crews(t *testing.T, f func(t *testing.T, rt *fibers.Runtime)) {
	for _, n := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			f(t, newRuntime(t, fibers.WithSchedulers(n)))
		})
	}
}

// atMost fails the test if f takes longer than d, a generous time.
func atMost(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > d {
		t.Errorf("it took %v, want at most %v", took, d)
	}
}

// released waits until no fiber of rt keeps a scheduler.
func released(t *testing.T, rt *fibers.Runtime) {
	t.Helper()
	for start := time.Now(); rt.Stats().Unseated > 0; goruntime.Gosched() {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%d schedulers are stalled still", rt.Stats().Unseated)
		}
	}
}

// It took five seconds when a monitor had to find each of them.
func TestStalledThatSleepInGosWay(t *testing.T) {
	n := scale(1000, 200)
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		atMost(t, 2*time.Second, func() {
			rt.Run(func() {
				l := newLatch(n)
				for range n {
					fibers.Go(func() {
						time.Sleep(10 * time.Millisecond) // sleep: it is what is tested
						l.done()
					})
				}
				l.wait()
			})
		})
		released(t, rt)
	})
}

func TestStalledThatWaitForContexts(t *testing.T) {
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		for range 5 {
			rt.Run(func() {
				var wg sync.WaitGroup
				for range 50 {
					wg.Add(1)
					fibers.Go(func() {
						defer wg.Done()
						ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
						defer cancel()
						<-ctx.Done()
					})
				}
				wg.Wait()
			})
		}
		released(t, rt)
	})
}

// A lock of package sync, held while its holder parks: all others wait in Go's way for
// one who needs a scheduler.
func TestStalledThatWaitForAMutex(t *testing.T) {
	const n = 200
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		atMost(t, 4*time.Second, func() {
			rt.Run(func() {
				var mu sync.Mutex
				turns := 0
				l := newLatch(n)
				for range n {
					fibers.Go(func() {
						mu.Lock()
						turns++
						fibers.Sleep(100 * time.Microsecond)
						mu.Unlock()
						l.done()
					})
				}
				l.wait()
				if turns != n {
					t.Errorf("%d turns, want %d", turns, n)
				}
			})
		})
		released(t, rt)
	})
}

// There is no limit, and no cost that grows with their number. (12 000 once hung for
// ever.)
func TestStalledByTheTenThousand(t *testing.T) {
	n := scale(30_000, 3000)
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		atMost(t, 30*time.Second, func() {
			rt.Run(func() {
				var here, end sync.WaitGroup
				here.Add(n)
				end.Add(n)
				gate := make(chan struct{})
				for range n {
					fibers.Go(func() { here.Done(); <-gate; end.Done() })
				}
				here.Wait()
				close(gate)
				end.Wait()
			})
		})
		released(t, rt)
	})
}

// Where it is not known what goroutines are doing, a monitor has to find them.
func TestStalledWithoutTheUnderstudy(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2), fibers.Blind())
	rt.Run(func() {
		var wg sync.WaitGroup
		gate := make(chan int)
		for range 20 {
			wg.Add(1)
			fibers.Go(func() { defer wg.Done(); <-gate })
		}
		fibers.Go(func() { close(gate) })
		wg.Wait()
	})
	released(t, rt)
}

// One that has lost its seat for a moment gets it back if it goes on to spawn.
func TestAStalledSchedulerThatGoesOnReclaimsItsSeat(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	rt.Run(func() {
		for start := time.Now(); rt.Stats().Unseated == 0; {
			time.Sleep(time.Millisecond) // sleep: until the seat is lost
			if time.Since(start) > 20*time.Second {
				t.Fatal("its scheduler was never taken for stalled")
			}
		}
		// Never does it leave its scheduler from here on.
		for start := time.Now(); rt.Stats().Unseated > 0; {
			fibers.Go(func() {})
			if time.Since(start) > 20*time.Second {
				t.Fatal("it has not got its seat back")
			}
		}
	})
}

// A timer that a stalled scheduler sets is seen to, though it waits in Go's way again.
func TestATimerOfAStalledSchedulerFires(t *testing.T) {
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		rt.Run(func() {
			for range 20 {
				time.Sleep(time.Millisecond) // sleep: the seat is lost
				fired := make(chan struct{})
				fibers.AfterFunc(time.Millisecond, func() { close(fired) })
				<-fired
			}
		})
	})
}

// What a stalled scheduler has left in its queues is run: the fiber that it woke last, those that it
// spawned.
func TestWhatAStalledSchedulerLeavesIsRun(t *testing.T) {
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		rt.Run(func() {
			for range 50 {
				c := cml.NewChan[int]()
				done := make(chan int)
				fibers.Go(func() { done <- c.Get() })
				for range 20 { // more than a stand-in takes at once
					fibers.Go(func() { done <- 1 })
				}
				fibers.Yield()
				fibers.Go(func() { c.Put(1) })
				sum := 0
				for range 21 {
					sum += <-done
				}
				if sum != 21 {
					t.Errorf("the sum is %d, want 21", sum)
				}
			}
		})
	})
}

// All of it at once, while GOMAXPROCS changes: nothing is lost, nothing is left.
func TestStalledStress(t *testing.T) {
	n, rounds := scale(400, 100), scale(20, 10)
	before := goruntime.GOMAXPROCS(0)
	defer goruntime.GOMAXPROCS(before)
	crews(t, func(t *testing.T, rt *fibers.Runtime) {
		stop := make(chan struct{})
		var turner sync.WaitGroup
		turner.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					goruntime.GOMAXPROCS(1 + i%4)
					time.Sleep(3 * time.Millisecond) // sleep: it need not change more often
				}
			}
		})
		var sum atomic.Int64
		var mu sync.Mutex
		native, ours := make(chan int), cml.NewChan[int]()
		rt.Run(func() {
			var put, got sync.WaitGroup
			put.Add(n)
			for i := range n {
				fibers.Go(func() {
					defer put.Done()
					for k := range rounds {
						switch (i + k) % 6 {
						case 0:
							native <- 1
						case 1:
							ours.Put(1)
						case 2:
							mu.Lock()
							fibers.Yield()
							mu.Unlock()
							ours.Put(1)
						case 3:
							fibers.Sleep(10 * time.Microsecond)
							native <- 1
						case 4:
							time.Sleep(10 * time.Microsecond) // sleep: a wait in Go's way
							ours.Put(1)
						default:
							v, _ := fibers.Spawn(func() (int, error) { return 1, nil }).Await()
							native <- v
						}
					}
				})
			}
			got.Add(n)
			for range n / 2 {
				fibers.Go(func() {
					defer got.Done()
					for v := range native {
						sum.Add(int64(v))
					}
				})
				fibers.Go(func() {
					defer got.Done()
					for v := ours.Get(); v != 0; v = ours.Get() {
						sum.Add(int64(v))
					}
				})
			}
			put.Wait()
			close(native)
			for range n / 2 {
				ours.Put(0)
			}
			got.Wait()
		})
		close(stop)
		turner.Wait()
		if got := sum.Load(); got != int64(n*rounds) {
			t.Errorf("%d values came, want %d", got, n*rounds)
		}
		released(t, rt)
	})
}

// The runtime ends while fibers wait in Go's way: they are named, and what they hold ends
// when they come back.
func TestCloseLeavesStalledOver(t *testing.T) {
	for _, schedulers := range []int{1, 2, 8} {
		const n = 20
		rt, err := fibers.New(fibers.WithSchedulers(schedulers), fibers.WithGrace(50*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		var here sync.WaitGroup
		gate, ended := make(chan struct{}), newLatch(n)
		here.Add(n)
		for range n {
			rt.Go(func() {
				defer ended.done()
				here.Done()
				<-gate
				fibers.Yield()
				t.Error("a fiber went on in a runtime that has ended")
			})
		}
		here.Wait()
		var left *fibers.LeftoverError
		if err := rt.Close(); !errors.As(err, &left) || len(left.Fibers) != n {
			t.Errorf("Close returned %v", err)
		}
		close(gate)
		ended.wait()
		released(t, rt)
	}
}

//go:noinline
func waitsInGosWay(c chan int) int { return <-c }

// Stats names the function that waits, not the library function beneath it.
func TestBlockersAreNamed(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	c := make(chan int)
	rt.Run(func() {
		for start := time.Now(); time.Since(start) < 20*time.Second; {
			for range 10 {
				fibers.Go(func() { waitsInGosWay(c) })
			}
			for range 10 {
				c <- 1
			}
			for _, b := range rt.Stats().Blockers {
				if strings.HasSuffix(b.Func, ".waitsInGosWay") && strings.Contains(b.Site, "stalled_test.go:") && b.Count > 0 {
					return
				}
			}
		}
		if goruntime.GOOS != "windows" && (goruntime.GOARCH == "amd64" || goruntime.GOARCH == "arm64") {
			t.Errorf("waitsInGosWay is not among %v", rt.Stats().Blockers)
		}
	})
}
