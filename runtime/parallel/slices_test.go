package parallel_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed222ee791/fibers/runtime/parallel"
)

var lengths = []int{0, 1, 2, 3, 63, 64, 65, 127, 129, 1000, 40_000}

func TestMapFilterScan(t *testing.T) {
	on(t, func(t *testing.T) {
		for _, n := range lengths {
			in := make([]int, n)
			for i := range in {
				in[i] = i*7919%1009 - 300
			}
			double := func(x int) int { return 2 * x }
			odd := func(x int) bool { return x%2 != 0 }
			var doubled, odds, sums []int
			sum := 0
			for _, x := range in {
				doubled = append(doubled, double(x))
				if odd(x) {
					odds = append(odds, x)
				}
				sum += x
				sums = append(sums, sum)
			}
			if got := parallel.Map(in, double); !slices.Equal(got, doubled) {
				t.Errorf("Map of %d is wrong", n)
			}
			if got := parallel.Filter(in, odd); !slices.Equal(got, odds) {
				t.Errorf("Filter of %d is wrong", n)
			}
			if got := parallel.Scan(in, func(a, b int) int { return a + b }); !slices.Equal(got, sums) {
				t.Errorf("Scan of %d is wrong", n)
			}
			if got := parallel.MapReduce(in, 0, double, func(a, b int) int { return a + b }); got != 2*sum {
				t.Errorf("MapReduce of %d is %d, not %d", n, got, 2*sum)
			}
			if got := slices.Collect(parallel.MapSeq(slices.Values(in), double)); !slices.Equal(got, doubled) {
				t.Errorf("MapSeq of %d is wrong", n)
			}
			if got := parallel.MapReduceSeq(slices.Values(in), 0, double, func(a, b int) int { return a + b }); got != 2*sum {
				t.Errorf("MapReduceSeq of %d is %d, not %d", n, got, 2*sum)
			}
		}
	})
}

// Not commutative: strings, whose order shows.
func TestScanOrder(t *testing.T) {
	on(t, func(t *testing.T) {
		in := make([]string, 300)
		want, all := make([]string, len(in)), ""
		for i := range in {
			in[i] = string(rune('a' + i%26))
			all += in[i]
			want[i] = all
		}
		add := func(a, b string) string { return a + b }
		if got := parallel.Scan(in, add); !slices.Equal(got, want) {
			t.Error("Scan of strings is wrong")
		}
		same := func(s string) string { return s }
		if got := parallel.MapReduceSeq(slices.Values(in), "", same, add); got != all {
			t.Errorf("MapReduceSeq of strings is %q", got)
		}
	})
}

func TestMapSeqStops(t *testing.T) {
	on(t, func(t *testing.T) {
		asked := 0
		endless := func(yield func(int) bool) {
			for ; yield(asked); asked++ {
			}
		}
		var got []int
		for x := range parallel.MapSeq(endless, func(x int) int { return x * x }) {
			if got = append(got, x); len(got) == 5 {
				break
			}
		}
		if !slices.Equal(got, []int{0, 1, 4, 9, 16}) || asked > 100 {
			t.Errorf("got %v, %d elements were taken", got, asked)
		}
	})
}

// inputs are what sorting algorithms are afraid of.
var inputs = map[string]func(i, n int) int{
	"random":     func(i, n int) int { return rand.Int() },
	"ascending":  func(i, n int) int { return i },
	"descending": func(i, n int) int { return -i },
	"equal":      func(i, n int) int { return 5 },
	"two":        func(i, n int) int { return i * 7919 % 2 },
	"few":        func(i, n int) int { return rand.IntN(8) },
	"saw":        func(i, n int) int { return i % 100 },
	"pipe":       func(i, n int) int { return min(i, n-i) },
	"nearly":     func(i, n int) int { return i + rand.IntN(3) },
	"last small": func(i, n int) int { return (i + 1) % n },
	"runs of up": func(i, n int) int { return i * 7 % (n + 1) },
}

func TestSort(t *testing.T) {
	lengths := []int{0, 1, 2, 3, 100, 2047, 2048, 5001, 70_000 / slow}
	on(t, func(t *testing.T) {
		for name, f := range inputs {
			for _, n := range lengths {
				in := make([]int, n)
				for i := range in {
					in[i] = f(i, n)
				}
				want := slices.Clone(in)
				slices.Sort(want)
				got := slices.Clone(in)
				if parallel.Sort(got); !slices.Equal(got, want) {
					t.Errorf("Sort of %d, %s, is wrong", n, name)
				}
				got = slices.Clone(in)
				if parallel.SortFunc(got, cmp.Compare[int]); !slices.Equal(got, want) {
					t.Errorf("SortFunc of %d, %s, is wrong", n, name)
				}
				type numbered struct{ key, at int }
				var those []numbered
				for i, x := range in {
					those = append(those, numbered{x, i})
				}
				expected := slices.Clone(those)
				byKey := func(a, b numbered) int { return cmp.Compare(a.key, b.key) }
				slices.SortStableFunc(expected, byKey)
				if parallel.SortStableFunc(those, byKey); !slices.Equal(those, expected) {
					t.Errorf("SortStableFunc of %d, %s, is wrong", n, name)
				}
			}
		}
	})
}

type celsius float32

func TestSortFloats(t *testing.T) {
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, -1, 1}
	on(t, func(t *testing.T) {
		for _, n := range []int{10, 5000, 50_000} {
			f64, f32 := make([]float64, n), make([]celsius, n)
			for i := range f64 {
				f64[i] = rand.NormFloat64()
				if i%3 == 0 {
					f64[i] = special[rand.IntN(len(special))]
				}
				f32[i] = celsius(f64[i])
			}
			want64, want32 := slices.Clone(f64), slices.Clone(f32)
			slices.Sort(want64)
			slices.Sort(want32)
			parallel.Sort(f64)
			parallel.Sort(f32)
			same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
			if !slices.EqualFunc(f64, want64, same) {
				t.Errorf("Sort of %d float64 is wrong", n)
			}
			if !slices.EqualFunc(f32, want32, func(a, b celsius) bool { return same(float64(a), float64(b)) }) {
				t.Errorf("Sort of %d float32 is wrong", n)
			}
		}
	})
}

func TestSortStrings(t *testing.T) {
	on(t, func(t *testing.T) {
		in := make([]string, 10_000)
		for i := range in {
			in[i] = string(rune('a'+rand.IntN(26))) + string(rune('a'+rand.IntN(26)))
		}
		want := slices.Clone(in)
		slices.Sort(want)
		if parallel.Sort(in); !slices.Equal(in, want) {
			t.Error("Sort of strings is wrong")
		}
	})
}

// Against package slices, for any numbers, and lengths about the limits at which
// the algorithm changes.
func TestSortProperty(t *testing.T) {
	in(t, 3, func() {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(2000, 2300).Draw(t, "length") * rapid.SampledFrom([]int{1, 2, 9}).Draw(t, "times")
			most := rapid.SampledFrom([]int{1, 3, 100, 1 << 30}).Draw(t, "most")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			s := make([]int, n)
			for i := range s {
				s[i] = r.IntN(most) - most/2
			}
			if a := rapid.IntRange(0, n).Draw(t, "sorted up to"); a > 0 {
				slices.Sort(s[:a])
			}
			want := slices.Clone(s)
			slices.Sort(want)
			if parallel.Sort(s); !slices.Equal(s, want) {
				t.Fatalf("Sort of %d is wrong", n)
			}
		})
	})
}
