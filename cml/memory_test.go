package cml_test

import (
	goruntime "runtime"
	"testing"

	"github.com/seed222ee791/fibers/cml"
)

// What the doc comments and docs/operations.md say of memory: what is written
// before the first step is there after the second. It is the race detector that
// tells, if the write and the read are not ordered by the steps.
func TestMemoryModel(t *testing.T) {
	type steps struct {
		first  func()
		second func()
	}
	edges := []struct {
		name string
		make func(choose bool) steps
	}{
		{"Put before Get", func(choose bool) steps {
			c := cml.NewChan[int]()
			return steps{func() { step(choose, c.PutOp(1), func() { c.Put(1) }) }, func() { step(choose, c.GetOp(), func() { c.Get() }) }}
		}},
		{"Get before Put of a rendezvous", func(choose bool) steps {
			c := cml.NewChan[int]()
			return steps{func() { step(choose, c.GetOp(), func() { c.Get() }) }, func() { step(choose, c.PutOp(1), func() { c.Put(1) }) }}
		}},
		{"Put before Get, with room", func(choose bool) steps {
			c := cml.NewBuffered[int](2)
			return steps{func() { step(choose, c.PutOp(1), func() { c.Put(1) }) }, func() { step(choose, c.GetOp(), func() { c.Get() }) }}
		}},
		{"Get before the Put for which it makes room", func(choose bool) steps {
			c := cml.NewBuffered[int](2)
			c.Put(1)
			c.Put(2)
			return steps{func() { step(choose, c.GetOp(), func() { c.Get() }) }, func() { step(choose, c.PutOp(3), func() { c.Put(3) }) }}
		}},
		{"one Swap before the other", func(choose bool) steps {
			s := cml.NewSwap[int]()
			f := func() { step(choose, s.SwapOp(1), func() { s.Swap(1) }) }
			return steps{f, f}
		}},
		{"one at the Barrier before the other", func(choose bool) steps {
			b := cml.NewBarrier(2)
			f := func() { step(choose, b.WaitOp(), b.Wait) }
			return steps{f, f}
		}},
		{"Signal before Wait", func(choose bool) steps {
			c := cml.NewCond()
			return steps{func() { c.Signal() }, func() { step(choose, c.WaitOp(), c.Wait) }}
		}},
		{"Signal before Signalled", func(bool) steps {
			c := cml.NewCond()
			return steps{func() { c.Signal() }, func() {
				for !c.Signalled() {
					goruntime.Gosched()
				}
			}}
		}},
		{"Fill before Read", func(choose bool) steps {
			iv := cml.NewIVar[int]()
			return steps{func() { iv.Fill(1) }, func() { step(choose, iv.ReadOp(), func() { iv.Read() }) }}
		}},
		{"Unlock before Lock", func(choose bool) steps {
			m := &cml.Mutex{}
			m.Lock()
			return steps{m.Unlock, func() { step(choose, m.LockOp(), m.Lock) }}
		}},
		{"Unlock before TryLock", func(bool) steps {
			m := &cml.Mutex{}
			m.Lock()
			return steps{m.Unlock, func() {
				for !m.TryLock() {
					goruntime.Gosched()
				}
			}}
		}},
		{"Unlock before RLock", func(choose bool) steps {
			m := &cml.RWMutex{}
			m.Lock()
			return steps{m.Unlock, func() { step(choose, m.RLockOp(), m.RLock) }}
		}},
		{"RUnlock before Lock", func(choose bool) steps {
			m := &cml.RWMutex{}
			m.RLock()
			return steps{m.RUnlock, func() { step(choose, m.LockOp(), m.Lock) }}
		}},
		{"Release before Acquire", func(choose bool) steps {
			s := cml.NewSemaphore(2)
			s.Acquire(2)
			return steps{func() { s.Release(2) }, func() { step(choose, s.AcquireOp(1), func() { s.Acquire(1) }) }}
		}},
		{"each Done before Wait", func(choose bool) steps {
			g := &cml.WaitGroup{}
			g.Add(2)
			return steps{g.Done, func() { g.Done(); step(choose, g.WaitOp(), g.Wait) }}
		}},
		{"Put before Take", func(choose bool) steps {
			m := cml.NewMVar[int]()
			return steps{func() { step(choose, m.PutOp(1), func() { m.Put(1) }) }, func() { step(choose, m.TakeOp(), func() { m.Take() }) }}
		}},
		{"Take before Put", func(choose bool) steps {
			m := cml.NewMVar[int]()
			m.Put(0)
			return steps{func() { step(choose, m.TakeOp(), func() { m.Take() }) }, func() { step(choose, m.PutOp(1), func() { m.Put(1) }) }}
		}},
		{"Put before Get of a Queue", func(choose bool) steps {
			q := cml.NewQueue[int](0)
			return steps{func() { step(choose, q.PutOp(1), func() { _ = q.Put(1) }) }, func() { step(choose, q.GetOp(), func() { _, _ = q.Get() }) }}
		}},
		{"Close before the reason", func(choose bool) steps {
			q := cml.NewQueue[int](0)
			return steps{func() { q.Close(nil) }, func() { step(choose, q.GetOp(), func() { _, _ = q.Get() }) }}
		}},
		{"Publish before Get", func(choose bool) steps {
			m := cml.NewMulticast[int]()
			p := m.Subscribe()
			return steps{func() { m.Publish(1) }, func() { step(choose, p.GetOp(), func() { p.Get() }) }}
		}},
		{"Publish before Get, with a bound", func(choose bool) steps {
			m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
			p := m.Subscribe()
			return steps{func() { step(choose, m.PublishOp(1), func() { _ = m.Publish(1) }) }, func() { step(choose, p.GetOp(), func() { _, _ = p.Get() }) }}
		}},
		{"Commit before Perform", func(choose bool) steps {
			waiters := cml.NewQueue[cml.Waiter[int]](0)
			op := cml.NewOp(
				func() (v int, ok bool) { return v, false },
				func(w cml.Waiter[int]) func() { _ = waiters.Put(w); return nil })
			return steps{
				func() { w, _ := waiters.Get(); w.Commit(1) },
				func() { step(choose, op, func() { cml.Perform(op) }) },
			}
		}},
	}
	for _, e := range edges {
		for _, choose := range []bool{false, true} {
			name := e.name + "/plain"
			if choose {
				name = e.name + "/choice"
			}
			t.Run(name, func(t *testing.T) {
				onAll(t, func(t *testing.T, tm *team) {
					const rounds = 50
					wrong := make([]bool, rounds)
					for i := range rounds {
						s, x := e.make(choose), new(int)
						tm.Go(func() { *x = 1; s.first() })
						tm.Go(func() { s.second(); wrong[i] = *x != 1 })
					}
					tm.wait()
					for _, w := range wrong {
						if w {
							t.Fatal("the write is not there")
						}
					}
				})
			})
		}
	}
}

// step does one step: as it is, or as an op that stands twice in a choice.
func step[T any](choose bool, op cml.Op[T], plain func()) {
	if choose {
		cml.Perform(cml.Choice(op, op))
	} else {
		plain()
	}
}

// What the performer did before the nack is there for whoever performed it.
func TestMemoryModelOfNacks(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		for range 50 {
			x := 0
			nacks := cml.NewIVar[cml.Op[unit]]()
			tm.Go(func() {
				cml.Perform(cml.Choice(
					cml.WithNack(func(nack cml.Op[unit]) cml.Op[int] {
						nacks.Fill(nack)
						return cml.Never[int]()
					}),
					cml.Guard(func() cml.Op[int] { x = 1; return cml.Always(1) }),
				))
			})
			tm.Go(func() {
				cml.Perform(nacks.Read())
				if x != 1 {
					t.Error("the write is not there")
				}
			})
		}
		tm.wait()
	})
}
