package cml_test

import (
	"context"
	"fmt"
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/internal/race"
)

// What users' functions do where nobody expects it, and parties that are late.

// stuck is an op that is never ready. undo is called when it is withdrawn.
func stuck(undo func()) cml.Op[int] {
	return cml.NewOp(func() (int, bool) { return 0, false }, func(cml.Waiter[int]) func() { return undo })
}

// P5, P9: a withdraw function of NewOp that panics keeps nothing else from
// being withdrawn, told and released.
func TestWithdrawFunctionPanics(t *testing.T) {
	never := func() (int, bool) { return 0, false }
	later := cml.NewOp(never, func(w cml.Waiter[int]) func() {
		go w.Commit(1)
		return nil
	})
	released, aborts := 0, 0
	for how, perform := range map[string]func(op cml.Op[int]){
		"another came later": func(op cml.Op[int]) { cml.Perform(cml.Choice(op, later)) },
		"context came to be done": func(op cml.Op[int]) {
			ctx, cancel := context.WithCancel(context.Background())
			cml.PerformContext(ctx, cml.Choice(op, stuckWhen(func() { go cancel() })))
		},
		"in a bracket": func(op cml.Op[int]) {
			cml.Perform(cml.Bracket(func() int { return 0 },
				func(_ int, aborted bool) {
					released++
					if aborted {
						t.Error("it has committed, but is released as aborted")
					}
				},
				func(int) cml.Op[int] { return cml.Choice(op, later) }))
		},
		"it exits": nil,
	} {
		for _, guarded := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/guarded=%v", how, guarded), func(t *testing.T) {
				troubles := 0
				for range 50 { // the arms are published in random order
					idle := cml.NewChan[int]()
					offered, undone, bad := 0, 0, 0
					arm := func(f func()) cml.Op[int] {
						return cml.NewOp(never, func(cml.Waiter[int]) func() {
							offered++
							return func() {
								undone++
								f()
							}
						})
					}
					trouble := arm(func() {
						bad++
						if perform == nil {
							goruntime.Goexit()
						}
						panic("withdraw")
					})
					good := arm(func() {})
					op := cml.Choice(good, idle.GetOp(), trouble, cml.Wrap(idle.PutOp(1), func(unit) int { return 0 }), trouble, good)
					if guarded {
						op = cml.OnAbort(op, func() { aborts++ })
					}
					released, aborts = 0, 0
					done := make(chan any)
					go func() {
						defer func() { done <- recover() }()
						if perform == nil {
							cml.Perform(cml.Choice(op, later))
						} else {
							perform(op)
						}
					}()
					if v := <-done; (v != nil) != (bad > 0 && perform != nil) {
						t.Errorf("%d panics, and %v comes of it", bad, v)
					}
					troubles += bad
					if undone != offered {
						t.Errorf("%d withdraw functions were called of %d", undone, offered)
					}
					if guarded && aborts != 1 {
						t.Errorf("the hook ran %d times", aborts)
					}
					if how == "in a bracket" && released != 1 {
						t.Errorf("released %d times", released)
					}
					if puts, gets := cml.Waiting(idle); puts+gets != 0 {
						t.Errorf("%d offers are left behind", puts+gets)
					}
				}
				if troubles < 10 {
					t.Errorf("only %d functions panicked", troubles)
				}
			})
		}
	}
}

// P5: a partner commits, and then a block function panics: what was acquired is
// released, as of a performance that has committed.
func TestBlockPanicsAfterCommit(t *testing.T) {
	for range 20 {
		c := cml.NewChan[int]()
		released, hooks := 0, 0
		func() {
			defer func() { recover() }()
			cml.Perform(cml.Bracket(
				func() int { return 1 },
				func(_ int, aborted bool) {
					released++
					if aborted {
						t.Error("released as aborted")
					}
				},
				func(int) cml.Op[int] {
					return cml.Prefer(
						cml.Prefer(c.GetOp(), stuck(nil)),
						cml.OnAbort(cml.NewOp(func() (int, bool) { return 0, false }, func(cml.Waiter[int]) func() {
							c.Put(1) // a partner, at a bad moment
							panic("block")
						}), func() { hooks++ }),
					)
				}))
		}()
		if released != 1 || hooks != 1 {
			t.Errorf("released %d times, the hook ran %d times", released, hooks)
		}
	}
}

// A try function that panics does not cost the fiber its record: later operations
// allocate no more than before.
func TestTryFunctionPanics(t *testing.T) {
	rt := newRuntime(t, 1)
	c := cml.NewBuffered[int](1)
	op := cml.Choice(c.GetOp(), cml.Never[int](), cml.NewChan[int]().GetOp())
	bad := cml.NewOp(func() (int, bool) { panic("try") }, func(cml.Waiter[int]) func() { return nil })
	err := rt.Run(func() {
		round := func() {
			c.Put(1)
			cml.Perform(op)
		}
		round()
		func() {
			defer func() { recover() }()
			cml.Perform(bad)
		}()
		round()
		if n := allocs.Least(100, round); n > 0 && !race.Enabled {
			t.Errorf("%v allocations for each performance", n)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// P4: arms of one performance at one object do not stand in each other's way.
func TestOwnArmsDoNotBlock(t *testing.T) {
	two := func(op cml.Op[unit]) cml.Op[int] { return cml.Wrap(op, func(unit) int { return 2 }) }
	one := func(op cml.Op[unit]) cml.Op[int] { return cml.Wrap(op, func(unit) int { return 1 }) }
	for name, object := range map[string]func() (op cml.Op[int], let func()){
		"semaphore": func() (cml.Op[int], func()) {
			sem := cml.NewSemaphore(2)
			sem.Acquire(2)
			return cml.Prefer(two(sem.AcquireOp(2)), one(sem.AcquireOp(1))), func() { sem.Release(1) }
		},
		"semaphore, another left": func() (cml.Op[int], func()) {
			sem := cml.NewSemaphore(2)
			sem.Acquire(1)
			other := newPerformer(t, sem.AcquireOp(2))
			return cml.Prefer(two(sem.AcquireOp(2)), one(sem.AcquireOp(1))), other.stop
		},
		"the writer first": func() (cml.Op[int], func()) {
			var rw cml.RWMutex
			rw.RLock()
			other := newPerformer(t, rw.LockOp())
			return cml.Prefer(two(rw.LockOp()), one(rw.RLockOp())), other.stop
		},
	} {
		t.Run(name, func(t *testing.T) {
			op, let := object()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			v, err := cml.PerformContext(ctx, cml.Prefer(op, stuckWhen(func() { go let() })))
			if v != 1 || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
		})
	}
}

// A performer waits for an op until it is stopped.
type performer struct{ stop func() }

func newPerformer(t *testing.T, op cml.Op[unit]) *performer {
	ctx, cancel := context.WithCancel(context.Background())
	waits, gone := make(chan bool), make(chan bool)
	go func() {
		defer close(gone)
		if _, err := cml.PerformContext(ctx, cml.Prefer(op, cml.On(stuckWhen(func() { close(waits) }), func(int) {}))); err == nil {
			t.Error("performed what should have to wait")
		}
	}()
	<-waits
	return &performer{func() {
		cancel()
		<-gone
	}}
}

// stuckWhen is stuck, and calls f when it is offered.
func stuckWhen(f func()) cml.Op[int] {
	return cml.NewOp(func() (int, bool) { return 0, false }, func(cml.Waiter[int]) func() {
		f()
		return nil
	})
}

// P11: one that has been decided otherwise, but has not come to withdraw yet, does
// not stand in the line of a semaphore.
func TestDecidedDoesNotBlockTheLine(t *testing.T) {
	sem := cml.NewSemaphore(2)
	sem.Acquire(2)
	frozen, thaw := make(chan bool), make(chan bool)
	var win atomic.Pointer[cml.Waiter[int]]
	decide := cml.NewOp(func() (int, bool) { return 0, false }, func(w cml.Waiter[int]) func() {
		win.Store(&w)
		return nil
	})
	// The arms are published in order.
	op := cml.Prefer(
		cml.Wrap(sem.AcquireOp(2), func(unit) int { return 2 }),
		decide,
		stuckWhen(func() { close(frozen); <-thaw }),
	)
	tm := &team{t: t, go1: func(f func()) { go f() }}
	tm.Go(func() { cml.Perform(op) })
	<-frozen
	(*win.Load()).Commit(1)
	got := make(chan bool)
	tm.Go(func() {
		sem.Acquire(1)
		close(got)
	})
	eventually(t, "another waits", func() bool { return cml.WaitingFor(sem) == 2 })
	sem.Release(1)
	select {
	case <-got:
	case <-time.After(patience):
		t.Error("one that has gone on to something else holds up the line")
	}
	close(thaw)
	tm.wait()
}

// Choices with thousands of arms on one channel, on both sides, cost no more than
// thousands of arms.
func TestWideOnOneChannel(t *testing.T) {
	cost := func(n int) time.Duration {
		c := cml.NewChan[int]()
		var ops []cml.Op[int]
		for i := range n {
			ops = append(ops, c.GetOp(), cml.Wrap(c.PutOp(i), func(unit) int { return -1 }))
		}
		op := cml.Choice(ops...)
		least := time.Duration(1<<63 - 1)
		for range 3 {
			begun := make(chan bool)
			ready := make(chan bool)
			go func() {
				<-begun
				close(ready)
			}()
			tm := &team{t: t, go1: func(f func()) { go f() }}
			var took time.Duration
			all := cml.Prefer(op, stuckWhen(func() { close(begun) }))
			tm.Go(func() {
				begin := time.Now()
				cml.Perform(all)
				took = time.Since(begin)
			})
			<-ready
			c.Get()
			tm.wait()
			least = min(least, took)
		}
		return least
	}
	few, many := cost(500), cost(8000)
	t.Logf("500 + 500 arms: %v, 8000 + 8000: %v", few, many)
	if many > 100*few && many > time.Second {
		t.Errorf("sixteen times the arms take %v for %v", many, few)
	}
}
