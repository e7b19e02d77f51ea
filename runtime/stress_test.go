package runtime_test

import (
	"context"
	goruntime "runtime"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// within fails the test if f has not returned after a time that no loaded
// machine needs.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(d):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s: not done after %v\n%s", what, d, buf[:goruntime.Stack(buf, true)])
	}
}

// Fibers wait for tokens that other fibers and plain goroutines give, while an
// inspector takes hold of them: no wake-up may be lost, none be counted twice.
func TestParkStress(t *testing.T) {
	const fibersN, goroutines = 64, 4
	tokens := int64(scale(4000, 500))
	rt := newRuntime(t, fibers.WithSchedulers(8))
	type mailbox struct {
		w     atomic.Pointer[wait.Waiter]
		given stdatomic.Int64
	}
	var boxes [fibersN]mailbox
	give := func(i int64) {
		b := &boxes[i%fibersN]
		b.given.Add(1)
		if w := b.w.Load(); w != nil {
			(*w).Unpark()
		}
	}
	within(t, 60*time.Second, "fibers waiting for tokens", func() {
		stop := make(chan struct{})
		var inspector sync.WaitGroup
		inspector.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					rt.Fibers()
				}
			}
		})
		rt.Run(func() {
			l := newLatch(fibersN)
			for i := range int64(fibersN) {
				fibers.Go(func() {
					w := wait.Current()
					boxes[i].w.Store(&w)
					for taken := int64(0); taken < tokens; {
						if taken < boxes[i].given.Load() {
							taken++
							if taken%2 == 0 {
								give(i*7 + taken) // pass every other one on
							}
							continue
						}
						w.Park(wait.Signal)
					}
					l.done()
				})
			}
			for g := range int64(goroutines) {
				go func() {
					for k := range tokens * fibersN / goroutines {
						give(k*goroutines + g)
					}
				}()
			}
			l.wait()
		})
		close(stop)
		inspector.Wait()
	})
}

// Waiters that have gone, whose records are other fibers' by now, are unparked
// late: a spurious wake-up may follow, nothing else.
func TestLateUnparkStress(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(4))
	rounds := scale(200, 40)
	within(t, 60*time.Second, "fibers under late unparks", func() {
		stop := make(chan struct{})
		stale := make(chan wait.Waiter, 1024)
		var late sync.WaitGroup
		for range 2 {
			late.Go(func() {
				for {
					select {
					case w := <-stale:
						w.Unpark()
						w.Unpark()
					case <-stop:
						return
					}
				}
			})
		}
		var ran stdatomic.Int64
		rt.Run(func() {
			for range rounds {
				const n = 200
				l := newLatch(n)
				for range n {
					fibers.Go(func() {
						w := wait.Current()
						select {
						case stale <- w:
						default:
						}
						var open atomic.Bool
						fibers.Go(func() { open.Store(true); w.Unpark() })
						for !open.Load() {
							w.Park(wait.Signal)
						}
						ran.Add(1)
						l.done()
					})
				}
				l.wait()
			}
		})
		close(stop)
		late.Wait()
		if want := int64(rounds) * 200; ran.Load() != want {
			t.Errorf("%d fibers ran, want %d", ran.Load(), want)
		}
	})
}

// Bursts from outside, with pauses in which everyone falls asleep.
func TestIdleStress(t *testing.T) {
	for _, n := range []int{1, 2, 8} {
		rt := newRuntime(t, fibers.WithSchedulers(n))
		within(t, 60*time.Second, "bursts on a runtime that falls asleep", func() {
			for i := range scale(2000, 300) {
				burst := 1 + i%7
				var wg sync.WaitGroup
				wg.Add(burst)
				for range burst {
					rt.Go(func() {
						if i%3 == 0 {
							fibers.Go(func() { fibers.Yield(); wg.Done() })
						} else {
							wg.Done()
						}
					})
				}
				wg.Wait()
				if i%16 == 0 {
					time.Sleep(50 * time.Microsecond) // sleep: lets schedulers go through the last steps of falling asleep
				}
			}
		})
	}
}

// A pair that wakes each other, a chain that respawns itself and a crowd that
// yields leave room for everyone else.
func TestNobodyStarves(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1))
	within(t, 60*time.Second, "fibers beside busy ones", func() {
		rt.Run(func() {
			var stop, started atomic.Bool
			var ws [2]wait.Waiter
			ready := newLatch(2)
			for i := range ws { // the pair
				fibers.Go(func() {
					ws[i] = wait.Current()
					ready.done()
					for !started.Load() {
						fibers.Yield()
					}
					for !stop.Load() {
						ws[1-i].Unpark()
						ws[i].Park(wait.Signal)
					}
					ws[1-i].Unpark()
				})
			}
			ready.wait()
			started.Store(true)
			var again func()
			again = func() {
				if !stop.Load() {
					fibers.Go(again)
				}
			}
			fibers.Go(again) // the chain
			for range 10 {   // the crowd
				fibers.Go(func() {
					for !stop.Load() {
						fibers.Yield()
					}
				})
			}
			fibers.Yield()
			l := newLatch(4)
			fibers.Go(l.done)  // a spawned one
			fibers.Go(func() { // one that sleeps
				fibers.Sleep(time.Millisecond)
				l.done()
			})
			go rt.Go(l.done)   // one from outside
			fibers.Go(func() { // one that yields a lot
				for range 100 {
					fibers.Yield()
				}
				l.done()
			})
			l.wait()
			stop.Store(true)
		})
	})
}

// Runtimes are closed in the middle of everything.
func TestCloseStress(t *testing.T) {
	for i := range scale(150, 30) {
		rt, err := fibers.New(fibers.WithSchedulers(1 + i%8))
		if err != nil {
			t.Fatal(err)
		}
		within(t, 60*time.Second, "closing a busy runtime", func() {
			var outside sync.WaitGroup
			outside.Go(func() {
				defer func() { recover() }() // Go panics once the runtime is closed
				for {
					rt.Go(func() { fibers.Sleep(time.Hour) })
				}
			})
			for range 20 {
				rt.Go(func() {
					for {
						fibers.Go(func() { defer fibers.Yield(); fibers.Yield() })
						fibers.Sleep(10 * time.Microsecond)
					}
				})
				rt.Go(func() {
					_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
						g.SetLimit(2)
						for {
							g.Go(func(context.Context) error { fibers.Yield(); return nil })
						}
					})
				})
				rt.Go(func() {
					for {
						fibers.Blocking(func() int { return 1 })
					}
				})
			}
			for range i % 5 {
				goruntime.Gosched()
			}
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
			outside.Wait()
		})
	}
}
