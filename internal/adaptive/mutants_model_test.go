//go:build model

package adaptive

import (
	"testing"

	"github.com/seed222ee791/fibers/internal/mutants"
)

// What could be forgotten in the protocol is found by TestMutexModel.
func TestMutantsOfMutexModel(t *testing.T) {
	const shipped, bucket = "adaptive.go", "bucket.go"
	mutants.Find(t, mutants.Plan{
		Run:   "^TestMutexModel$",
		Tags:  "model",
		Files: []string{shipped, bucket, "words_model.go", "export_test.go", "model_test.go"},
	},
		// X1
		mutants.Change("want does not look whether it is free", shipped, `if old&held == 0 {`, `if false {`),
		mutants.Change("want does not say that somebody waits", shipped, `if old&waiting != 0 || m.word.CompareAndSwap(old, old|waiting) { // X1`, `if true {`),
		mutants.Change("look, then give back", shipped, `if !m.word.CompareAndSwap(held, 0) {
		m.unlockSlowly()
	}`, `if m.word.Load() != held {
		m.unlockSlowly()
	} else {
		m.word.Store(0)
	}`),
		mutants.Change("unlock forgets the rest", shipped, `		now = waiting // X1`, `		now = 0`),
		mutants.Change("in the list after the lock is free", shipped, `	b.push(w)
	b.unlock()
`, `	b.unlock()
	b.push(w)
`),
		// X2
		mutants.Change("handed over and not kept", shipped, `		now |= held
`, ``),
		mutants.Change("kept and not handed over", shipped, `		native.owns = true
`, ``),
		mutants.Change("the fiber is not woken", shipped, `		fiber.next, free = free, fiber
`, `		_ = fiber
`),
		// X4
		mutants.Change("who posts does not try the lock", bucket, `			break
		}
	}
	b.settlePosted()
`, `			break
		}
	}
`),
		mutants.Change("who gives the lock back does not look", bucket, `	b.mu.Unlock()
	b.settlePosted()
`, `	b.mu.Unlock()
`),
		mutants.Change("who unlocks does not look", shipped, `	wake(free)
	b.settlePosted()
`, `	wake(free)
`),
		mutants.Change("who settles looks once", bucket, `for b.posted.Load() != nil && b.mu.TryLock() {`, `if b.posted.Load() != nil && b.mu.TryLock() {`),
		mutants.Change("in line though the mutex is free", bucket, `if w.mutex.want() {`, `if w.mutex.want() || true {`),
		mutants.Change("posted beside others", bucket, `b.posted.CompareAndSwap(last, w) {`, `b.posted.Store(w); true {`),
	)
}
