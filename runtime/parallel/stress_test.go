package parallel_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// TestParallelStress: random trees of forks and loops, in several fibers and
// goroutines at once, whose leaves compute, yield, sleep, meet on a channel, or
// panic and are recovered; on more schedulers than cores. Each tree knows how many
// leaves it has.
func TestParallelStress(t *testing.T) {
	rounds := 30
	if testing.Short() || slow > 1 {
		rounds = 8
	}
	in(t, 8, func() {
		for range rounds {
			meet := cml.NewChan[int]()
			g := &grower{meet: meet}
			err := fibers.WithGroup(context.Background(), func(_ context.Context, group *fibers.Group) error {
				for range 8 {
					group.Go(func(context.Context) error {
						g.grow(200)
						return nil
					})
				}
				return nil
			})
			var outside sync.WaitGroup
			for range 2 {
				outside.Go(func() { g.grow(50) })
			}
			fibers.Blocking(func() int { outside.Wait(); return 0 })
			if got := g.leaves.Load(); err != nil || got != 8*200+2*50 {
				t.Errorf("%v, %d leaves", err, got)
			}
		}
	})
}

type grower struct {
	meet   *cml.Chan[int]
	leaves atomic.Int32
}

// grow runs a random tree of n leaves.
func (g *grower) grow(n int) (done int) {
	switch {
	case n == 0:
	case n == 1:
		g.leaf()
	default:
		k := 1 + rand.IntN(n-1)
		switch rand.IntN(4) {
		case 0:
			parallel.Both(g.grow, k, n-k)
		case 1:
			parallel.Do(func() { g.grow(k) }, func() { g.grow(n - k) }, nop)
		case 2:
			parallel.For(0, n, rand.IntN(3), func(lo, hi int) { g.grow(hi - lo) })
		case 3:
			parallel.Reduce(0, n, rand.IntN(5), 0, func(lo, hi, acc int) int { g.grow(hi - lo); return acc },
				func(a, b int) int { return a + b })
		}
	}
	return n
}

func (g *grower) leaf() {
	g.leaves.Inc()
	switch rand.IntN(8) {
	case 0:
		fibers.Yield()
	case 1:
		fibers.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
	case 2:
		parallel.Do(func() { g.meet.Put(1) }, func() { g.meet.Get() })
	case 3:
		defer func() {
			if e, ok := recover().(*fibers.PanicError); !ok || e.Value != "leaf" {
				panic("the panic of a leaf was lost")
			}
		}()
		parallel.Do(func() { fib(6) }, func() { panic("leaf") }, func() { fib(5) })
	default:
		fib(8)
	}
}

// TestCloseStress: a runtime closes while branches compute and wait. Whoever
// forked is ended after its branches, deferred functions run, nothing is left.
func TestCloseStress(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		rt, err := fibers.New(fibers.WithSchedulers(1 + round%4))
		if err != nil {
			t.Fatal(err)
		}
		var begun, ended, early atomic.Int32
		never := cml.NewChan[int]()
		var tree func(n int) int
		tree = func(n int) int {
			begun.Inc()
			defer ended.Inc()
			if n == 0 {
				if rand.IntN(4) == 0 {
					never.Get()
				}
				fibers.Yield()
				return 1
			}
			var mine atomic.Int32 // branches of this fork under way
			defer func() {
				if mine.Load() != 0 {
					early.Inc()
				}
			}()
			branch := func(n int) int {
				mine.Inc()
				defer mine.Dec()
				return tree(n)
			}
			switch n % 3 {
			case 0:
				parallel.Both(branch, n-1, n-1)
			case 1:
				parallel.Do(func() { branch(n - 1) }, func() { branch(n - 1) })
			case 2:
				parallel.For(0, 3, 1, func(int, int) { branch(n - 1) })
			}
			return 1
		}
		var alive atomic.Int32
		for range 4 {
			rt.Go(func() {
				alive.Inc()
				defer alive.Dec()
				tree(6)
			})
		}
		if round%2 == 0 {
			for begun.Load() < 20 {
				fibers.Yield() // a goroutine: Gosched
			}
		}
		if err := rt.Close(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if b, e := begun.Load(), ended.Load(); b != e || early.Load() > 0 || alive.Load() > 0 {
			t.Errorf("round %d: %d branches begun, %d ended; %d early; %d roots alive", round, b, e, early.Load(), alive.Load())
		}
	}
}

// A goroutine whose call is under way when the ambient runtime closes is told so.
func TestDefaultCloses(t *testing.T) {
	entered := make(chan struct{})
	closed := make(chan error)
	go func() {
		<-entered
		closed <- fibers.Default().Close()
	}()
	func() {
		defer func() {
			err, _ := recover().(error)
			if !errors.Is(err, fibers.ErrClosed) {
				t.Errorf("the call panics with %v", err)
			}
		}()
		parallel.Do(func() { close(entered); cml.NewChan[int]().Get() }, nop)
		t.Error("Do returned")
	}()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := fib(10); got != 55 { // there is a new one
		t.Errorf("fib(10) = %d", got)
	}
}
