package runtime_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// A randomProgram is a tree of fibers that wait in Go's way and in ours, in any order.
// Each counts itself; what it waits for always comes.
type randomProgram struct {
	file  string
	other *fibers.Runtime // for what is run elsewhere
	mu    sync.Mutex
	ours  *cml.Mutex
	ran   atomic.Int32
}

// node runs one fiber, and the fibers below it.
func (p *randomProgram) node(r *rand.Rand, depth int) {
	p.ran.Inc()
	for range 1 + r.IntN(3) {
		p.step(r, depth)
	}
}

func (p *randomProgram) step(r *rand.Rand, depth int) {
	seed := r.Uint64()
	below := func() {
		if depth > 0 {
			p.node(rand.New(rand.NewPCG(seed, uint64(depth))), depth-1)
		} else {
			p.ran.Inc()
		}
	}
	switch r.IntN(16) {
	case 0: // children, waited for in Go's way
		var wg sync.WaitGroup
		for range 2 {
			wg.Add(1)
			fibers.Go(func() { defer wg.Done(); below() })
		}
		wg.Wait()
	case 1: // more than a stand-in takes at once, waited for likewise
		var wg sync.WaitGroup
		wg.Add(20)
		for range 20 {
			fibers.Go(wg.Done)
		}
		wg.Wait()
	case 2:
		t := fibers.Spawn(func() (int, error) { below(); return 1, nil })
		if n, err := t.Await(); n != 1 || err != nil {
			panic("a task returned something else")
		}
	case 3: // the same, waited for in Go's way
		done := make(chan struct{})
		fibers.Go(func() { defer close(done); below() })
		<-done
	case 4:
		parallel.Do(below, below)
	case 5:
		parallel.For(0, 64, 4, func(lo, hi int) {
			if lo <= 17 && 17 < hi {
				time.Sleep(50 * time.Microsecond) // sleep: a wait in Go's way
			}
		})
	case 6:
		time.Sleep(time.Duration(r.IntN(100)) * time.Microsecond) // sleep: a wait in Go's way
	case 7:
		fibers.Sleep(time.Duration(r.IntN(100)) * time.Microsecond)
	case 8: // a lock of Go's, held over a wait of ours
		p.mu.Lock()
		fibers.Yield()
		p.mu.Unlock()
	case 9: // and the other way round
		p.ours.Lock()
		time.Sleep(10 * time.Microsecond) // sleep: a wait in Go's way
		p.ours.Unlock()
	case 10:
		if _, err := os.ReadFile(p.file); err != nil {
			panic(err)
		}
	case 11: // a timer that is set by a stalled scheduler, and waited for in Go's way
		time.Sleep(30 * time.Microsecond) // sleep: the seat is lost
		fired := make(chan struct{})
		fibers.AfterFunc(50*time.Microsecond, func() { close(fired) })
		<-fired
	case 12:
		t := fibers.NewTicker(40 * time.Microsecond)
		t.Tick()
		time.Sleep(30 * time.Microsecond) // sleep: the seat is lost
		t.Tick()
	case 13: // to and fro between a fiber of ours and one that answers in Go's way
		ask, answer := cml.NewChan[int](), make(chan int)
		fibers.Go(func() { answer <- ask.Get() + 1 })
		ask.Put(1)
		if <-answer != 2 {
			panic("a wrong answer")
		}
	case 14:
		if p.other != nil { // a fiber of ours waits for one there, in our way and in Go's
			ran := make(chan struct{})
			p.other.Go(func() { time.Sleep(20 * time.Microsecond); close(ran) }) // sleep: the seat there is lost
			<-ran
			_ = p.other.Run(func() { fibers.Yield() })
		}
	default: // it keeps its scheduler, and spawns from there
		time.Sleep(30 * time.Microsecond) // sleep: the seat is lost
		var wg sync.WaitGroup
		wg.Add(30)
		for range 30 {
			fibers.Go(wg.Done)
		}
		wg.Wait()
	}
}

// Programs of all kinds of waits, in two runtimes that also wait for each other, and in
// one more inside: each comes to its end, and nobody is left stalled.
func TestRandomProgramsOfStalledStress(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	rounds := scale(12, 3)
	for _, n := range []int{1, 2, 8} {
		a, b := newRuntime(t, fibers.WithSchedulers(n)), newRuntime(t, fibers.WithSchedulers(1+n/2))
		within(t, 60*time.Second, "random programs", func() {
			for round := range rounds {
				seed := uint64(round*10 + n)
				var all sync.WaitGroup
				for i, rt := range []*fibers.Runtime{a, b, nil} {
					p := &randomProgram{file: file, ours: new(cml.Mutex), other: b}
					if rt == b {
						p.other = nil // they would wait for each other's seats, but for each other's fibers never
					}
					r := rand.New(rand.NewPCG(seed, uint64(i)))
					all.Go(func() {
						main := func() {
							var wg sync.WaitGroup
							for range 8 {
								s := r.Uint64()
								wg.Add(1)
								fibers.Go(func() { defer wg.Done(); p.node(rand.New(rand.NewPCG(s, 1)), 3) })
							}
							wg.Wait()
						}
						var err error
						if rt != nil {
							err = rt.Run(main)
						} else {
							err = a.Run(func() { // a runtime inside
								if err := fibers.Run(main, fibers.WithSchedulers(n)); err != nil {
									t.Error(err)
								}
							})
						}
						if err != nil || p.ran.Load() < 8 {
							t.Errorf("seed %d: %v, %d ran", seed, err, p.ran.Load())
						}
					})
				}
				all.Wait()
			}
		})
		released(t, a)
		released(t, b)
		if t.Failed() {
			return
		}
	}
}

// Such a program is closed in the middle: nothing is left over, though many wait in Go's
// way just then for what has been ended: they are given it.
func TestCloseAmidStalledStress(t *testing.T) {
	for i := range scale(60, 10) {
		rt, err := fibers.New(fibers.WithSchedulers(1+i%4), fibers.WithGrace(20*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		within(t, 60*time.Second, "closing among stalled schedulers", func() {
			gate := make(chan struct{})
			var up sync.WaitGroup
			up.Add(8)
			for k := range 8 {
				rt.Go(func() {
					for first := true; ; first = false {
						if first {
							up.Done()
						}
						switch k % 4 {
						case 0:
							<-gate
							fibers.Yield()
						case 1:
							time.Sleep(20 * time.Microsecond) // sleep: a wait in Go's way
							for range 12 {
								fibers.Go(func() { fibers.Yield() })
							}
							fibers.Yield()
						case 2:
							fibers.Sleep(20 * time.Microsecond)
						case 3:
							_, _ = fibers.Spawn(func() (int, error) {
								time.Sleep(10 * time.Microsecond) // sleep: a wait in Go's way
								return 1, nil
							}).Await()
						}
					}
				})
			}
			up.Wait()
			for range i % 7 {
				time.Sleep(100 * time.Microsecond) // sleep: at different moments
			}
			var end sync.WaitGroup
			end.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%5)*100*time.Microsecond)
				defer cancel()
				if err := rt.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Shutdown returned %v", err)
				}
			})
			for range i % 3 {
				time.Sleep(100 * time.Microsecond) // sleep: some come back before it ends, some while it does
			}
			close(gate)
			end.Wait()
		})
		if n := rt.Stats().Unseated; n != 0 {
			t.Fatalf("%d are stalled after the end", n)
		}
	}
}
