package operations

import (
	"math"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// The diagonal of Guile Fibers' benchmarks: the length of the vector (n, …, n),
// for one n after the other, by a counter, a broadcaster, a squarer for each
// dimension, a summer and one that takes the root.

const dimensions = 10

func diagonalWorkloads() []*harness.Workload {
	return []*harness.Workload{row("diagonal/10", "lengths of vectors of 10 dimensions, by a network of 14 parties: time of one value handed on",
		[3]int{4_000, 800, 20}, diagonalFibers, diagonalGoroutines)}
}

// diagonal is all but the parties, for n vectors.
func diagonal(n int) (harness.Parties, harness.Sums) {
	lengths := make(harness.Sums, 1)
	want := 0
	for v := range n {
		want += length(dimensions * v * v)
	}
	return harness.Parties{Ops: n * (2*dimensions + 3), Check: lengths.Check(want)}, lengths
}

func length(sum int) int { return int(math.Sqrt(float64(sum))) }

func diagonalFibers(n int) harness.Parties {
	t, lengths := diagonal(n)
	count, sum, root := cml.NewChan[int](), cml.NewChan[int](), cml.NewChan[int]()
	var coordinates, squares [dimensions]*cml.Chan[int]
	for d := range dimensions {
		in, out := cml.NewChan[int](), cml.NewChan[int]()
		coordinates[d], squares[d] = in, out
		t.Each = append(t.Each, func() {
			for range n {
				v := in.Get()
				out.Put(v * v)
			}
		})
	}
	t.Each = append(t.Each,
		func() {
			for v := range n {
				count.Put(v)
			}
		},
		func() {
			for range n {
				v := count.Get()
				for _, out := range coordinates {
					out.Put(v)
				}
			}
		},
		func() {
			for range n {
				all := 0
				for _, in := range squares {
					all += in.Get()
				}
				sum.Put(all)
			}
		},
		func() {
			for range n {
				root.Put(length(sum.Get()))
			}
		},
		func() {
			for range n {
				lengths[0].N += root.Get()
			}
		})
	return t
}

func diagonalGoroutines(n int) harness.Parties {
	t, lengths := diagonal(n)
	count, sum, root := make(chan int), make(chan int), make(chan int)
	var coordinates, squares [dimensions]chan int
	for d := range dimensions {
		in, out := make(chan int), make(chan int)
		coordinates[d], squares[d] = in, out
		t.Each = append(t.Each, func() {
			for range n {
				v := <-in
				out <- v * v
			}
		})
	}
	t.Each = append(t.Each,
		func() {
			for v := range n {
				count <- v
			}
		},
		func() {
			for range n {
				v := <-count
				for _, out := range coordinates {
					out <- v
				}
			}
		},
		func() {
			for range n {
				all := 0
				for _, in := range squares {
					all += <-in
				}
				sum <- all
			}
		},
		func() {
			for range n {
				root <- length(<-sum)
			}
		},
		func() {
			for range n {
				lengths[0].N += <-root
			}
		})
	return t
}
