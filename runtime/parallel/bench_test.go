package parallel_test

import (
	"fmt"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// perScheduler runs a benchmark in a fiber, on one scheduler and on more.
func perScheduler(b *testing.B, op string, run func(b *testing.B)) {
	for _, n := range []int{1, 2, 8} {
		b.Run(fmt.Sprintf("op=%s/scheds=%d", op, n), func(b *testing.B) {
			b.ReportAllocs()
			if err := fibers.Run(func() { run(b) }, fibers.WithSchedulers(n)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

var sink int

func BenchmarkBoth(b *testing.B) {
	perScheduler(b, "fib16", func(b *testing.B) { // 1596 forks
		for b.Loop() {
			sink = fib(16)
		}
	})
	perScheduler(b, "alone", func(b *testing.B) {
		same := func(n int) int { return n }
		for b.Loop() {
			sink, _ = parallel.Both(same, 1, 2)
		}
	})
	perScheduler(b, "coarse", func(b *testing.B) { // 511 forks, a leaf takes some 5 µs
		var tree func(depth int) int
		tree = func(depth int) int {
			if depth == 0 {
				return plainFib(15)
			}
			l, r := parallel.Both(tree, depth-1, depth-1)
			return l + r
		}
		for b.Loop() {
			sink = tree(9)
		}
	})
}

func plainFib(n int) int {
	if n < 2 {
		return n
	}
	return plainFib(n-1) + plainFib(n-2)
}

func BenchmarkDo(b *testing.B) {
	perScheduler(b, "two", func(b *testing.B) {
		for b.Loop() {
			parallel.Do(nop, nop)
		}
	})
	perScheduler(b, "eight", func(b *testing.B) {
		for b.Loop() {
			parallel.Do(nop, nop, nop, nop, nop, nop, nop, nop)
		}
	})
}

func BenchmarkFor(b *testing.B) {
	var cells [1 << 16]int
	add := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			cells[i]++
		}
	}
	perScheduler(b, "fine", func(b *testing.B) {
		for b.Loop() {
			parallel.For(0, 4096, 1, add)
		}
	})
	perScheduler(b, "few", func(b *testing.B) {
		for b.Loop() {
			parallel.For(0, 8, 1, add)
		}
	})
	perScheduler(b, "chosen", func(b *testing.B) {
		for b.Loop() {
			parallel.For(0, len(cells), 0, add)
		}
	})
	perScheduler(b, "coarse", func(b *testing.B) { // a piece takes some 5 µs
		for b.Loop() {
			parallel.For(0, 256, 1, func(lo, _ int) { cells[lo] = plainFib(15) })
		}
	})
}
