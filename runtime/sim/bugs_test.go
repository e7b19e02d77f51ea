package sim_test

import (
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// Programs with a planted bug, each found within so many runs, replayed and made
// shorter; and each mended, and not failing in fixedRuns runs.

// A plant is such a program: body with the bug, or mended.
type plant struct {
	kind   sim.Kind
	within int // runs, in which every strategy named finds it
	by     []sim.Strategy
	body   func(s *sim.Sim, mended bool)
	// quarter says that what Random finds is long enough to be made a quarter of that.
	quarter bool
	more    []sim.Option
}

func (p plant) check(t *testing.T) {
	t.Helper()
	for _, st := range p.by {
		f := sim.Check(func(s *sim.Sim) { p.body(s, false) }, append([]sim.Option{sim.Shrinks(shrinks), sim.Explore(st), sim.Runs(p.within)}, p.more...)...)
		if f == nil {
			t.Errorf("%v: not found in %d runs", st, p.within)
			continue
		}
		t.Logf("%v: %v in run %d, %d steps, shrunk to %d with %d switches", st, f.Kind, f.Run, f.Steps, f.Shrunk, f.Switches)
		if f.Kind != p.kind {
			t.Errorf("%v: wanted %v, got:\n%v", st, p.kind, f)
			continue
		}
		again := sim.Check(func(s *sim.Sim) { p.body(s, false) }, append([]sim.Option{sim.Shrinks(shrinks), sim.Explore(st), sim.Seed(f.Seed)}, p.more...)...)
		if again == nil || again.Trace != f.Trace || again.Message != f.Message {
			t.Errorf("%v: replayed, it is\n%v\nwhere it was\n%v", st, again, f)
		}
		if shrinks >= 2000 && p.quarter && st == sim.Random() && f.Shrunk*4 > f.Steps {
			t.Errorf("%v: shrunk from %d to %d steps, which is more than a quarter:\n%v", st, f.Steps, f.Shrunk, f)
		}
	}
	must(t, sim.Check(func(s *sim.Sim) { p.body(s, true) }, sim.Runs(fixedRuns)))
	must(t, sim.Check(func(s *sim.Sim) { p.body(s, true) }, sim.Runs(fixedRuns/10), sim.Explore(sim.PCT(3))))
}

// TestBankTransfer: a transfer reads the balances, and writes them when others may
// have changed them: money is lost, or made.
func TestBankTransfer(t *testing.T) {
	plant{kind: sim.Assertion, within: 50, by: []sim.Strategy{sim.Random(), sim.PCT(3)}, quarter: true, body: func(s *sim.Sim, mended bool) {
		const accounts, clerks, transfers = 150, 12, 6
		var mu cml.Mutex
		var balance [accounts]int // some owe to others
		audit := func() {
			mu.Lock()
			sum := 0
			for _, b := range balance {
				sum += b
			}
			mu.Unlock()
			s.Always(sum == 0, "the bank has made %d", sum)
		}
		transfer := func(from, to, amount int) {
			if mended {
				mu.Lock()
				balance[from] -= amount
				balance[to] += amount
				mu.Unlock()
				return
			}
			mu.Lock()
			a, b := balance[from], balance[to]
			mu.Unlock()
			mu.Lock()
			balance[from], balance[to] = a-amount, b+amount
			mu.Unlock()
		}
		var wg cml.WaitGroup
		for range clerks {
			wg.Add(1)
			fibers.GoNamed("clerk", func() {
				defer wg.Done()
				for range transfers {
					from := s.Rand().IntN(accounts)
					transfer(from, (from+1)%accounts, 1+s.Rand().IntN(10))
					audit()
				}
			})
		}
		wg.Wait()
	}}.check(t)
}

// condQueue is a queue with a condition queue by hand: those who find it empty wait
// on a channel of their own.
type condQueue struct {
	mended  bool
	mu      cml.Mutex
	items   []int
	waiters []*cml.Chan[struct{}]
}

func (q *condQueue) put(v int) {
	q.mu.Lock()
	q.items = append(q.items, v)
	var w *cml.Chan[struct{}]
	if len(q.waiters) > 0 {
		w, q.waiters = q.waiters[0], q.waiters[1:]
	}
	q.mu.Unlock()
	if w != nil {
		w.Put(struct{}{})
	}
}

func (q *condQueue) get() int {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			v := q.items[0]
			q.items = q.items[1:]
			q.mu.Unlock()
			return v
		}
		w := cml.NewBuffered[struct{}](1)
		if !q.mended { // the bug: whoever puts now finds nobody to wake
			q.mu.Unlock()
			q.mu.Lock()
		}
		q.waiters = append(q.waiters, w)
		q.mu.Unlock()
		w.Get()
	}
}

// TestLostWakeUp: the wake-up of a hand-written condition queue is lost.
func TestLostWakeUp(t *testing.T) {
	plant{kind: sim.Deadlock, within: 200, by: []sim.Strategy{sim.Random(), sim.PCT(3)}, body: func(_ *sim.Sim, mended bool) {
		q := &condQueue{mended: mended}
		got := cml.NewBuffered[int](8)
		for range 2 {
			fibers.GoNamed("consumer", func() {
				for range 4 {
					got.Put(q.get())
				}
			})
		}
		fibers.GoNamed("producer", func() {
			for i := range 8 {
				q.put(i)
			}
		})
		for range 8 {
			got.Get()
		}
	}}.check(t)
}

// TestDiningPhilosophers: all take the left fork first.
func TestDiningPhilosophers(t *testing.T) {
	plant{kind: sim.Deadlock, within: 500, by: []sim.Strategy{sim.Random()}, quarter: true, body: func(_ *sim.Sim, mended bool) {
		const seats, courses = 7, 20
		meals := 0
		var forks [seats]cml.Mutex
		var wg cml.WaitGroup
		wg.Add(seats)
		for i := range seats {
			fibers.GoNamed("philosopher", func() {
				defer wg.Done()
				a, b := &forks[i], &forks[(i+1)%seats]
				if mended && i == seats-1 {
					a, b = b, a
				}
				for range courses {
					a.Lock()
					b.Lock()
					meals++
					b.Unlock()
					a.Unlock()
				}
			})
		}
		wg.Wait()
	}}.check(t)
}

// TestCacheStampede: all who miss load, where one should.
func TestCacheStampede(t *testing.T) {
	plant{kind: sim.Assertion, within: 100, by: []sim.Strategy{sim.Random(), sim.PCT(2)}, quarter: true, body: func(s *sim.Sim, mended bool) {
		const keys, readers, reads, updates = 3, 10, 20, 5
		var mu cml.Mutex
		cache, loading := map[int]*cml.IVar[int]{}, map[int]int{}
		load := func(key int) int {
			loading[key]++
			s.Always(loading[key] == 1, "%d loads of key %d at once", loading[key], key)
			fibers.Sleep(20 * time.Millisecond)
			loading[key]--
			return key * key
		}
		get := func(key int) int {
			mu.Lock()
			if item := cache[key]; item != nil {
				mu.Unlock()
				return item.Read()
			}
			item := cml.NewIVar[int]()
			if mended { // who comes now waits for this load
				cache[key] = item
			}
			mu.Unlock()
			v := load(key)
			item.Fill(v)
			mu.Lock()
			cache[key] = item
			mu.Unlock()
			return v
		}
		for key := range keys {
			cache[key] = cml.NewIVar[int]()
			cache[key].Fill(key * key)
		}
		version := 0
		var wg cml.WaitGroup
		fibers.GoNamed("writer", func() {
			for range updates {
				mu.Lock()
				version++
				mu.Unlock()
			}
			mu.Lock()
			delete(cache, 0)
			mu.Unlock()
		})
		for range readers {
			wg.Add(1)
			fibers.GoNamed("reader", func() {
				defer wg.Done()
				for range reads {
					key := s.Rand().IntN(keys)
					s.Always(get(key) == key*key, "a wrong value")
				}
			})
		}
		wg.Wait()
	}}.check(t)
}
