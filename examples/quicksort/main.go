// Quicksort sorts the lines that it reads.
//
// It is the textbook's algorithm, with a fork for every recursion: no pool, no
// depth limit, no size below which it would not be worth while. (parallel.Sort
// is faster; it divides the linear passes as well.)
//
//	ls | go run ./examples/quicksort
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"log"
	"os"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// quicksort sorts s. Its result says nothing: it has one because Both wants one.
func quicksort[E cmp.Ordered](s []E) struct{} {
	if len(s) > 1 {
		less, more := partition(s)
		parallel.Both(quicksort[E], s[:less], s[more:])
	}
	return struct{}{}
}

// partition moves what is less than some element to the front of s, and what is
// greater to the end. It returns where the first ends and the last begins; what
// is between is equal. (Dijkstra's Dutch national flag.)
func partition[E cmp.Ordered](s []E) (less, more int) {
	pivot := median(s[0], s[len(s)/2], s[len(s)-1])
	more = len(s)
	for i := 0; i < more; {
		switch x := s[i]; {
		case x < pivot:
			s[less], s[i] = x, s[less]
			less++
			i++
		case x > pivot:
			more--
			s[more], s[i] = x, s[more]
		default:
			i++
		}
	}
	return less, more
}

func median[E cmp.Ordered](a, b, c E) E {
	return max(min(a, b), min(max(a, b), c))
}

func run(r io.Reader, w io.Writer) error {
	var lines []string
	in := bufio.NewScanner(r)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	if err := in.Err(); err != nil {
		return err
	}
	if err := fibers.Run(func() { quicksort(lines) }); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	return out.Flush()
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
