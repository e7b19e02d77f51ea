package cml_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// BenchmarkStream: one party puts, the other gets by a choice. Other than in a
// ping-pong, about every second choice finds its partner waiting, and the others
// are found by it. An op is one value.
func BenchmarkStream(b *testing.B) {
	stream := func(op string, parties func() (put func(int), get func())) {
		for _, n := range []int{1, 2} {
			b.Run(fmt.Sprintf("op=%s/scheds=%d", op, n), func(b *testing.B) {
				put, get := parties()
				onFibers(b, n,
					func(n int) {
						for i := range n {
							put(i)
						}
					},
					func(n int) {
						for range n {
							get()
						}
					})
			})
		}
	}
	some := func(n int) (x *cml.Chan[int], ops []cml.Op[int]) {
		x = cml.NewChan[int]()
		ops = append(ops, x.GetOp())
		for len(ops) < n {
			ops = append(ops, cml.NewChan[int]().GetOp())
		}
		return x, ops
	}
	stream("plain", func() (func(int), func()) {
		x := cml.NewChan[int]()
		return x.Put, func() { x.Get() }
	})
	for _, arms := range []int{1, 2, 3, 8} {
		stream(fmt.Sprintf("select%d", arms), func() (func(int), func()) {
			x, ops := some(arms)
			op := cml.Choice(ops...)
			return x.Put, func() { cml.Perform(op) }
		})
	}
	stream("guard", func() (func(int), func()) {
		x, ops := some(2)
		op := cml.Choice(ops[0], cml.Guard(func() cml.Op[int] { return ops[1] }))
		return x.Put, func() { cml.Perform(op) }
	})
	stream("both", func() (func(int), func()) {
		x, y := cml.NewChan[int](), cml.NewChan[int]()
		one := func(cml.Unit) int { return 1 }
		put := cml.Choice(cml.Wrap(x.PutOp(1), one), cml.Wrap(y.PutOp(2), one))
		get := cml.Choice(x.GetOp(), y.GetOp())
		return func(int) { cml.Perform(put) }, func() { cml.Perform(get) }
	})
	stream("dynamic", func() (func(int), func()) {
		const arms = 8
		xs, ops := make([]*cml.Chan[int], arms), make([]cml.Op[int], arms)
		for i := range xs {
			xs[i] = cml.NewChan[int]()
			ops[i] = xs[i].GetOp()
		}
		round := 0
		return func(v int) { xs[v%arms].Put(v) }, func() {
			j, k := round%arms, (3*round+1)%arms
			ops[j], ops[k] = ops[k], ops[j]
			round++
			cml.Perform(cml.Choice(ops...))
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream("context", func() (func(int), func()) {
		x := cml.NewChan[int]()
		op := x.GetOp()
		return x.Put, func() { cml.PerformContext(ctx, op) }
	})
	stream("timer", func() (func(int), func()) {
		x := cml.NewChan[int]()
		op := cml.Choice(x.GetOp(), cml.Wrap(fibers.After(time.Minute), func(time.Time) int { return 0 }))
		return x.Put, func() { cml.Perform(op) }
	})
	stream("after", func() (func(int), func()) {
		x := cml.NewChan[int]()
		op := x.GetOp()
		return x.Put, func() { fibers.PerformTimeout(op, time.Minute) }
	})
}

// BenchmarkFanout: one puts, n get. An op is one value.
func BenchmarkFanout(b *testing.B) {
	for _, gets := range []int{10, 100} {
		b.Run(fmt.Sprintf("gets=%d", gets), func(b *testing.B) {
			x := cml.NewChan[int]()
			parties := []func(int){func(n int) {
				for range n / gets * gets {
					x.Put(0)
				}
			}}
			for range gets {
				parties = append(parties, func(n int) {
					for range n / gets {
						x.Get()
					}
				})
			}
			onFibers(b, 1, parties...)
		})
	}
}

// BenchmarkCrowd: many on both sides choose between the same two channels. An op
// is one value.
func BenchmarkCrowd(b *testing.B) {
	const many = 8
	for _, n := range []int{1, 2, 8} {
		b.Run(fmt.Sprintf("scheds=%d", n), func(b *testing.B) {
			x, y := cml.NewChan[int](), cml.NewChan[int]()
			put := cml.Choice(x.PutOp(1), y.PutOp(2))
			get := cml.Choice(x.GetOp(), y.GetOp())
			var parties []func(int)
			for range many {
				parties = append(parties,
					func(n int) {
						for range n / many {
							cml.Perform(put)
						}
					},
					func(n int) {
						for range n / many {
							cml.Perform(get)
						}
					})
			}
			onFibers(b, n, parties...)
		})
	}
}
