package parallel_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/runtime/parallel"
)

// A crowd is pieces of work that last until all of them are under way. They keep
// their schedulers meanwhile, and do not fork.
type crowd struct {
	size  int32
	count atomic.Int32
	over  chan struct{}
}

// crowdPatience is how long a piece waits for the others.
const crowdPatience = 5 * time.Second

// gather calls run, which is to run k pieces, and reports an error if they were
// not all under way at once. It returns in any case if run does.
func gather(t *testing.T, k int, run func(piece func())) {
	t.Helper()
	c := &crowd{size: int32(k), over: make(chan struct{})}
	var most, calls atomic.Int32
	var once atomic.Bool
	run(func() {
		n := c.count.Inc()
		calls.Inc()
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == c.size && once.CompareAndSwap(false, true) {
			close(c.over)
		}
		select {
		case <-c.over:
		case <-time.After(crowdPatience):
			if once.CompareAndSwap(false, true) {
				close(c.over) // the pieces to come need not wait
			}
		}
		c.count.Dec()
	})
	if calls.Load() != c.size {
		t.Errorf("%d pieces ran, not %d", calls.Load(), k)
	}
	if most.Load() != c.size {
		t.Errorf("of %d long pieces on as many schedulers, %d ran at once", k, most.Load())
	}
}

// crowds is the ways to run k pieces.
var crowds = map[string]func(k int, piece func()){
	"For": func(k int, piece func()) {
		parallel.For(0, k, 1, func(int, int) { piece() })
	},
	"For with grain 0": func(k int, piece func()) {
		parallel.For(0, k, 0, func(lo, hi int) {
			for range hi - lo {
				piece()
			}
		})
	},
	"Do": func(k int, piece func()) {
		fns := make([]func(), k)
		for i := range fns {
			fns[i] = piece
		}
		parallel.Do(fns...)
	},
	"Both": func(k int, piece func()) {
		var tree func(leaves int) struct{}
		tree = func(leaves int) struct{} {
			if leaves == 1 {
				piece()
			} else {
				parallel.Both(tree, leaves/2, leaves-leaves/2)
			}
			return struct{}{}
		}
		tree(k)
	},
	"a list by Both": func(k int, piece func()) { // each but the last forks the next
		var list func(n int) struct{}
		list = func(n int) struct{} {
			switch {
			case n == 0:
				piece()
			case n == k-1:
				parallel.Both(list, 0, 0)
			default:
				parallel.Both(list, n+1, 0)
			}
			return struct{}{}
		}
		list(1)
	},
	"loops in a loop": func(k int, piece func()) {
		parallel.For(0, 2, 1, func(i, _ int) {
			parallel.For(0, (k+i)/2, 1, func(int, int) { piece() })
		})
	},
	"Map": func(k int, piece func()) {
		parallel.Map(make([]int, k), func(int) int { piece(); return 0 })
	},
	"Reduce": func(k int, piece func()) {
		parallel.Reduce(0, k, 1, 0, func(_, _, acc int) int { piece(); return acc }, func(a, b int) int { return a + b })
	},
	"MapReduce": func(k int, piece func()) {
		parallel.MapReduce(make([]int, k), 0, func(int) int { piece(); return 0 }, func(a, b int) int { return a + b })
	},
}

// A few long pieces on as many schedulers run all at once: what a fiber has noted
// does not wait until its piece ends.
func TestLongPiecesRunAtOnce(t *testing.T) {
	for _, k := range []int{3, 4, 8} {
		for name, run := range crowds {
			t.Run(fmt.Sprintf("%s of %d", name, k), func(t *testing.T) {
				in(t, k, func() {
					gather(t, k, func(piece func()) { run(k, piece) })
				})
			})
		}
	}
}

// So they do after a stretch of many small loops, if not at once.
func TestLongPiecesAfterSmallLoops(t *testing.T) {
	in(t, 4, func() {
		for range 3 {
			for range 5000 {
				parallel.For(0, 4, 1, func(int, int) {})
			}
			for range 32 {
				parallel.For(0, 4, 1, func(int, int) {
					for began := time.Now(); time.Since(began) < 100*time.Microsecond; {
					}
				})
			}
			gather(t, 4, func(piece func()) { crowds["For"](4, piece) })
		}
	})
}

// So they do in a fiber that has forked finely before; and in fibers on stacks that
// were left by such.
func TestLongPiecesAfterFineForks(t *testing.T) {
	for name, run := range crowds {
		t.Run(name, func(t *testing.T) {
			in(t, 4, func() {
				for range 3 {
					if fib(24) != 46368 {
						t.Error("wrong")
					}
					gather(t, 4, func(piece func()) { run(4, piece) })
				}
			})
		})
	}
}
