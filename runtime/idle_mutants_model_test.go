//go:build model

package runtime

import (
	"testing"

	"github.com/seed222ee791/fibers/internal/mutants"
)

// What could be forgotten in idle.go is found by the tests of idle_model_test.go.
func TestMutantsOfIdlersModel(t *testing.T) {
	const idle, driver = "idle.go", "idle_model_test.go"
	mutants.Find(t, mutants.Plan{
		Run:   "^TestIdlers.*Model$",
		Tags:  "model",
		Files: []string{idle, "atomics_model.go", driver},
	},
		// W1
		mutants.Change("no recheck", idle, `up := s.recheck() || !id.watched.Load() && id.at.woken()`, `up := false`),
		mutants.Change("recheck by searchers only", idle, `up := s.recheck()`, `up := searching && s.recheck()`),
		mutants.Change("decrement after the recheck", idle, `	if searching {
		id.searching.Dec()
	}
	d := id.patience(b, now)
	watches := b.watcher // patience may have made it that
	id.mu.Unlock()

	up := s.recheck() || !id.watched.Load() && id.at.woken() // W2
`, `	d := id.patience(b, now)
	watches := b.watcher // patience may have made it that
	id.mu.Unlock()

	up := s.recheck() || !id.watched.Load() && id.at.woken() // W2
	if searching {
		id.searching.Dec()
	}
`),
		mutants.Change("decrement outside, when the list is empty", idle, `		id.searching.Dec()
		id.mu.Unlock()
`, `		id.mu.Unlock()
		id.searching.Dec()
`),
		mutants.Change("no decrement, when the list is empty", idle, `		id.searching.Dec()
		id.mu.Unlock()
`, `		id.mu.Unlock()
`),
		mutants.Change("the last searcher wakes nobody", idle, `id.searching.Dec() == 0 && id.nsleep.Load() > 0 && id.needed()`, `id.searching.Dec() < 0`),
		mutants.Change("nor who has found work in the recheck", idle, `} else if id.nsleep.Load() > 0 && id.needed() {`, `} else if false {`),
		mutants.Change("who was called is no searcher", idle, `	if woken {            // a waker was faster, and counts on it
		s.await()
	}
	return woken, true`, `	if woken {            // a waker was faster, and counts on it
		s.await()
	}
	return false, true`),
		mutants.Change("wake, then push", driver, `			h.queue.Add(1)
			h.wakeForWork()
`, `			h.wakeForWork()
			h.queue.Add(1)
`),
		// W2
		mutants.Change("nobody watches", idle, `busy && id.mayWatch() || !id.watched.Load() && len(id.mu.list)`, `busy && len(id.mu.list)`),
		mutants.Change("watched, though the watcher has left", idle, `		id.watched.Store(false)
`, ``),
		mutants.Change("the last searcher does not look at next places", idle, `return id.at.posted() || !id.watched.Load() && id.at.workWaits()`, `return id.at.posted()`),
		mutants.Change("look for a watcher, then put", driver, `			h.place.Add(1)
			if h.attend.Load() != 0 && h.nsleep.Load() != 0 && !h.watched.Load() {
				h.wakeForWork()
			}
`, `			lone := h.attend.Load() != 0 && h.nsleep.Load() != 0 && !h.watched.Load()
			h.place.Add(1)
			if lone {
				h.wakeForWork()
			}
`),
		// W3, and time-outs
		mutants.Change("the permit is left", idle, `		s.await()
`, ``),
		mutants.Change("leave without a look", idle, `	woken = b.sleepIndex < 0
`, ``),
		mutants.Change("nobody keeps the time after the timekeeper", idle, `		id.mu.until = never
	}
`, `	}
`),
		mutants.Change("who falls asleep does not look at timers", idle, `next := id.at.alarm(); next < id.mu.until`, `next := id.at.alarm(); next < 0`),
		mutants.Change("with slack, the watcher is relieved by nobody", idle, `		if b := s.bed(); b.watcher && b.timekeeper {
			b.watcher = false
			return true`, `		if b := s.bed(); b.watcher && b.timekeeper {
			b.watcher = false
			return false`),
	)
}
