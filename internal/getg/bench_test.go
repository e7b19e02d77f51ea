package getg

import (
	"fmt"
	"testing"
)

func BenchmarkGet(b *testing.B) {
	b.ReportAllocs()
	var key uintptr
	for b.Loop() {
		key ^= Get()
	}
	sink = key
}

var sink uintptr

// BenchmarkTableGet is what the engine pays to find the running fiber, or to
// find that the caller is none, beside n others.
func BenchmarkTableGet(b *testing.B) {
	for _, n := range []int{1, 1_000, 100_000} {
		for _, present := range []bool{true, false} {
			b.Run(fmt.Sprintf("n=%d/present=%t", n, present), func(b *testing.B) {
				var table Table[int]
				value := new(int)
				for key := range keysOfRuntime(n) {
					table.Put(key, value)
				}
				if present {
					table.Put(Get(), value)
				} else {
					table.Delete(Get())
				}
				b.ReportAllocs()
				found := 0
				for b.Loop() {
					if table.Get(Get()) != nil {
						found++
					}
				}
				if (found > 0) != present {
					b.Fatalf("found %d times, present: %t", found, present)
				}
			})
		}
	}
}

// BenchmarkTablePutDelete is what a coroutine that comes and goes costs.
func BenchmarkTablePutDelete(b *testing.B) {
	for _, n := range []int{1, 1_000, 100_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			var table Table[int]
			value := new(int)
			for key := range keysOfRuntime(n) {
				table.Put(key, value)
			}
			key := Get()
			b.ReportAllocs()
			for b.Loop() {
				table.Put(key, value)
				table.Delete(key)
			}
		})
	}
}

// BenchmarkTableGrow puts and deletes a million keys in a row; ns/op is for one
// key, all moves to larger and smaller arrays included.
func BenchmarkTableGrow(b *testing.B) {
	const n = 1_000_000
	value := new(int)
	for b.Loop() {
		var table Table[int]
		for key := range keysOfRuntime(n) {
			table.Put(key, value)
		}
		for key := range keysOfRuntime(n) {
			table.Delete(key)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/key")
}
