package forkjoin

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// Loops over arrays.

// chunked runs body on as many goroutines as there are processors, each with an
// equal part of the range: the best that can be done by hand where all indices
// are equally hard.
func chunked(n, processors int, body func(lo, hi int)) {
	var end sync.WaitGroup
	for i := range processors {
		end.Go(func() { body(i*n/processors, (i+1)*n/processors) })
	}
	end.Wait()
}

// eachOf runs body for each index on a goroutine of its own.
func eachOf(n int, body func(lo, hi int)) {
	var end sync.WaitGroup
	for i := range n {
		end.Go(func() { body(i, i+1) })
	}
	end.Wait()
}

// polynomial computes a polynomial of every element, and what should come out of
// the last.
type polynomial struct{ in, out []float64 }

func newPolynomial(p harness.Params) polynomial {
	n := p.Scale.Of([3]int{10_000_000, 1_000_000, 10_000})
	f := polynomial{make([]float64, n), make([]float64, n)}
	for i := range f.in {
		f.in[i] = float64(i%1000) / 1000
		f.out[i] = -1 // so that its pages are there
	}
	return f
}

func (f polynomial) compute(lo, hi int) {
	out := f.out[lo:hi]
	for i, x := range f.in[lo:hi] {
		out[i] = ((((x*0.5-1)*x+3)*x-2)*x+7)*x - 1
	}
}

func (f polynomial) verify() error {
	want := make([]float64, 1000)
	polynomial{f.in[:1000], want}.compute(0, 1000)
	for i, y := range f.out {
		if y != want[i%1000] {
			return harness.Verify("a value of the polynomial", y, want[i%1000])
		}
	}
	return nil
}

func forFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	f := newPolynomial(p)
	s, err := timedInFibers(p, func() { parallel.For(0, len(f.in), 0, f.compute) })
	if err != nil {
		return s, err
	}
	return s, f.verify()
}

func forGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	f := newPolynomial(p)
	s := timed(func() { chunked(len(f.in), p.Schedulers, f.compute) })
	return s, f.verify()
}

// matrices is a product to be computed: c = a·b, of numbers small enough to be
// exact.
type matrices struct {
	n       int
	a, b, c []float64
}

func newMatrices(p harness.Params) matrices {
	n := p.Scale.Of([3]int{384, 160, 20})
	m := matrices{n, make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)}
	for i := range m.a {
		m.a[i] = float64(harness.Mix(uint64(i)) % 16)
		m.b[i] = float64(harness.Mix(uint64(i)+1<<32) % 16)
	}
	return m
}

// rows computes some rows of c.
func (m matrices) rows(lo, hi int) {
	n := m.n
	for i := lo; i < hi; i++ {
		to := m.c[i*n : (i+1)*n]
		for k, x := range m.a[i*n : (i+1)*n] {
			for j, y := range m.b[k*n : (k+1)*n] {
				to[j] += x * y
			}
		}
	}
}

// verify compares c·v with a·(b·v) for v = (1, 2, 3, …) (Freivalds 1977).
func (m matrices) verify() error {
	times := func(a, v []float64) []float64 {
		out := make([]float64, m.n)
		for i := range out {
			for j, x := range a[i*m.n : (i+1)*m.n] {
				out[i] += x * v[j]
			}
		}
		return out
	}
	v := make([]float64, m.n)
	for i := range v {
		v[i] = float64(i + 1)
	}
	if !slices.Equal(times(m.c, v), times(m.a, times(m.b, v))) {
		return harness.Verify("the product of matrices", "wrong", "right")
	}
	return nil
}

func matmulFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	m := newMatrices(p)
	s, err := timedInFibers(p, func() { parallel.For(0, m.n, 1, m.rows) })
	if err != nil {
		return s, err
	}
	return s, m.verify()
}

func matmulGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	m := newMatrices(p)
	s := timed(func() { eachOf(m.n, m.rows) })
	return s, m.verify()
}

// A picture of the Mandelbrot set: how many steps each point takes to leave. The
// rows in the middle are the hardest.
type picture struct {
	width, height int
	steps         []int32
}

const mandelbrotSteps = 300

// mandelbrotSums are the sums of all steps, by scale.
var mandelbrotSums = [3]int{19682874, 1230414, 13067}

func newPicture(p harness.Params) picture {
	w := p.Scale.Of([3]int{640, 160, 16})
	return picture{w, w * 3 / 4, make([]int32, w*w*3/4)}
}

func (q picture) rows(lo, hi int) {
	for y := lo; y < hi; y++ {
		ci := 2.4*float64(y)/float64(q.height) - 1.2
		for x := range q.width {
			cr := 3.2*float64(x)/float64(q.width) - 2.2
			var r, i float64
			n := int32(0)
			for ; n < mandelbrotSteps && r*r+i*i <= 4; n++ {
				r, i = float64(r*r)-float64(i*i)+cr, float64(2*r*i)+ci // the conversions keep it from being fused
			}
			q.steps[y*q.width+x] = n
		}
	}
}

func (q picture) verify(p harness.Params) error {
	sum := 0
	for _, n := range q.steps {
		sum += int(n)
	}
	return harness.Verify("the sum of the steps", sum, mandelbrotSums[p.Scale])
}

func mandelbrotFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	q := newPicture(p)
	s, err := timedInFibers(p, func() { parallel.For(0, q.height, 1, q.rows) })
	if err != nil {
		return s, err
	}
	return s, q.verify(p)
}

func mandelbrotGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	q := newPicture(p)
	s := timed(func() { eachOf(q.height, q.rows) })
	return s, q.verify(p)
}

// numbers returns random ints, the same every time.
func numbers(p harness.Params) []int {
	r := rand.New(rand.NewPCG(1, 2))
	s := make([]int, p.Scale.Of([3]int{2_000_000, 500_000, 5000}))
	for i := range s {
		s[i] = int(r.Uint64() >> 1)
	}
	return s
}

// hashSum is what sorting must not change.
func hashSum(s []int) (n uint64) {
	for _, x := range s {
		n += harness.Mix(uint64(x))
	}
	return n
}

func verifySorted(s []int, want uint64) error {
	if !slices.IsSorted(s) {
		return harness.Verify("the order", "wrong", "ascending")
	}
	return harness.Verify("the sum of what was sorted", hashSum(s), want)
}

func sortFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	ints := numbers(p)
	want := hashSum(ints)
	s, err := timedInFibers(p, func() { parallel.Sort(ints) })
	if err != nil {
		return s, err
	}
	return s, verifySorted(ints, want)
}

func sortSequential(_ context.Context, p harness.Params) (harness.Sample, error) {
	ints := numbers(p)
	want := hashSum(ints)
	s := timed(func() { slices.Sort(ints) })
	return s, verifySorted(ints, want)
}
