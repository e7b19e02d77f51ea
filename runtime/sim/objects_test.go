package sim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// The module's own objects, in many schedules: a second pair of eyes beside the
// interleaver (-tags model), with whole programs instead of single accesses.

// objects are bodies that must not fail.
var objects = map[string]func(s *sim.Sim){
	"crossed choices": func(s *sim.Sim) { // each commits one of the two, and both agree which
		a, b := cml.NewChan[int](), cml.NewChan[int]()
		var left, right int
		var wg cml.WaitGroup
		wg.Add(2)
		fibers.Go(func() {
			defer wg.Done()
			cml.Select(cml.On(a.PutOp(1), func(cml.Unit) { left = 1 }), cml.On(b.GetOp(), func(v int) { left = v }))
		})
		fibers.Go(func() {
			defer wg.Done()
			cml.Select(cml.On(a.GetOp(), func(v int) { right = v }), cml.On(b.PutOp(2), func(cml.Unit) { right = 2 }))
		})
		wg.Wait()
		s.Always(left == right && left != 0, "%d and %d", left, right)
		s.Sometimes(left == 1, "by a")
		s.Sometimes(left == 2, "by b")
	},
	"a cycle of three": func(s *sim.Sim) {
		var c [3]*cml.Chan[int]
		for i := range c {
			c[i] = cml.NewChan[int]()
		}
		met := 0
		for i := range 3 {
			s.Host("ring").Go(func() { // one of the three is left over, and ends with its host
				cml.Select(cml.On(c[i].PutOp(i), func(cml.Unit) { met++ }), cml.On(c[(i+1)%3].GetOp(), func(int) { met++ }))
			})
		}
		fibers.Sleep(1)
		s.Always(met == 2, "%d have met", met)
	},
	"nacks": func(s *sim.Sim) { // exactly one of the two is chosen, and the other hears of it
		served, gone := 0, 0
		offer := func() cml.Op[int] {
			return cml.WithNack(func(nack cml.Op[cml.Unit]) cml.Op[int] {
				c := cml.NewChan[int]()
				fibers.Go(func() {
					cml.Select(cml.On(c.PutOp(1), func(cml.Unit) { served++ }), cml.On(nack, func(cml.Unit) { gone++ }))
				})
				return c.GetOp()
			})
		}
		cml.Perform(cml.Choice(offer(), offer()))
		s.Eventually(1, func() bool { return served+gone == 2 }, "both are told")
		s.Always(served == 1 && gone == 1, "%d served, %d gone", served, gone)
	},
	"a queue that is closed": func(s *sim.Sim) { // what was put is got, in order, and nothing after it
		q := cml.NewQueue[int](2)
		put := 0
		p := fibers.Spawn(func() (int, error) {
			for i := range 6 {
				if err := q.Put(i); err != nil {
					return 0, err
				}
				put++
			}
			return 0, nil
		})
		fibers.Go(func() { q.Close(errors.New("enough")) })
		got := 0
		for v := range q.All() {
			s.Always(v == got, "got %d after %d", v, got-1)
			got++
		}
		_, err := p.Await()
		s.Always(got == put && (err == nil) == (put == 6), "%d put, %d got, %v", put, got, err)
		s.Sometimes(put == 0, "closed at once")
		s.Sometimes(put > 2, "closed later")
	},
	"a mutex and a choice": func(s *sim.Sim) {
		var a, b cml.Mutex
		inA, inB := 0, 0
		var wg cml.WaitGroup
		for range 3 {
			wg.Add(1)
			fibers.Go(func() {
				defer wg.Done()
				for range 3 {
					cml.Select(
						cml.On(a.LockOp(), func(cml.Unit) {
							inA++
							s.Always(inA == 1, "%d hold a", inA)
							fibers.Yield()
							inA--
							a.Unlock()
						}),
						cml.On(b.LockOp(), func(cml.Unit) {
							inB++
							s.Always(inB == 1, "%d hold b", inB)
							fibers.Yield()
							inB--
							b.Unlock()
						}))
				}
			})
		}
		wg.Wait()
		s.Always(a.TryLock() && b.TryLock(), "one is held still")
	},
	"readers and writers": func(s *sim.Sim) {
		var mu cml.RWMutex
		readers, writers := 0, 0
		var wg cml.WaitGroup
		for i := range 4 {
			wg.Add(1)
			fibers.Go(func() {
				defer wg.Done()
				for range 2 {
					if i == 0 {
						mu.Lock()
						writers++
						s.Always(writers == 1 && readers == 0, "%d writers, %d readers", writers, readers)
						fibers.Yield()
						writers--
						mu.Unlock()
					} else {
						mu.RLock()
						readers++
						s.Always(writers == 0, "%d writers, %d readers", writers, readers)
						s.Sometimes(readers == 3, "three readers")
						fibers.Yield()
						readers--
						mu.RUnlock()
					}
				}
			})
		}
		wg.Wait()
	},
	"a semaphore": func(s *sim.Sim) {
		sem := cml.NewSemaphore(3)
		held := int64(0)
		var wg cml.WaitGroup
		for i := range 4 {
			n := int64(i%3 + 1)
			wg.Add(1)
			fibers.Go(func() {
				defer wg.Done()
				sem.Acquire(n)
				held += n
				s.Always(held <= 3, "%d held of 3", held)
				fibers.Yield()
				held -= n
				sem.Release(n)
			})
		}
		wg.Wait()
		s.Always(sem.TryAcquire(3), "units are lost")
	},
	"an MVar": func(s *sim.Sim) {
		m := cml.NewMVar[int]()
		m.Put(0)
		var wg cml.WaitGroup
		for range 3 {
			wg.Add(1)
			fibers.Go(func() { defer wg.Done(); m.Put(m.Take() + 1) })
		}
		wg.Wait()
		s.Always(m.Read() == 3 && m.Swap(9) == 3 && m.Take() == 9, "another value")
	},
	"a barrier": func(s *sim.Sim) {
		b := cml.NewBarrier(3)
		var phase [3]int
		var wg cml.WaitGroup
		for i := range 3 {
			wg.Add(1)
			fibers.Go(func() {
				defer wg.Done()
				for range 3 {
					phase[i]++
					b.Wait()
					for _, p := range phase {
						s.Always(p == phase[i] || p == phase[i]+1, "phases %v", phase)
					}
				}
			})
		}
		wg.Wait()
	},
	"a multicast": func(s *sim.Sim) {
		m := cml.NewMulticast[int]()
		var wg cml.WaitGroup
		for range 3 {
			p := m.Subscribe()
			wg.Add(1)
			fibers.Go(func() {
				defer wg.Done()
				for want := range 4 {
					got := p.Get()
					s.Always(got == want, "got %d, not %d", got, want)
				}
				p.Close()
			})
		}
		for i := range 4 {
			m.Publish(i)
		}
		wg.Wait()
	},
	"a bounded multicast": func(s *sim.Sim) {
		m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
		var wg cml.WaitGroup
		for i := range 2 {
			p := m.Subscribe()
			wg.Go(func() {
				for want := range 2 {
					it := cml.Perform(cml.Choice(p.GetOp(), cml.Never[cml.Item[int]]()))
					s.Always(it.Value == want && it.Err == nil, "got %v, not %d", it, want)
				}
				if i == 0 {
					p.Close()
				}
				_, err := p.Get()
				s.Always(err == cml.ErrClosed, "after all: %v", err)
			})
		}
		for i := range 2 {
			m.Publish(i)
		}
		m.Close(nil)
		wg.Wait()
	},
	"a group": func(s *sim.Sim) {
		bad, alive := errors.New("bad"), 0
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			g.SetLimit(2)
			for i := range 4 {
				g.Go(func(ctx context.Context) error {
					alive++
					defer func() { alive-- }()
					s.Always(alive <= 2, "%d alive", alive)
					if i == 1 {
						return bad
					}
					_, err := cml.PerformContext(ctx, cml.Never[int]())
					return err
				})
			}
			return nil
		})
		s.Always(err == bad && alive == 0, "%v, %d alive", err, alive)
	},
	"tasks": func(s *sim.Sim) {
		slow := fibers.Spawn(func() (int, error) { fibers.Sleep(10); return 1, nil })
		quick := fibers.Spawn(func() (int, error) { return 2, nil })
		first := cml.Perform(cml.Choice(slow.AwaitOp(), quick.AwaitOp()))
		s.Always(first.Value == 2, "the slow one was first")
		v, err := slow.Await()
		s.Always(v == 1 && err == nil, "%d, %v", v, err)
	},
	"cancel or commit": func(s *sim.Sim) { // a value that was put is got, or the getter was cancelled
		ctx, cancel := context.WithCancel(context.Background())
		c := cml.NewChan[int]()
		fibers.Go(cancel)
		put := false
		p := fibers.Spawn(func() (int, error) { _, put = fibers.PerformTimeout(c.PutOp(1), 10); return 0, nil })
		v, err := cml.PerformContext(ctx, c.GetOp())
		_, _ = p.Await()
		s.Always(put == (err == nil) && put == (v == 1), "put %v, got %d, %v", put, v, err)
		s.Sometimes(put, "put")
		s.Sometimes(!put, "cancelled")
	},
	"a time-out and a put": func(s *sim.Sim) {
		c := cml.NewChan[int]()
		fibers.Go(func() { fibers.Sleep(10); c.TryPut(1) })
		_, ok := fibers.PerformTimeout(c.GetOp(), 10)
		s.Sometimes(ok, "in time")
		s.Sometimes(!ok, "too late")
	},
}

// TestObjectsSimulated runs them by all strategies.
func TestObjectsSimulated(t *testing.T) {
	for name, body := range objects {
		t.Run(name, func(t *testing.T) {
			must(t, sim.Check(body, sim.Runs(fixedRuns/4)))
			must(t, sim.Check(body, sim.Runs(fixedRuns/4), sim.Explore(sim.PCT(3)), sim.From(2)))
			if f := sim.Check(body, sim.Explore(sim.Exhaustive(1)), sim.Runs(fixedRuns)); f != nil && f.Kind != sim.Unreached {
				t.Error(f)
			}
		})
	}
}
