package simsched_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

// outcomes returns what came out of the runs of s, and how many there were.
func outcomes(t *testing.T, s func() ([]func(), func(simsched.End) string), opts ...simsched.Option) ([]string, int) {
	seen := map[string]bool{}
	stats := simsched.Explore(t, func() ([]func(), func(simsched.End)) {
		actors, after := s()
		return actors, func(end simsched.End) { seen[after(end)] = true }
	}, opts...)
	return slices.Sorted(maps.Keys(seen)), stats.Runs
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("outcomes %q, not %q", got, want)
	}
}

// Two actors that read, and then write: an update may be lost, but not both.
func TestLostUpdateModel(t *testing.T) {
	got, runs := outcomes(t, func() ([]func(), func(simsched.End) string) {
		var x simsched.Uint64
		add := func() { x.Store(x.Load() + 1) }
		return []func(){add, add}, func(simsched.End) string { return fmt.Sprint(x.Load()) }
	})
	expect(t, got, "1", "2")
	// r1 w1 r2 w2, r2 w2 r1 w1, and both reads first, either write last.
	if runs != 4 {
		t.Errorf("%d orders, not 4", runs)
	}
}

// Steps that do not meet need one order.
func TestIndependentStepsModel(t *testing.T) {
	_, runs := outcomes(t, func() ([]func(), func(simsched.End) string) {
		var x, y, z simsched.Uint32
		x.Store(7)
		work := func(w *simsched.Uint32) func() {
			return func() {
				for range 5 {
					w.Add(x.Load())
				}
			}
		}
		return []func(){work(&y), work(&z), work(new(simsched.Uint32))}, func(simsched.End) string { return "" }
	})
	if runs != 1 {
		t.Errorf("%d orders, not 1", runs)
	}
}

// Locks exclude, and taken crosswise they deadlock.
func TestLocksModel(t *testing.T) {
	got, _ := outcomes(t, func() ([]func(), func(simsched.End) string) {
		var m simsched.Mutex
		var x simsched.Uint64
		add := func() {
			m.Lock()
			x.Store(x.Load() + 1)
			m.Unlock()
		}
		return []func(){add, add, add}, func(end simsched.End) string {
			return fmt.Sprint(x.Load(), end.AllDone(), m.Held())
		}
	})
	expect(t, got, "3 true false")
	got, _ = outcomes(t, func() ([]func(), func(simsched.End) string) {
		var a, b simsched.Mutex
		both := func(first, second *simsched.Mutex) func() {
			return func() {
				first.Lock()
				defer first.Unlock()
				second.Lock()
				defer second.Unlock()
			}
		}
		return []func(){both(&a, &b), both(&b, &a)}, func(end simsched.End) string { return fmt.Sprint(end.AllDone()) }
	})
	expect(t, got, "false", "true")
}

// One who tries a lock may find it taken, also where the holder has nothing left to do but to give it back.
func TestTryMutexModel(t *testing.T) {
	got, _ := outcomes(t, func() ([]func(), func(simsched.End) string) {
		var m simsched.TryMutex
		entered, passed := 0, 0
		return []func(){
				func() { m.Lock(); entered++; m.Unlock() },
				func() {
					if m.TryLock() {
						entered++
						m.Unlock()
					} else {
						passed++
					}
				},
			}, func(end simsched.End) string {
				return fmt.Sprint(entered, passed, end.AllDone())
			}
	})
	expect(t, got, "1 1 true", "2 0 true")
}

// A permit is not lost if it comes before the wait, and permits do not add up.
func TestWaitersModel(t *testing.T) {
	for _, n := range []int{1, 2} {
		got, _ := outcomes(t, func() ([]func(), func(simsched.End) string) {
			var w simsched.Pointer[wait.Waiter]
			waits := func() {
				me := wait.Current()
				w.Store(&me)
				for range n {
					me.Park(wait.None)
				}
			}
			wakes := func() {
				for range n {
					if me := w.Load(); me != nil {
						(*me).Unpark()
					}
				}
			}
			return []func(){waits, wakes}, func(end simsched.End) string { return fmt.Sprint(end.AllDone()) }
		})
		expect(t, got, "false", "true")
	}
}

// An actor that is told to end does: its deferred functions run.
func TestFinishModel(t *testing.T) {
	got, _ := outcomes(t, func() ([]func(), func(simsched.End) string) {
		deferred, returned := false, false
		waits := func() {
			defer func() { deferred = true }()
			wait.Current().Park(wait.None)
			returned = true
		}
		return []func(){waits, func() { simsched.Finish(0) }}, func(end simsched.End) string {
			return fmt.Sprint(end.AllDone(), deferred, returned)
		}
	})
	expect(t, got, "true true false")
}

// A frozen actor stops anywhere; who does not need it goes on.
func TestFreezeModel(t *testing.T) {
	got, _ := outcomes(t, func() ([]func(), func(simsched.End) string) {
		var x simsched.Uint32
		var m simsched.Mutex
		two := func() {
			x.Add(1)
			m.Lock()
			x.Add(1)
			m.Unlock()
		}
		one := func() {
			m.Lock()
			defer m.Unlock()
		}
		return []func(){two, one}, func(end simsched.End) string {
			return fmt.Sprint(x.Load(), end.Frozen, end.Waits[1], m.Held())
		}
	}, simsched.Freeze(0))
	expect(t, got, "0 true false false", "1 true false false", // before its lock,
		"1 true false true", "1 true true true", // with the lock, after or before the other,
		"2 false false false") // not at all
}

// A bounded search finds what takes as many interruptions as it may make.
func TestPreemptionsModel(t *testing.T) {
	world := func() ([]func(), func(simsched.End) string) {
		var x simsched.Uint32
		add := func() { x.Store(x.Load() + 1) }
		return []func(){add, add, add}, func(simsched.End) string { return fmt.Sprint(x.Load()) }
	}
	for n, want := range [][]string{{"3"}, {"1", "2", "3"}, {"1", "2", "3"}} {
		got, _ := outcomes(t, world, simsched.Preemptions(n))
		expect(t, got, want...)
	}
}

// The end of a search that fails tells the order of steps.
func TestFailureIsTold(t *testing.T) {
	log := simsched.Finds(func(s simsched.T) {
		simsched.Explore(s, func() ([]func(), func(simsched.End)) {
			var x simsched.Uint64
			add := func() { x.Store(x.Load() + 1) }
			return []func(){add, add}, func(simsched.End) {
				if x.Load() == 1 {
					s.Fatalf("lost")
				}
			}
		})
	})
	if !strings.Contains(log, "actor 1 reads") || !strings.Contains(log, "actor 0 writes") || !strings.Contains(log, "simsched_test.go:") {
		t.Errorf("the log says\n%s", log)
	}
	log = simsched.Finds(func(s simsched.T) {
		simsched.Explore(s, func() ([]func(), func(simsched.End)) {
			return []func(){func() { panic("of an actor") }}, func(simsched.End) {}
		})
	})
	if !strings.Contains(log, "of an actor") {
		t.Errorf("the log says\n%s", log)
	}
	log = simsched.Finds(func(s simsched.T) {
		simsched.Explore(s, func() ([]func(), func(simsched.End)) {
			var x simsched.Uint32
			add := func() { x.Add(1); x.Add(1) }
			return []func(){add, add, add}, func(simsched.End) {}
		}, simsched.Limit(10))
	})
	if !strings.Contains(log, "too large") {
		t.Errorf("the log says\n%s", log)
	}
}

// Outside an exploration the words are what they stand for.
func TestWordsOutside(t *testing.T) {
	var a simsched.Uint64
	var b simsched.Uint32
	var c simsched.Bool
	var p simsched.Pointer[int]
	var m simsched.Mutex
	m.Lock()
	a.Store(1)
	c.Store(true)
	x := 5
	swapped := p.Swap(&x)
	if !a.CompareAndSwap(1, 2) || a.Load() != 2 || b.Add(3) != 3 || !b.CompareAndSwap(3, 4) || !c.Load() || swapped != nil || p.Load() != &x {
		t.Error("an operation has gone wrong")
	}
	m.Unlock()
	m.Lock() // or this would wait
	defer m.Unlock()
}
