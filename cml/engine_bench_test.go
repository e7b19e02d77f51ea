package cml_test

import (
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// BenchmarkBase is what the engine takes for a ping-pong: two parks, two unparks,
// nothing else.
func BenchmarkBase(b *testing.B) {
	var turn atomic.Int64
	var ws [2]wait.Waiter
	f := func(i int) func(int) {
		return func(n int) {
			ws[i] = wait.Current()
			for k := int64(i); k < 2*int64(n); k += 2 {
				for turn.Load() != k {
					ws[i].Park(wait.Signal)
				}
				turn.Store(k + 1)
				if ws[1-i] != nil {
					ws[1-i].Unpark()
				}
			}
		}
	}
	onFibers(b, 1, f(0), f(1))
}
