package programs_test

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// rpcFib computes a Fibonacci number with a fiber and a channel for each call.
func rpcFib(n int) int {
	if n < 2 {
		return 1
	}
	call := func(n int) *cml.Chan[int] {
		answer := cml.NewChan[int]()
		fibers.Go(func() { answer.Put(rpcFib(n)) })
		return answer
	}
	a, b := call(n-1), call(n-2)
	return a.Get() + b.Get()
}

func TestRPCFib(t *testing.T) {
	ends(t, func(t *testing.T) {
		n := size(t, 24, 16)
		check(t, "fib", rpcFib(n), map[int]int{24: 75025, 16: 1597}[n])
	})
}

// skynet puts the sum of the leaves numbers that begin with first, by way of ten
// children, and theirs.
func skynet(out *cml.Chan[int64], first, leaves int64) {
	if leaves == 1 {
		out.Put(first)
		return
	}
	in := cml.NewChan[int64]()
	for i := range int64(10) {
		fibers.Go(func() { skynet(in, first+i*leaves/10, leaves/10) })
	}
	sum := int64(0)
	for range 10 {
		sum += in.Get()
	}
	out.Put(sum)
}

func TestSkynet(t *testing.T) {
	ends(t, func(t *testing.T) {
		leaves := int64(size(t, 1_000_000, 10_000))
		out := cml.NewChan[int64]()
		fibers.Go(func() { skynet(out, 0, leaves) })
		check(t, "the sum of the leaves", out.Get(), map[int64]int64{1_000_000: 499999500000, 10_000: 49995000}[leaves])
	})
}
