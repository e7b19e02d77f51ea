package parallel_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

type node struct {
	left, right *node
	value       int
}

func total(n *node) int {
	if n == nil {
		return 0
	}
	l, r := parallel.Both(total, n.left, n.right)
	return n.value + l + r
}

// The sum of a tree. Each call may run in parallel with its sibling.
func ExampleBoth() {
	tree := &node{&node{nil, nil, 1}, &node{&node{nil, nil, 2}, nil, 3}, 4}
	err := fibers.Run(func() {
		fmt.Println(total(tree))
	})
	fmt.Println(err)
	// Output:
	// 10
	// <nil>
}

// In a plain goroutine: the branches run in the Default runtime.
func ExampleDo() {
	var upper, reversed string
	parallel.Do(
		func() { upper = strings.ToUpper("fork") },
		func() {
			letters := []rune("join")
			slices.Reverse(letters)
			reversed = string(letters)
		},
	)
	fmt.Println(upper, reversed)
	// Output: FORK nioj
}

// A panic travels to the caller, with its stack.
func ExampleDo_panic() {
	defer func() {
		err := recover().(*fibers.PanicError)
		fmt.Println(err.Value, errors.Is(err, io.EOF), len(err.Stack) > 0)
	}()
	parallel.Do(
		func() { fmt.Println("this one ends first") },
		func() { panic(io.EOF) },
	)
	// Output:
	// this one ends first
	// EOF true true
}

// Branches may wait for each other, also on a single scheduler.
func ExampleDo_wait() {
	err := fibers.Run(func() {
		c := cml.NewChan[string]()
		parallel.Do(
			func() { fmt.Println(c.Get()) },
			func() { c.Put("hello") },
		)
	}, fibers.WithSchedulers(1))
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}

func ExampleFor() {
	squares := make([]int, 6)
	parallel.For(0, len(squares), 0, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			squares[i] = i * i
		}
	})
	fmt.Println(squares)
	// Output: [0 1 4 9 16 25]
}

// With a grain of one, each call has one index.
func ExampleFor_grain() {
	var calls atomic.Int32
	parallel.For(10, 20, 1, func(i, _ int) { calls.Inc() })
	fmt.Println(calls.Load())
	// Output: 10
}

func ExampleReduce() {
	// The harmonic series. The sum of floats depends on the order of addition, but
	// Reduce divides a range always in the same way.
	sum := func() float64 {
		return parallel.Reduce(1, 1_000_001, 0, 0, func(lo, hi int, acc float64) float64 {
			for i := lo; i < hi; i++ {
				acc += 1 / float64(i)
			}
			return acc
		}, func(a, b float64) float64 { return a + b })
	}
	fmt.Printf("%.6f %t\n", sum(), sum() == sum())
	// Output: 14.392727 true
}

func ExampleMap() {
	fmt.Println(parallel.Map([]string{"a", "bcd", "ef"}, func(s string) int { return len(s) }))
	// Output: [1 3 2]
}

func ExampleFilter() {
	fmt.Println(parallel.Filter([]int{3, 1, 4, 1, 5, 9, 2, 6}, func(x int) bool { return x > 2 }))
	// Output: [3 4 5 9 6]
}

func ExampleScan() {
	fmt.Println(parallel.Scan([]int{1, 2, 3, 4}, func(a, b int) int { return a + b }))
	// Output: [1 3 6 10]
}

func ExampleMapReduce() {
	words := []string{"work", "is", "stolen", "oldest", "first"}
	longest := parallel.MapReduce(words, 0, func(w string) int { return len(w) }, func(a, b int) int { return max(a, b) })
	fmt.Println(longest)
	// Output: 6
}

func ExampleMapSeq() {
	naturals := func(yield func(int) bool) {
		for i := 1; yield(i); i++ {
		}
	}
	for x := range parallel.MapSeq(naturals, func(i int) int { return i * i }) {
		if x > 50 {
			break
		}
		fmt.Print(x, " ")
	}
	// Output: 1 4 9 16 25 36 49
}

func ExampleMapReduceSeq() {
	lines := strings.Lines("one two\nthree\nfour five six\n")
	words := parallel.MapReduceSeq(lines, 0, func(l string) int { return len(strings.Fields(l)) }, func(a, b int) int { return a + b })
	fmt.Println(words)
	// Output: 6
}

func ExampleSort() {
	s := []int{3, 1, 2}
	parallel.Sort(s)
	fmt.Println(s)
	// Output: [1 2 3]
}

func ExampleSortFunc() {
	s := []string{"pear", "fig", "banana"}
	parallel.SortFunc(s, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	fmt.Println(s)
	// Output: [fig pear banana]
}

func ExampleSortStableFunc() {
	s := []string{"b2", "a1", "b1", "a2"}
	parallel.SortStableFunc(s, func(a, b string) int { return cmp.Compare(a[0], b[0]) })
	fmt.Println(s)
	// Output: [a1 a2 b2 b1]
}
