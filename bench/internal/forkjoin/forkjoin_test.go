package forkjoin

import (
	"testing"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// The known answers, by other ways than the workloads'.
func TestForkjoinAnswers(t *testing.T) {
	for i, n := range fibSizes {
		a, b := 0, 1
		for range n {
			a, b = b, a+b
		}
		if a != fibAnswers[i] {
			t.Errorf("fib(%d) is %d, not %d", n, a, fibAnswers[i])
		}
	}
	if forks(10) != 88 { // fib(11) − 1
		t.Errorf("fib(10) forks %d times", forks(10))
	}
	for i, n := range queensSizes {
		if got := (board{all: 1<<n - 1}).count(); got != queensAnswers[i] {
			t.Errorf("%d queens: %d ways, not %d", n, got, queensAnswers[i])
		}
	}
	for i, n := range knapsackThings {
		// The best worth by the room that is used at most (dynamic programming).
		best := make([]int, knapsackRoom(n)+1)
		for k := range n {
			weight, worth := thing(k)
			for room := len(best) - 1; room >= weight; room-- {
				best[room] = max(best[room], best[room-weight]+worth)
			}
		}
		if got := best[len(best)-1]; got != knapsackBest[i] {
			t.Errorf("%d things: the best is %d, not %d", n, got, knapsackBest[i])
		}
	}
	for i, n := range skewedSizes {
		if got := (skewed{skewedSeed, n}).sum(); got != skewedSums[i] {
			t.Errorf("the sum of the skewed tree of %d is %#x, not %#x", n, got, skewedSums[i])
		}
	}
	for sc := range harness.Tiny + 1 {
		q := newPicture(harness.Params{Scale: sc})
		q.rows(0, q.height)
		if err := q.verify(harness.Params{Scale: sc}); err != nil {
			t.Error(err)
		}
	}
}
