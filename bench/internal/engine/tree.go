package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// An unbalanced tree, as in the benchmark UTS (Olivier et al. 2006): the shape
// follows from hashes, so nobody can divide the work beforehand. Each node takes
// some 100 ns of computing. A subtree above a grain is a party of its own.

func treeWorkloads() []*harness.Workload {
	return []*harness.Workload{{
		Suite: "parallel",
		Rows: []harness.Row{{Name: "tree", Unit: "ms",
			About: "compute an unbalanced tree of a million nodes, a party for each subtree above 200"}},
		Budget:  1500 * time.Millisecond,
		Speedup: true,
		Note:    sharesNote,
		Sides:   [harness.Sides]harness.Run{treeFibers, treeGoroutines},
	}}
}

// treeSizes and treeSums belong together: nodes, and the sum of their hashes.
var (
	treeSizes = [3]int{1_000_000, 300_000, 3_000}
	treeSums  = [3]uint64{0xf74bb0c5c381f307, 0xd240123c25704c68, 0x699436e8f59fb15f}
)

const (
	treeSeed  = 20061102
	treeGrain = 200
)

// A forest is the work on one tree.
type forest struct {
	grain int
	spawn func(seed uint64, size int) // calls grow on a party of its own
	sum   stdatomic.Uint64
}

// grow computes a subtree of size nodes, without the parts that it spawns.
func (f *forest) grow(seed uint64, size int) { f.sum.Add(f.walk(seed, size)) }

func (f *forest) walk(seed uint64, size int) (sum uint64) {
	for {
		h := harness.Labour(seed)
		sum += h
		size--
		if size == 0 {
			return sum
		}
		// One to three children get their part of what is left, most often a
		// small one; the last gets the rest.
		for i := range 1 + h%3 {
			u := harness.Mix(h+i) >> 48
			part := int(uint64(size) * u * u >> 32)
			if part == 0 {
				continue
			}
			size -= part
			child := harness.Mix(h ^ i<<56)
			if part > f.grain {
				f.spawn(child, part)
			} else {
				sum += f.walk(child, part)
			}
		}
		seed = harness.Mix(^h)
	}
}

func treeFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	f := &forest{grain: treeGrain}
	err = harness.InFibers(p.Schedulers, func(rt *fibers.Runtime) {
		m := harness.StartMeter()
		var end cml.WaitGroup
		f.spawn = func(seed uint64, size int) {
			end.Go(func() { f.grow(seed, size) })
		}
		f.grow(treeSeed, treeSizes[p.Scale])
		end.Wait()
		s = treeSample(m, p)
		s.Shares = shares(rt.Stats())
	})
	if err != nil {
		return s, err
	}
	return s, harness.Verify("the sum of the tree", f.sum.Load(), treeSums[p.Scale])
}

func treeGoroutines(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	f := &forest{grain: treeGrain}
	m := harness.StartMeter()
	var end sync.WaitGroup
	f.spawn = func(seed uint64, size int) {
		end.Go(func() { f.grow(seed, size) })
	}
	f.grow(treeSeed, treeSizes[p.Scale])
	end.Wait()
	s = treeSample(m, p)
	return s, harness.Verify("the sum of the tree", f.sum.Load(), treeSums[p.Scale])
}

func treeSample(m harness.Meter, p harness.Params) harness.Sample {
	c := m.Stop()
	return harness.Sample{Values: []float64{c.Wall.Seconds() * 1e3}, Cost: c, Ops: treeSizes[p.Scale]}
}

// shares returns what part of the fibers ended on each scheduler.
func shares(st fibers.Stats) []float64 {
	all := uint64(0)
	for _, s := range st.Schedulers {
		all += s.Ended
	}
	var parts []float64
	for _, s := range st.Schedulers {
		parts = append(parts, float64(s.Ended)/float64(max(all, 1)))
	}
	return parts
}

// sharesNote shows the shares of the last round.
func sharesNote(r *harness.Result) string {
	parts := r.Pairs[len(r.Pairs)-1].Samples[harness.OnFibers].Shares
	if len(parts) < 2 {
		return ""
	}
	var words []string
	for _, x := range parts {
		words = append(words, fmt.Sprintf("%.0f", 100*x))
	}
	return "shares " + strings.Join(words, ":") + " %"
}
