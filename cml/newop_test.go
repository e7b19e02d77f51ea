package cml_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// A mailbox is a channel without a bound, made with NewOp.
type mailbox struct {
	mu      sync.Mutex
	values  []int
	waiters []cml.Waiter[int]
}

func (m *mailbox) put(v int) {
	m.mu.Lock()
	for len(m.waiters) > 0 {
		w := m.waiters[0]
		m.waiters = m.waiters[1:]
		if w.Commit(v) {
			m.mu.Unlock()
			return
		}
	}
	m.values = append(m.values, v)
	m.mu.Unlock()
}

func (m *mailbox) getOp() cml.Op[int] {
	return cml.NewOp(
		func() (v int, ok bool) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.values) > 0 {
				v, ok = m.values[0], true
				m.values = m.values[1:]
			}
			return v, ok
		},
		func(w cml.Waiter[int]) func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.values) > 0 {
				if w.Commit(m.values[0]) {
					m.values = m.values[1:]
				}
				return nil
			}
			m.waiters = append(m.waiters, w)
			return func() {
				m.mu.Lock()
				defer m.mu.Unlock()
				for i, o := range m.waiters {
					if o == w {
						m.waiters = append(m.waiters[:i:i], m.waiters[i+1:]...)
						return
					}
				}
			}
		})
}

func TestNewOpStress(t *testing.T) {
	rounds := short(2000)
	onAll(t, func(t *testing.T, tm *team) {
		var a, b mailbox
		c := cml.NewChan[int]()
		seen := make([]atomic.Int32, 3*rounds)
		for i, put := range []func(int){a.put, b.put, c.Put} {
			tm.Go(func() {
				for r := range rounds {
					put(3*r + i)
				}
			})
		}
		op := cml.Choice(a.getOp(), c.GetOp(), b.getOp())
		for range 3 {
			tm.Go(func() {
				for range rounds {
					seen[cml.Perform(op)].Inc()
				}
			})
		}
		tm.wait()
		for v := range seen {
			if n := seen[v].Load(); n != 1 {
				t.Errorf("value %d was got %d times", v, n)
			}
		}
		if len(a.waiters)+len(b.waiters) != 0 {
			t.Errorf("%d and %d waiters left", len(a.waiters), len(b.waiters))
		}
	})
}

// A Waiter commits at most once, and never after its performance has ended,
// whatever its records are used for since.
func TestLateCommitsFail(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		waiters := make(chan cml.Waiter[int], 1000)
		lost := cml.NewOp(func() (int, bool) { return 0, false },
			func(w cml.Waiter[int]) func() { waiters <- w; return nil })
		op := cml.Choice(c.GetOp(), lost)
		var commits atomic.Int32
		const rounds = 300
		tm.Go(func() {
			for range rounds {
				if v := cml.Perform(op); v < 0 {
					commits.Dec()
				}
			}
			close(waiters)
		})
		tm.Go(func() {
			// Whatever comes by a mailbox instead is not put here.
			for !c.TryPut(1) || len(waiters) == 0 {
				select {
				case w, ok := <-waiters:
					if !ok {
						return
					}
					for range 2 { // at once, and late
						if w.Commit(-1) {
							commits.Inc()
						}
					}
					go func() {
						if w.Commit(-1) {
							commits.Inc()
						}
					}()
				default:
				}
				yield()
			}
			for w := range waiters {
				if w.Commit(-1) {
					commits.Inc()
				}
				c.TryPut(1)
			}
		})
		tm.wait()
		if n := commits.Load(); n != 0 {
			t.Errorf("%d commits more than were got", n)
		}
	})
}

func TestOneCommitOfMany(t *testing.T) {
	for range short(2000) {
		var ok atomic.Int32
		v := cml.Perform(cml.NewOp(func() (int, bool) { return 0, false },
			func(w cml.Waiter[int]) func() {
				for i := range 3 {
					go func() {
						if w.Commit(i) {
							ok.Add(int32(i + 1))
						}
					}()
				}
				return func() { t.Error("withdrawn although it won") }
			}))
		eventually(t, "the winner knows", func() bool { return ok.Load() == int32(v+1) })
	}
}

func TestCommitInBlock(t *testing.T) {
	idle := cml.NewChan[int]()
	op := cml.Prefer(idle.GetOp(), cml.NewOp(func() (int, bool) { return 0, false },
		func(w cml.Waiter[int]) func() {
			if !w.Commit(3) || w.Commit(4) {
				t.Error("committed otherwise than once")
			}
			return nil
		}), idle.GetOp())
	for range 10 {
		if v := cml.Perform(op); v != 3 {
			t.Errorf("got %d", v)
		}
	}
	if idle.TryPut(1) {
		t.Error("a get was left behind")
	}
}

func TestDone(t *testing.T) {
	cause := errors.New("enough")
	onAll(t, func(t *testing.T, tm *team) {
		ctx, cancel := context.WithCancelCause(context.Background())
		op := cml.Done(ctx)
		c := cml.NewChan[error]()
		for i := range 5 {
			tm.Go(func() {
				for range 3 * i { // registers, leaves, registers again
					if err := cml.Perform(cml.Choice(op, c.GetOp())); err != nil {
						t.Error(err)
					}
				}
				if err := cml.Perform(cml.Choice(op, cml.Never[error]())); err != cause {
					t.Error(err)
				}
			})
		}
		tm.Go(func() {
			for range 3 * (1 + 2 + 3 + 4) {
				c.Put(nil)
			}
			cancel(cause)
			if err := cml.Perform(op); err != cause {
				t.Error(err)
			}
		})
	})
	if _, ok := cml.Poll(cml.Done(context.Background())); ok {
		t.Error("the background is done")
	}
}

// A context that comes to be done while others choose: nobody misses it.
func TestDoneStress(t *testing.T) {
	rounds := short(1000)
	onAll(t, func(t *testing.T, tm *team) {
		for range rounds / 10 {
			ctx, cancel := context.WithCancel(context.Background())
			op := cml.Wrap(cml.Done(ctx), func(error) int { return -1 })
			c := cml.NewChan[int]()
			for range 4 {
				tm.Go(func() {
					both := cml.Choice(cml.Wrap(c.PutOp(1), func(unit) int { return 0 }), op, c.GetOp())
					for n := 1; cml.Perform(both) >= 0; n++ {
						if n%100 == 0 { // else goroutines that choose all the time give way every 10 ms only
							yield()
						}
					}
				})
			}
			tm.Go(func() {
				for range 10 {
					yield()
				}
				cancel()
			})
		}
	})
}
