package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// count explores body exhaustively and returns how many schedules there were.
func count(t *testing.T, preemptions int, body func(s *sim.Sim)) int {
	t.Helper()
	var last *sim.Sim
	if f := sim.Check(func(s *sim.Sim) { last = s; body(s) }, sim.Explore(sim.Exhaustive(preemptions))); f != nil {
		t.Fatal(f)
	}
	return last.Schedules()
}

// TestExhaustiveCounts compares the number of schedules with what is computed by
// hand.
func TestExhaustiveCounts(t *testing.T) {
	// Without preemptions the body spawns all, and ends; then the three that have
	// nothing to wait for run in any order: 3!.
	if n := count(t, 0, func(*sim.Sim) {
		for range 3 {
			fibers.Go(func() {})
		}
	}); n != 6 {
		t.Errorf("three fibers: %d schedules, not 3! = 6", n)
	}
	// Two fibers of three pieces each, with a Yield between: as at a Yield anybody may
	// go on for nothing, all the ways to merge three and three: 6!/(3!·3!).
	orders := map[string]bool{}
	if n := count(t, 0, func(s *sim.Sim) {
		var order strings.Builder
		var wg cml.WaitGroup
		wg.Add(2)
		for _, name := range []string{"a", "b"} {
			fibers.Go(func() {
				for i := range 3 {
					if i > 0 {
						fibers.Yield()
					}
					order.WriteString(name)
				}
				if wg.Done(); order.Len() == 6 {
					orders[order.String()] = true
				}
			})
		}
	}); n != 20 || len(orders) != 20 {
		t.Errorf("two fibers that yield twice: %d schedules, %d orders, not 6!/(3!·3!) = 20", n, len(orders))
	}
	// Two fibers a and b, each with one operation that does not wait, so of two pieces,
	// and the body, which can be passed over after each spawn (it ends after b's).
	//
	//	no preemption   body aa bb, body bb aa                                      2
	//	one             of the body, after it spawned a:  aa body bb                1
	//	                of the body, after it spawned b:  aa {body bb, bb body},
	//	                                                  bb {body aa, aa body}     4
	//	                of a by b:                        body a bb a, body b aa b  2
	//
	// which are 2 and 9.
	program := func(*sim.Sim) {
		for range 2 {
			c := cml.NewBuffered[int](1)
			fibers.Go(func() { c.TryPut(1) })
		}
	}
	for preemptions, want := range []int{2, 9} {
		if n := count(t, preemptions, program); n != want {
			t.Errorf("two fibers with an operation, %d preemptions: %d schedules, not %d", preemptions, n, want)
		}
	}
	// A choice of three that are ready; and once more, where it may look at the empty one
	// first, in vain, and then chooses among the other two: 3·(2 + 1·2).
	if n := count(t, 3, func(*sim.Sim) {
		var ops []cml.Op[int]
		for i := range 3 {
			c := cml.NewBuffered[int](1)
			c.Put(i)
			ops = append(ops, c.GetOp())
		}
		op := cml.Choice(ops...)
		cml.Perform(op)
		cml.Perform(op)
	}); n != 12 {
		t.Errorf("two choices: %d schedules, not 3·(2 + 1·2) = 12", n)
	}
}

// TestExhaustiveEnumerates compares with an independent enumeration: so many threads
// of so many pieces, with at most so many preemptions.
func TestExhaustiveEnumerates(t *testing.T) {
	for _, c := range []struct{ threads, pieces, preemptions int }{{2, 3, 0}, {2, 3, 1}, {2, 3, 2}, {2, 3, 9}, {3, 2, 1}} {
		n := count(t, c.preemptions, func(*sim.Sim) {
			fibers.Go(func() {})
			for range c.threads {
				ch := cml.NewBuffered[int](c.pieces)
				fibers.Go(func() {
					for range c.pieces - 1 {
						ch.TryPut(1)
					}
				})
			}
		})
		// Threads: the body, which spawns an empty thread and then the others, and can be
		// passed over after each; the empty one; the others.
		m := &model{spawns: c.threads + 1}
		m.left = append(m.left, c.threads+2, 1)
		for range c.threads {
			m.left = append(m.left, c.pieces)
		}
		if want := m.count(0, c.preemptions, map[int]bool{0: true}); n != want {
			t.Errorf("%+v: %d schedules, not %d", c, n, want)
		}
	}
}

// model counts schedules: thread 0 makes thread i with its i-th piece.
type model struct {
	spawns int
	left   []int // pieces of each thread
}

// count is the number of schedules from here, where cur has just run (or is about to
// begin), with so many preemptions left; alive are those that can run.
func (m *model) count(cur, preemptions int, alive map[int]bool) (n int) {
	if len(alive) == 0 {
		return 1
	}
	for next := range m.left {
		if !alive[next] {
			continue
		}
		p := preemptions
		if next != cur && alive[cur] {
			p--
		}
		if p < 0 {
			continue
		}
		m.left[next]--
		was := map[int]bool{}
		for k := range alive {
			was[k] = true
		}
		if next == 0 {
			if made := m.spawns + 2 - m.left[0] - 1; made >= 1 && made <= m.spawns {
				was[made] = true
			}
		}
		if m.left[next] == 0 {
			delete(was, next)
		}
		n += m.count(next, p, was)
		m.left[next]++
	}
	return n
}

// TestStrategiesReachAllOrders: every strategy that draws finds all orders of three
// fibers, and the round robin one.
func TestStrategiesReachAllOrders(t *testing.T) {
	for want, strategies := range map[int][]sim.Strategy{
		6: {sim.Random(), sim.PCT(1), sim.PCT(3), sim.Exhaustive(0)},
		1: {sim.RoundRobin()},
	} {
		for _, st := range strategies {
			orders := map[string]bool{}
			must(t, sim.Check(func(s *sim.Sim) {
				var order []int
				var wg cml.WaitGroup
				wg.Add(3)
				for i := range 3 {
					fibers.Go(func() { order = append(order, i); wg.Done() })
				}
				wg.Wait()
				orders[fmt.Sprint(order)] = true
			}, sim.Explore(st), sim.Runs(300)))
			if len(orders) != want {
				t.Errorf("%v: %d orders, not %d", st, len(orders), want)
			}
		}
	}
}

// TestPCTKeepsItsBound measures how often a bug of depth 3 is found, against
// 1/(n·k²).
func TestPCTKeepsItsBound(t *testing.T) {
	const tries, depth, fibersOfIt = 1000, 3, 2
	// The bug: a's first piece, then the body's, then a's second, then the body's last:
	// three orderings have to come together.
	body := func(s *sim.Sim) {
		x, c := 0, cml.NewBuffered[int](8)
		fibers.Go(func() {
			x = 1
			c.TryPut(1)
			if x == 2 {
				x = 3
			}
		})
		c.TryPut(1)
		if x == 1 {
			x = 2
		}
		c.TryPut(1)
		s.Always(x != 3, "three orderings came together")
	}
	const steps = 7 // body and a begin, the body goes on after the spawn, four operations in all, at most
	found, longest := 0, 0
	for i := range tries {
		if f := sim.Check(body, sim.Explore(sim.PCT(depth)), sim.Seed(uint64(i)<<20|steps), sim.Shrinks(0)); f != nil {
			found++
			longest = max(longest, f.Steps)
		}
	}
	if longest > steps {
		t.Fatalf("a run took %d steps, more than were planned with", longest)
	}
	bound := float64(tries) / (fibersOfIt * steps * steps)
	t.Logf("found in %d of %d runs; the bound is %.1f", found, tries, bound)
	if float64(found) < bound {
		t.Errorf("found in %d of %d runs, the bound is %.1f", found, tries, bound)
	}
}

// TestFromChangesSchedules: another base makes other schedules, the same the same.
func TestFromChangesSchedules(t *testing.T) {
	seeds := func(from uint64) (list []uint64) {
		must(t, sim.Check(func(s *sim.Sim) { list = append(list, s.Seed()) }, sim.From(from), sim.Runs(5)))
		return list
	}
	if a, b := seeds(1), seeds(1); !slices.Equal(a, b) {
		t.Errorf("the same base makes %v and %v", a, b)
	}
	if a, b := seeds(1), seeds(2); slices.Equal(a, b) {
		t.Errorf("two bases make %v", a)
	}
}

// TestExhaustiveSeeds: the seed of a failure makes that run again, be its path short,
// or too long to be a number.
func TestExhaustiveSeeds(t *testing.T) {
	for _, steps := range []int{3, 80} {
		body := func(s *sim.Sim) {
			x, c := 0, cml.NewBuffered[int](1)
			fibers.Go(func() {
				for range steps {
					c.TryPut(1)
				}
				x = 1
				c.TryPut(1)
				x = 2
			})
			for range steps {
				c.TryGet()
			}
			s.Always(x != 1, "in between")
		}
		f := sim.Check(body, sim.Explore(sim.Exhaustive(2)))
		if f == nil {
			t.Fatal("no failure")
		}
		if long := steps > 64; long != (f.Seed>>63 == 1) {
			t.Errorf("%d steps: seed %#x", steps, f.Seed)
		}
		again := sim.Check(body, sim.Explore(sim.Exhaustive(2)), sim.Seed(f.Seed))
		if again == nil || again.Trace != f.Trace || again.Seed != f.Seed {
			t.Errorf("%d steps: seed %d makes\n%v\nnot\n%v", steps, f.Seed, again, f)
		}
	}
}
