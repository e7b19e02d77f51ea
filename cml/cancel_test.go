package cml_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// takers are what gives something away if somebody waits for it, and reports whether it
// did. Each comes with the op of those who wait.
var takers = map[string]func() (op cml.Op[unit], give func() bool){
	"Chan.TryPut": func() (cml.Op[unit], func() bool) {
		c := cml.NewChan[int]()
		return cml.On(c.GetOp(), func(int) {}), func() bool { return c.TryPut(1) }
	},
	"Chan.TryGet": func() (cml.Op[unit], func() bool) {
		c := cml.NewChan[int]()
		return c.PutOp(1), func() bool { _, ok := c.TryGet(); return ok }
	},
	"a choice that meets a choice": func() (cml.Op[unit], func() bool) {
		c, d := cml.NewChan[int](), cml.NewChan[int]()
		either := cml.Choice(c.PutOp(1), d.PutOp(1))
		return cml.Choice(cml.On(c.GetOp(), func(int) {}), cml.On(d.GetOp(), func(int) {})), func() bool {
			_, ok := fibers.PerformTimeout(either, 10*time.Microsecond)
			return ok
		}
	},
	"several who wait on a Chan": func() (cml.Op[unit], func() bool) {
		c := cml.NewChan[int]()
		get := cml.On(c.GetOp(), func(int) {})
		return cml.Choice(get, get, get), func() bool { return c.TryPut(1) }
	},
	"Semaphore.Release": func() (cml.Op[unit], func() bool) {
		s := cml.NewSemaphore(1)
		s.Acquire(1)
		return s.AcquireOp(1), func() bool {
			s.Release(1)
			left := s.TryAcquire(1)
			if !left {
				s = cml.NewSemaphore(1)
			}
			return !left
		}
	},
	"Mutex.Unlock": func() (cml.Op[unit], func() bool) {
		var m cml.Mutex
		m.Lock()
		return m.LockOp(), func() bool { m.Unlock(); return !m.TryLock() }
	},
	"Queue.TryPut": func() (cml.Op[unit], func() bool) {
		q := cml.NewQueue[int](0)
		return cml.On(q.GetOp(), func(cml.Item[int]) {}), func() bool {
			q.TryPut(1)
			_, left := q.TryGet()
			return !left
		}
	},
	"a Waiter of NewOp": func() (cml.Op[unit], func() bool) {
		var waits cml.Waiter[unit]
		return cml.NewOp(func() (unit, bool) { return unit{}, false }, func(w cml.Waiter[unit]) func() {
			waits = w
			return nil
		}), func() bool { return waits.Commit(unit{}) }
	},
	"Barrier": func() (cml.Op[unit], func() bool) {
		b := cml.NewBarrier(2)
		return b.WaitOp(), func() bool { _, ok := cml.Poll(b.WaitOp()); return ok }
	},
}

// ways are how a context may stand beside an op.
var ways = map[string]func(ctx context.Context, op cml.Op[unit]) bool{
	"PerformContext": func(ctx context.Context, op cml.Op[unit]) bool {
		_, err := cml.PerformContext(ctx, op)
		return err == nil
	},
	"PerformUntil": func(ctx context.Context, op cml.Op[unit]) bool {
		_, _, ok := cml.PerformUntil(op, cml.Done(ctx))
		return ok
	},
	"Choice": func(ctx context.Context, op cml.Op[unit]) (taken bool) {
		cml.Select(cml.On(op, func(unit) { taken = true }), cml.On(cml.Done(ctx), func(error) {}))
		return taken
	},
	"nested": func(ctx context.Context, op cml.Op[unit]) (taken bool) {
		other, cancel := context.WithCancel(context.Background())
		defer cancel()
		cml.Select(
			cml.Prefer(cml.On(op, func(unit) { taken = true }), cml.On(cml.Done(other), func(error) {})),
			cml.Guard(func() cml.Op[unit] { return cml.On(cml.Done(ctx), func(error) {}) }))
		return taken
	},
}

// Once cancel had returned, who came next still found somebody waiting, whose context
// was told by a goroutine of its own, later.
func TestACancelledContextIsCancelledAtOnce(t *testing.T) {
	for name, make1 := range takers {
		for way, perform := range ways {
			t.Run(name+" and "+way, func(t *testing.T) {
				onAll(t, func(t *testing.T, tm *team) {
					tm.Go(func() {
						for range 100 {
							op, give := make1()
							ctx, cancel := context.WithCancel(context.Background())
							waits, over := cml.NewCond(), cml.NewChan[bool]()
							tm.go1(func() {
								signal := cml.NewOp(func() (unit, bool) { return unit{}, false }, func(cml.Waiter[unit]) func() {
									waits.Signal() // it is published last, if not by chance
									return nil
								})
								over.Put(perform(ctx, cml.Prefer(op, signal)))
							})
							waits.Wait()
							fibers.Yield()
							cancel()
							given := give()
							if taken := over.Get(); taken || given {
								t.Errorf("cancelled, it was taken: %v, %v", given, taken)
								return
							}
						}
					})
				})
			})
		}
	}
}

// It is the same for those whose context is not done, or not yet.
func TestAContextThatIsNotDoneIsInNobodysWay(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		const n = 2000
		for range 3 {
			tm.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				other, cancel := context.WithCancel(context.Background())
				defer cancel()
				done, done2 := cml.Wrap(cml.Done(ctx), func(error) int { return -1 }), cml.Wrap(cml.Done(other), func(error) int { return -1 })
				for range n {
					if v, err := cml.PerformContext(ctx, cml.Choice(c.GetOp(), done, done2)); v < 0 || err != nil {
						t.Error("a context was done")
					}
				}
			})
			tm.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				for range n {
					if _, err := cml.PerformContext(ctx, c.PutOp(1)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	})
}

// Brackets in brackets took time with the square of their number.
func TestDeepBracketsCostNoMoreThanOthers(t *testing.T) {
	depth := 200_000
	if race.Enabled {
		depth /= 10
	}
	for name, nest := range map[string]func(op cml.Op[int]) cml.Op[int]{
		"Bracket": func(op cml.Op[int]) cml.Op[int] {
			return cml.Bracket(func() int { return 0 }, func(int, bool) {}, func(int) cml.Op[int] { return op })
		},
		"Wrap":     func(op cml.Op[int]) cml.Op[int] { return cml.Wrap(op, func(v int) int { return v }) },
		"Guard":    func(op cml.Op[int]) cml.Op[int] { return cml.Guard(func() cml.Op[int] { return op }) },
		"WithNack": func(op cml.Op[int]) cml.Op[int] { return cml.WithNack(func(cml.Op[unit]) cml.Op[int] { return op }) },
		"OnAbort":  func(op cml.Op[int]) cml.Op[int] { return cml.OnAbort(op, func() {}) },
		"OrElse":   func(op cml.Op[int]) cml.Op[int] { return cml.OrElse(op, func() int { return 1 }) },
		"Choice":   func(op cml.Op[int]) cml.Op[int] { return cml.Choice(cml.Never[int](), op) },
		"Prefer in Choice": func(op cml.Op[int]) cml.Op[int] {
			return cml.Choice(cml.Never[int](), cml.Prefer(op, cml.Never[int]()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			for _, op := range []cml.Op[int]{cml.Always(1), fibersAfter(time.Millisecond)} {
				for range depth {
					op = nest(op)
				}
				if v := cml.Perform(op); v != 1 {
					t.Errorf("it came to %d", v)
				}
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("%d deep, it took %v", depth, d)
			}
		})
	}
}

// fibersAfter waits, and comes to 1.
func fibersAfter(d time.Duration) cml.Op[int] {
	return cml.Wrap(fibers.After(d), func(time.Time) int { return 1 })
}
