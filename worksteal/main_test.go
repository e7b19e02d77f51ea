package worksteal_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nearWrap are first indices such that small tests cross the wrap of 64 bits,
// and one at the beginning.
var nearWrap = []uint64{0, 1<<64 - 1, 1<<64 - 3, 1<<64 - 40, 1<<63 - 2, 1<<32 - 5}

// numbers returns pointers to 0 … n-1.
func numbers(n int) []*int {
	xs := make([]*int, n)
	for i := range xs {
		xs[i] = new(int)
		*xs[i] = i
	}
	return xs
}

// value is *x, or -1 for nil.
func value(x *int) int {
	if x == nil {
		return -1
	}
	return *x
}

// panics calls f and returns what it panicked with.
func panics(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
