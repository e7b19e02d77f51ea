package cml_test

import (
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// P1, P2: one leaf a performance, and what is put is what is got.
func TestP1P2EachPutMeetsOneGet(t *testing.T) {
	const chans, parties = 3, 4
	rounds := short(2000)
	onAll(t, func(t *testing.T, tm *team) {
		var cs [chans]*cml.Chan[int]
		for i := range cs {
			cs[i] = cml.NewChan[int]()
		}
		seen := make([]atomic.Int32, parties*rounds)
		where := make([]atomic.Int32, parties*rounds) // the channel a value went through, plus 1
		for p := range parties {
			tm.Go(func() {
				for r := range rounds {
					v := p*rounds + r
					var ops []cml.Op[int]
					for i, c := range cs {
						ops = append(ops, cml.Wrap(c.PutOp(v), func(unit) int { return i }))
					}
					i := cml.Perform(cml.Choice(ops...))
					if old := where[v].Swap(int32(i + 1)); old != 0 && old != int32(i+1) {
						t.Errorf("value %d was put to %d, and got from %d", v, i, old-1)
					}
				}
			})
			tm.Go(func() {
				var ops []cml.Op[[2]int]
				for i, c := range cs {
					ops = append(ops, cml.Wrap(c.GetOp(), func(v int) [2]int { return [2]int{i, v} }))
				}
				get := cml.Choice(ops...)
				for range rounds {
					got := cml.Perform(get)
					i, v := got[0], got[1]
					if seen[v].Inc() != 1 {
						t.Errorf("value %d was got twice", v)
					}
					if old := where[v].Swap(int32(i + 1)); old != 0 && old != int32(i+1) {
						t.Errorf("value %d was got from %d, and put to %d", v, i, old-1)
					}
				}
			})
		}
	})
}

// P3: a performance does not meet itself, and meets another of its kind.
func TestP3NobodyMeetsHimself(t *testing.T) {
	rounds := short(2000)
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		if _, ok := cml.Poll(cml.Choice(c.GetOp(), cml.Wrap(c.PutOp(1), func(unit) int { return 0 }))); ok {
			t.Fatal("met itself in a Poll")
		}
		// An even number of parties that all perform the same choice.
		for k := range 4 {
			tm.Go(func() {
				op := cml.Choice(c.GetOp(), cml.Wrap(c.PutOp(k), func(unit) int { return -1 }), c.GetOp())
				for range rounds {
					if cml.Perform(op) == k {
						t.Errorf("party %d got its own value", k)
					}
				}
				// The parties need not end together: let the others go on.
				for {
					if _, ok := cml.Poll(cml.Choice(c.GetOp(), cml.Wrap(c.PutOp(k), func(unit) int { return -1 }))); !ok {
						break
					}
				}
			})
		}
		// Whoever is last may be alone, an odd number of rounds from its end.
		stop := make(chan struct{})
		go func() {
			tm.wg.Wait()
			close(stop)
		}()
		for done := false; !done; {
			select {
			case <-stop:
				done = true
			default:
				cml.Poll(cml.Choice(c.GetOp(), cml.Wrap(c.PutOp(9), func(unit) int { return -1 })))
			}
		}
	})
}

// Crossed choices: every party of a ring offers to its neighbours on both sides
// at once, so that matches of two words chase each other around the ring.
func TestCrossedChoicesStress(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5} {
		t.Run("", func(t *testing.T) {
			onAll(t, func(t *testing.T, tm *team) {
				ring := make([]*cml.Chan[int], n)
				for i := range ring {
					ring[i] = cml.NewChan[int]()
				}
				rounds := short(3000)
				over := cml.NewCond()
				var puts, gets, active atomic.Int64
				active.Store(int64(n))
				for i := range n {
					tm.Go(func() {
						op := cml.Choice(
							cml.Wrap(ring[i].PutOp(i), func(unit) int { return -1 }),
							ring[(i+1)%n].GetOp(),
							cml.Wrap(over.WaitOp(), func(unit) int { return -2 }),
						)
						for range rounds {
							switch v := cml.Perform(op); v {
							case -2:
								return
							case -1:
								puts.Inc()
							case (i + 1) % n:
								gets.Inc()
							default:
								t.Errorf("party %d got %d", i, v)
							}
						}
						over.Signal() // the neighbours may have nobody left
					})
				}
				tm.wait()
				if puts.Load() != gets.Load() {
					t.Errorf("%d puts and %d gets", puts.Load(), gets.Load())
				}
				if puts.Load()+gets.Load() < int64(rounds) {
					t.Errorf("only %d commits", puts.Load()+gets.Load())
				}
			})
		})
	}
}

// A star: one party in the middle of many, each of which also deals with its
// neighbour.
func TestStarStress(t *testing.T) {
	const n = 6
	rounds := short(2000)
	onAll(t, func(t *testing.T, tm *team) {
		hub := cml.NewChan[int]()
		side := cml.NewChan[int]()
		over := cml.NewCond()
		end := cml.Wrap(over.WaitOp(), func(unit) int { return -2 })
		for i := range n {
			tm.Go(func() {
				op := cml.Choice(
					cml.Wrap(hub.PutOp(i), func(unit) int { return -1 }),
					cml.Wrap(side.PutOp(i), func(unit) int { return -1 }),
					side.GetOp(), end)
				for cml.Perform(op) != -2 {
				}
			})
		}
		tm.Go(func() {
			op := cml.Choice(hub.GetOp(), cml.Wrap(side.PutOp(n), func(unit) int { return -1 }), side.GetOp())
			for range rounds {
				cml.Perform(op)
			}
			over.Signal()
		})
	})
}

func TestChoiceOfNothingIsNever(t *testing.T) {
	if _, ok := cml.Poll(cml.Choice[int]()); ok {
		t.Error("Choice() was ready")
	}
	c := cml.NewCond()
	c.Signal()
	cml.Perform(cml.Choice(cml.Choice[unit](), c.WaitOp(), cml.Prefer[unit](), cml.Never[unit]()))
}

// P10: of several that are always ready, all are chosen, about equally often.
func TestP10FairAmongTheReady(t *testing.T) {
	for n := 2; n <= 9; n++ {
		var ops []cml.Op[int]
		for i := range n {
			ops = append(ops, cml.Always(i))
		}
		rounds := 2000 * n
		for name, op := range map[string]cml.Op[int]{
			"flat":   cml.Choice(ops...),
			"nested": cml.Choice(ops[0], cml.Choice(ops[1:]...)),
		} {
			count := make([]int, n)
			for range rounds {
				count[cml.Perform(op)]++
			}
			for i, k := range count {
				if k < 1400 || k > 2600 {
					t.Errorf("%s choice of %d: arm %d was chosen %d times of %d", name, n, i, k, rounds)
				}
			}
		}
	}
	// Two ready arms among idle ones, at any distance.
	idle := cml.NewChan[int]()
	for n := 2; n <= 9; n++ {
		for j := 1; j < n; j++ {
			ops := make([]cml.Op[int], n)
			for i := range ops {
				ops[i] = idle.GetOp()
			}
			ops[0], ops[j] = cml.Always(0), cml.Always(1)
			op := cml.Choice(ops...)
			sum := 0
			for range 2000 {
				sum += cml.Perform(op)
			}
			if sum < 880 || sum > 1120 { // five standard deviations
				t.Errorf("arm %d of %d was preferred over arm 0 in %d of 2000", j, n, sum)
			}
		}
	}
}

func TestPreferTakesTheLeftmost(t *testing.T) {
	c := cml.NewChan[int]()
	op := cml.Prefer(c.GetOp(), cml.Prefer(cml.Always(1), cml.Always(2)), cml.Always(3))
	for range 100 {
		if v := cml.Perform(op); v != 1 {
			t.Fatalf("chose %d", v)
		}
	}
	go c.Put(7)
	eventually(t, "the put is preferred", func() bool { return cml.Perform(op) == 7 })
	// While nothing is ready it waits for all alike.
	onAll(t, func(t *testing.T, tm *team) {
		c, d := cml.NewChan[int](), cml.NewChan[int]()
		tm.Go(func() {
			if v := cml.Perform(cml.Prefer(c.GetOp(), d.GetOp())); v != 2 {
				t.Errorf("got %d", v)
			}
		})
		tm.Go(func() { d.Put(2) })
	})
}

// P10: those who wait on a channel are served in the order in which they came,
// past those who have gone.
func TestP10FirstComeFirstServed(t *testing.T) {
	const n = 20
	c := cml.NewChan[int]()
	give := make([]*cml.Cond, n)
	var at atomic.Int32
	rt := newRuntime(t, 1)
	tm := &team{t: t, go1: rt.Go}
	got := make([]int, n) // −1: gone before
	for i := range n {
		give[i] = cml.NewCond()
		tm.Go(func() {
			for at.Load() != int32(i) {
				yield()
			}
			at.Inc() // on one scheduler nobody is in between
			got[i] = cml.Perform(cml.Choice(c.GetOp(), cml.Wrap(give[i].WaitOp(), func(unit) int { return -1 })))
		})
	}
	tm.Go(func() {
		for at.Load() != n {
			yield()
		}
		yield()
		for i := 0; i < n; i += 3 {
			give[i].Signal()
		}
		for v := range n - (n+2)/3 {
			c.Put(v)
		}
	})
	tm.wait()
	next := 0
	for i, v := range got {
		switch {
		case i%3 == 0 && v == -1:
		case i%3 != 0 && v == next:
			next++
		default:
			t.Fatalf("the %dth got %d: %v", i, v, got)
		}
	}
}

func TestDuplicateChannels(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		op := cml.Choice(c.GetOp(), c.GetOp(), c.GetOp(), cml.Wrap(c.GetOp(), func(v int) int { return v }))
		tm.Go(func() {
			for i := range 200 {
				if v := cml.Perform(op); v != i {
					t.Errorf("got %d, not %d", v, i)
				}
			}
		})
		tm.Go(func() {
			for i := range 200 {
				put := c.PutOp(i)
				cml.Perform(cml.Choice(put, put, put))
			}
		})
	})
}

// One op, performed by many at once and again and again.
func TestPrebuiltOpIsShared(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c, d := cml.NewChan[int](), cml.NewChan[int]()
		get := cml.Choice(c.GetOp(), d.GetOp())
		put := cml.Choice(c.PutOp(1), d.PutOp(2))
		for range 8 {
			tm.Go(func() {
				for range 300 {
					if v := cml.Perform(get); v != 1 && v != 2 {
						t.Errorf("got %d", v)
					}
				}
			})
			tm.Go(func() {
				for range 300 {
					cml.Perform(put)
				}
			})
		}
	})
}

// Plain parties among choices: the word of a channel goes to and fro between the
// one who waits alone and the lock, while choices come, lose and withdraw.
func TestEntryStress(t *testing.T) {
	const parties = 3
	rounds := short(6000)
	onAll(t, func(t *testing.T, tm *team) {
		a, b := cml.NewChan[int](), cml.NewChan[int]()
		var sum, count atomic.Int64
		for p := range parties {
			tm.Go(func() {
				for r := range rounds {
					c := a
					if (p+r)%2 == 0 {
						c = b
					}
					c.Put(p*rounds + r)
				}
			})
			tm.Go(func() {
				op := cml.Choice(a.GetOp(), b.GetOp())
				for r := range rounds {
					var v int
					if r%8 == 0 {
						var ok bool
						if v, ok = cml.Poll(op); !ok {
							v = cml.Perform(op)
						}
					} else {
						v = cml.Perform(op)
					}
					sum.Add(int64(v))
					count.Inc()
				}
			})
		}
		tm.wait()
		n := int64(parties * rounds)
		if count.Load() != n || sum.Load() != n*(n-1)/2 {
			t.Errorf("%d values of %d, sum %d", count.Load(), n, sum.Load())
		}
	})
	onAll(t, func(t *testing.T, tm *team) {
		a, b := cml.NewChan[int](), cml.NewChan[int]()
		for range parties {
			tm.Go(func() {
				for r := range rounds {
					if r%2 == 0 {
						a.Get()
					} else {
						b.Get()
					}
				}
			})
			tm.Go(func() {
				op := cml.Choice(a.PutOp(1), b.PutOp(2))
				for range rounds / 2 {
					cml.Perform(op)
				}
			})
		}
		// Somebody who serves those who are left over, on whichever channel.
		over := make(chan bool)
		go func() {
			tm.wg.Wait()
			close(over)
		}()
		for done := false; !done; {
			select {
			case <-over:
				done = true
			default:
				a.TryPut(0)
				b.TryPut(0)
				yield()
				a.TryGet()
				b.TryGet()
				yield()
			}
		}
	})
}

// A choice that comes out of a guard counts as one op of the choice around it.
func TestAGuardedChoiceCountsAsOne(t *testing.T) {
	inner := cml.Guard(func() cml.Op[int] { return cml.Choice(cml.Always(1), cml.Always(2)) })
	op := cml.Choice(cml.Always(0), inner)
	zeros := 0
	for range 2000 {
		if cml.Perform(op) == 0 {
			zeros++
		}
	}
	if zeros < 850 || zeros > 1150 { // a third would be 667
		t.Errorf("%d of 2000 times", zeros)
	}
}
