package cml_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"go.uber.org/atomic"
	"pgregory.net/rapid"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// A pooled resource of a test.
type pooled struct {
	inUse, disposed atomic.Bool
	bad             bool // written by who has it
}

// A makers makes resources and keeps account of them.
type makers struct {
	made, disposed atomic.Int32
	fail           func(n int32) error // nil: never
	failed         atomic.Int32
}

func (m *makers) new() (*pooled, error) {
	n := m.made.Inc()
	yield()
	if m.fail != nil {
		if err := m.fail(n); err != nil {
			m.made.Dec()
			m.failed.Inc()
			return nil, err
		}
	}
	return &pooled{}, nil
}

func (m *makers) dispose(r *pooled) {
	if r.disposed.Swap(true) {
		panic("disposed of twice")
	}
	m.disposed.Inc()
}

func (m *makers) conf(t *testing.T) cml.PoolConfig[*pooled] {
	return cml.PoolConfig[*pooled]{
		New:     m.new,
		Dispose: m.dispose,
		Valid: func(r *pooled) bool {
			if r.disposed.Load() || r.inUse.Load() {
				t.Error("what is idle is in use or disposed of")
			}
			return !r.bad
		},
	}
}

// No resource is lent to two or after its end, never more than the limit, none is lost,
// whatever wins, loses, fails or panics.
func TestPoolStress(t *testing.T) {
	const limit = 3
	for _, valid := range []bool{true, false} {
		m := &makers{}
		failing := errors.New("no")
		m.fail = func(n int32) error {
			switch {
			case n%17 == 0:
				return failing
			case n%23 == 0:
				m.made.Dec()
				m.failed.Inc()
				panic(failing)
			}
			return nil
		}
		conf := m.conf(t)
		if !valid {
			conf.Valid = nil
		}
		p := cml.NewPool(limit, conf)
		var lent atomic.Int32
		use := func(r *pooled, bad bool) {
			if r.inUse.Swap(true) || r.disposed.Load() {
				t.Error("lent to two, or after its end")
			}
			if n := lent.Inc(); n > limit {
				t.Errorf("%d are lent", n)
			}
			yield()
			r.bad = bad
			lent.Dec()
			r.inUse.Store(false)
		}
		each := short(600)
		var parties []func()
		for party := range 6 {
			parties = append(parties, func() {
				for i := range each {
					func() {
						defer func() {
							if v := recover(); v != nil && v != failing {
								panic(v)
							}
						}()
						switch (i + party) % 6 {
						case 0:
							if r, err := p.Get(); err == nil {
								use(r, i%5 == 0)
								p.Put(r)
							}
						case 1:
							if it, ok := fibers.PerformTimeout(p.GetOp(), time.Duration(i%50)*time.Microsecond); ok && it.Err == nil {
								use(it.Value, false)
								p.Discard(it.Value)
							}
						case 2:
							if it := cml.Perform(p.GetOp()); it.Err == nil {
								use(it.Value, false)
								p.Put(it.Value)
							}
						case 3:
							if it, ok := cml.Poll(p.GetOp()); ok && it.Err == nil {
								use(it.Value, false)
								p.Put(it.Value)
							}
						case 4:
							fibers.PerformTimeout(cml.UseOp(p, func(r *pooled) cml.Op[cml.Unit] {
								use(r, false)
								if i%2 == 0 {
									return cml.Never[cml.Unit]()
								}
								return cml.Always(cml.Unit{})
							}), time.Microsecond)
						case 5:
							p.Use(func(r *pooled) error {
								use(r, false)
								if i%3 == 0 {
									panic(failing)
								}
								return nil
							})
						}
					}()
				}
			})
		}
		within(t, "the parties", func() { mixed(t, parties...) })
		// What lost gives back, at last.
		eventually(t, "nothing is lent", func() bool { return p.Lent() == 0 })
		if n := p.Idle(); n > limit || int32(n) != m.made.Load()-m.disposed.Load() {
			t.Errorf("%d are idle; made %d, disposed of %d", n, m.made.Load(), m.disposed.Load())
		}
		p.Close()
		p.Close()
		if m.made.Load() != m.disposed.Load() || m.failed.Load() == 0 {
			t.Errorf("made %d, disposed of %d, failed %d", m.made.Load(), m.disposed.Load(), m.failed.Load())
		}
		if _, err := p.Get(); err != cml.ErrPoolClosed {
			t.Error(err)
		}
		if it, ok := cml.Poll(p.GetOp()); !ok || it.Err != cml.ErrPoolClosed {
			t.Error(it, ok)
		}
	}
}

// Against a plain model: one party that uses a pool in any order.
func TestPoolAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 4).Draw(rt, "limit")
		next := 0
		gone := map[int]bool{}
		p := cml.NewPool(limit, cml.PoolConfig[int]{
			New:     func() (int, error) { next++; return next, nil },
			Dispose: func(v int) { gone[v] = true },
		})
		var idle, lent []int
		made, closed := 0, false
		modelGone := map[int]bool{}
		rt.Repeat(map[string]func(*rapid.T){
			"get": func(rt *rapid.T) {
				if len(lent) == limit && !closed {
					if _, ok := cml.Poll(p.GetOp()); ok {
						rt.Fatal("more than the limit")
					}
					return
				}
				var it cml.Item[int]
				if rapid.Bool().Draw(rt, "op") {
					it = cml.Perform(p.GetOp())
				} else {
					it.Value, it.Err = p.Get()
				}
				if closed {
					if it.Err != cml.ErrPoolClosed {
						rt.Fatal(it)
					}
					return
				}
				want := made + 1
				if n := len(idle); n > 0 {
					want, idle = idle[n-1], idle[:n-1]
				} else {
					made++
				}
				if it.Err != nil || it.Value != want {
					rt.Fatalf("got %v, want %d", it, want)
				}
				lent = append(lent, want)
			},
			"giveBack": func(rt *rapid.T) {
				if len(lent) == 0 {
					return
				}
				v := lent[0]
				lent = lent[1:]
				if rapid.Bool().Draw(rt, "discard") {
					p.Discard(v)
					modelGone[v] = true
					return
				}
				p.Put(v)
				if closed {
					modelGone[v] = true
				} else {
					idle = append(idle, v)
				}
			},
			"close": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "whether") > 0 {
					return
				}
				p.Close()
				for _, v := range idle {
					modelGone[v] = true
				}
				idle, closed = nil, true
			},
			"": func(rt *rapid.T) {
				if p.Idle() != len(idle) || p.Lent() != len(lent) || len(gone) != len(modelGone) {
					rt.Fatalf("%d idle, %d lent, %d disposed of; want %d, %d, %d", p.Idle(), p.Lent(), len(gone), len(idle), len(lent), len(modelGone))
				}
			},
		})
		p.Close()
	})
}

// A New that takes long holds up no time-out, and what it makes is not lost.
func TestPoolNewTakesLong(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		m, goOn := &makers{}, cml.NewCond()
		conf := m.conf(t)
		conf.New = func() (*pooled, error) { goOn.Wait(); return m.new() }
		p := cml.NewPool(1, conf)
		tm.Go(func() {
			if _, ok := fibers.PerformTimeout(p.GetOp(), time.Millisecond); ok {
				t.Error("got what has not been made")
			}
			late := cml.NewQueue[error](0)
			tm.Go(func() { _, err := p.Get(); late.Put(err) }) // waits for a place
			goOn.Signal()
			if err, _ := late.Get(); err != nil || m.made.Load() != 1 {
				t.Error(err, m.made.Load())
			}
			tm.Go(func() { _, err := p.Get(); late.Put(err) })
			tm.Go(func() { late.Put(cml.Perform(p.GetOp()).Err) })
			yield()
			p.Close() // also of those who wait
			for range 2 {
				if err, _ := late.Get(); err != cml.ErrPoolClosed {
					t.Error(err)
				}
			}
			p.Put(&pooled{})
			if m.disposed.Load() != 1 {
				t.Error("what is put into a closed pool is kept")
			}
		})
	})
}

// A New that ends its fiber leaves the place, and who waits is told.
func TestPoolNewEnds(t *testing.T) {
	p := cml.NewPool(1, cml.PoolConfig[int]{New: func() (int, error) { runtime.Goexit(); return 0, nil }})
	within(t, "the two", func() {
		for range 2 {
			if it := cml.Perform(p.GetOp()); it.Err == nil {
				t.Error(it)
			}
		}
	})
	eventually(t, "the place is free", func() bool { return p.Lent() == 0 })
}

func TestPoolIdleTimeout(t *testing.T) {
	m := &makers{}
	conf := m.conf(t)
	conf.IdleTimeout = 20 * time.Millisecond
	p := cml.NewPool(4, conf)
	for round := range 2 {
		var all []*pooled
		for range 4 {
			r, _ := p.Get()
			all = append(all, r)
		}
		begin := time.Now()
		for _, r := range all {
			p.Put(r)
		}
		eventually(t, "all are disposed of", func() bool { return m.disposed.Load() == 4*int32(round+1) })
		if d := time.Since(begin); d < conf.IdleTimeout {
			t.Errorf("disposed of after %v", d)
		}
		if p.Idle() != 0 {
			t.Error(p.Idle())
		}
	}
	r, _ := p.Get()
	p.Put(r)
	p.Close() // and no timer stays
}

func TestPoolMisuse(t *testing.T) {
	mk := func() (int, error) { return 0, nil }
	mustPanic(t, "cml: NewPool with a limit", func() { cml.NewPool(0, cml.PoolConfig[int]{New: mk}) })
	mustPanic(t, "cml: NewPool without New", func() { cml.NewPool(1, cml.PoolConfig[int]{}) })
	mustPanic(t, "cml: NewPool with a negative", func() { cml.NewPool(1, cml.PoolConfig[int]{New: mk, IdleTimeout: -1}) })
	p := cml.NewPool(1, cml.PoolConfig[int]{New: mk})
	mustPanic(t, "cml: more comes back", func() { p.Put(1) })
	mustPanic(t, "cml: more comes back", func() { p.Discard(1) })
	mustPanic(t, "cml: Pool.Use(nil)", func() { p.Use(nil) })
	mustPanic(t, "cml: UseOp", func() { cml.UseOp[int, int](p, nil) })
	if v, err := p.Get(); v != 0 || err != nil {
		t.Error(v, err)
	}
}

// In many schedules, and in virtual time.
func TestPoolSimulated(t *testing.T) {
	sim.Test(t, func(s *sim.Sim) {
		made, disposed := 0, 0
		p := cml.NewPool(2, cml.PoolConfig[int]{
			New:         func() (int, error) { made++; fibers.Sleep(time.Millisecond); return made, nil },
			Dispose:     func(int) { disposed++ },
			IdleTimeout: time.Minute,
		})
		var wg cml.WaitGroup
		busy := 0
		for i := range 4 {
			wg.Go(func() {
				it, ok := fibers.PerformTimeout(p.GetOp(), time.Duration(i+1)*700*time.Microsecond)
				if !ok {
					return
				}
				busy++
				s.Always(busy <= 2 && it.Err == nil, "%d are lent, %v", busy, it.Err)
				fibers.Yield()
				busy--
				p.Put(it.Value)
			})
		}
		wg.Wait()
		fibers.Sleep(3 * time.Minute)
		s.Always(p.Lent() == 0 && p.Idle() == 0 && made == disposed, "%d are lent, %d idle; %d made, %d disposed of", p.Lent(), p.Idle(), made, disposed)
		p.Close()
	}, sim.Runs(100))
}
