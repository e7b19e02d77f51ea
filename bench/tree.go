package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// An unbalanced tree, as in the benchmark UTS (Olivier et al. 2006): the shape
// follows from hashes, so nobody can divide the work beforehand. Each node takes
// some 100 ns of computing. A subtree above a grain is a party of its own.

func treeWorkloads() []*workload {
	return []*workload{{
		suite: "parallel",
		rows: []row{{name: "tree", unit: "ms",
			about: "compute an unbalanced tree of 3 million nodes, a party for each subtree above 200"}},
		budget: 3 * time.Second, rounds: 2,
		speedup: true,
		note:    sharesNote,
		sides:   [sides]func(context.Context, params) (sample, error){treeFibers, treeGoroutines},
	}}
}

// treeSizes and treeSums belong together: nodes, and the sum of their hashes.
var (
	treeSizes = [3]int{3_000_000, 300_000, 3_000}
	treeSums  = [3]uint64{0x187691ac1b56bc08, 0xd240123c25704c68, 0x699436e8f59fb15f}
)

const (
	treeSeed  = 20061102
	treeGrain = 200
)

// mix is the output function of splitmix64 (Steele, Lea & Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// labour is the computing of one node.
func labour(seed uint64) uint64 {
	for range 40 {
		seed = mix(seed)
	}
	return seed
}

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
		h := labour(seed)
		sum += h
		size--
		if size == 0 {
			return sum
		}
		// One to three children get their part of what is left, most often a
		// small one; the last gets the rest.
		for i := range 1 + h%3 {
			u := mix(h+i) >> 48
			part := int(uint64(size) * u * u >> 32)
			if part == 0 {
				continue
			}
			size -= part
			child := mix(h ^ i<<56)
			if part > f.grain {
				f.spawn(child, part)
			} else {
				sum += f.walk(child, part)
			}
		}
		seed = mix(^h)
	}
}

func treeFibers(_ context.Context, p params) (s sample, err error) {
	f := &forest{grain: treeGrain}
	err = inFibers(p.schedulers, func(rt *fibers.Runtime) {
		m := startMeter()
		end := newLatch(1)
		f.spawn = func(seed uint64, size int) {
			end.add(1)
			fibers.Go(func() {
				f.grow(seed, size)
				end.done()
			})
		}
		f.grow(treeSeed, treeSizes[p.scale])
		end.done()
		end.wait()
		s = treeSample(m, p)
		s.shares = shares(rt.Stats())
	})
	if err != nil {
		return s, err
	}
	return s, verify("the sum of the tree", f.sum.Load(), treeSums[p.scale])
}

func treeGoroutines(_ context.Context, p params) (s sample, err error) {
	f := &forest{grain: treeGrain}
	m := startMeter()
	var end sync.WaitGroup
	f.spawn = func(seed uint64, size int) {
		end.Go(func() { f.grow(seed, size) })
	}
	f.grow(treeSeed, treeSizes[p.scale])
	end.Wait()
	s = treeSample(m, p)
	return s, verify("the sum of the tree", f.sum.Load(), treeSums[p.scale])
}

func treeSample(m meter, p params) sample {
	c := m.stop()
	return sample{values: []float64{c.wall.Seconds() * 1e3}, cost: c, ops: treeSizes[p.scale]}
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
func sharesNote(r *result) string {
	parts := r.pairs[len(r.pairs)-1].samples[onFibers].shares
	if len(parts) < 2 {
		return ""
	}
	var words []string
	for _, x := range parts {
		words = append(words, fmt.Sprintf("%.0f", 100*x))
	}
	return "shares " + strings.Join(words, ":") + " %"
}
