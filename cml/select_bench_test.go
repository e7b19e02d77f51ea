package cml_test

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Select written in its loop, with all that is made for it each time.
func BenchmarkSelectInPlace(b *testing.B) {
	fibers.Run(func() {
		x, y, z := cml.NewChan[int](), cml.NewChan[int](), cml.NewChan[int]()
		fibers.Go(func() {
			for {
				x.Put(1)
			}
		})
		b.ReportAllocs()
		sum := 0
		for b.Loop() {
			cml.Select(
				cml.On(x.GetOp(), func(v int) { sum += v }),
				cml.On(y.GetOp(), func(v int) { sum -= v }),
				cml.On(z.GetOp(), func(v int) { sum -= v }),
			)
		}
	}, fibers.WithSchedulers(1))
}
