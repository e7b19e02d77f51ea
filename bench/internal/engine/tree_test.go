package engine

import (
	"testing"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

func TestTreeSums(t *testing.T) {
	type subtree struct {
		seed uint64
		size int
	}
	for i, size := range treeSizes {
		if i == int(harness.Full) && testing.Short() {
			t.Log("left out with -short: the largest tree")
			continue
		}
		left := []subtree{{treeSeed, size}}
		f := &forest{grain: treeGrain}
		f.spawn = func(seed uint64, size int) { left = append(left, subtree{seed, size}) }
		for len(left) > 0 {
			s := left[0]
			left = left[1:]
			f.grow(s.seed, s.size)
		}
		if got := f.sum.Load(); got != treeSums[i] {
			t.Errorf("the sum of the tree of %d is %#x, not %#x", size, got, treeSums[i])
		}
	}
}
