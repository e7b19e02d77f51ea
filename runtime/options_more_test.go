package runtime

import (
	"slices"
	"testing"
)

// Processes with few schedulers each locked all of them to the first cores.
func TestFewSchedulersAreSpreadOverTheCores(t *testing.T) {
	cpus := []int{0, 1, 2, 3, 4, 5, 6, 7}
	seen := map[int]int{}
	for range 16 { // runtimes
		got := spreadOver(cpus, 2)
		seen[got[0]]++
		seen[got[1]]++
		if slices.Sort(got); !slices.Equal(got, cpus) {
			t.Errorf("of %v there are %v", cpus, got)
		}
	}
	for _, cpu := range cpus {
		if seen[cpu] != 4 {
			t.Errorf("%d of 16 runtimes with two schedulers have CPU %d", seen[cpu], cpu)
		}
	}
	if got := spreadOver(cpus, 8); !slices.Equal(got, cpus) {
		t.Errorf("with as many schedulers as CPUs: %v", got)
	}
}
