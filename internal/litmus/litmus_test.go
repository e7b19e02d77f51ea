package litmus

import (
	"runtime"
	"sync"
	"sync/atomic" // what is tested is its order, without a wrapper
	"testing"
)

const rounds = 200_000

// together runs one step of each party at a time, round after round, and looks at each
// outcome.
func together(t *testing.T, reset, first, second func(), look func() bool) {
	t.Helper()
	var turn [2]atomic.Int32 // the rounds that each has begun
	var ended [2]atomic.Int32
	var all sync.WaitGroup
	party := func(me int, step func()) {
		defer all.Done()
		for round := int32(1); round <= rounds; round++ {
			turn[me].Store(round)
			for turn[1-me].Load() < round {
				runtime.Gosched()
			}
			step()
			ended[me].Store(round)
			for ended[1-me].Load() < round {
				runtime.Gosched()
			}
			if me == 0 {
				if !look() {
					t.Errorf("round %d shows what cannot be", round)
					round = rounds
				}
				reset()
			}
		}
		turn[me].Store(rounds + 1)
		ended[me].Store(rounds + 1)
	}
	all.Add(2)
	go party(0, first)
	go party(1, second)
	all.Wait()
}

// Store buffering: of two who store and then load what the other has stored, one at least
// sees the other's store. The deque rests on it (D1), and so does whoever falls asleep (W1).
func TestStoreBuffering(t *testing.T) {
	var x, y atomic.Int32
	var sawY, sawX int32
	together(t,
		func() { x.Store(0); y.Store(0) },
		func() { x.Store(1); sawY = y.Load() },
		func() { y.Store(1); sawX = x.Load() },
		func() bool { return sawX != 0 || sawY != 0 })
}

// Message passing: who sees the flag sees the message, which is plain memory.
func TestMessagePassing(t *testing.T) {
	var flag atomic.Int32
	var message, saw, got int32
	together(t,
		func() { flag.Store(0); message = 0 },
		func() { message = 1; flag.Store(1) },
		func() {
			if saw = flag.Load(); saw != 0 {
				got = message
			}
		},
		func() bool { return saw == 0 || got == 1 })
}
