package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Whoever waits in WithGroup is ended by Close. What hangs on the context of
// the group must learn of it, or it is never released.
func TestGroupContextIsCancelledWhenItsCallerIsEnded(t *testing.T) {
	rt, err := fibers.New(fibers.WithGrace(2 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	up, release := make(chan struct{}), make(chan struct{})
	rt.Go(func() {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(func(ctx context.Context) error {
				return fibers.Blocking(func() error {
					close(up)
					select {
					case <-ctx.Done():
					case <-release:
					}
					return ctx.Err()
				})
			})
			return nil
		})
	})
	<-up
	for waiting := false; !waiting; {
		for _, f := range rt.Fibers() {
			waiting = waiting || f.Reason == "wait for group"
		}
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	close(release)
}

func addNil(_ context.Context, g *fibers.Group) error { g.Go(nil); return nil }

func limitZero(_ context.Context, g *fibers.Group) error { g.SetLimit(0); return nil }

func untilDone(ctx context.Context) error {
	for ctx.Err() == nil {
		fibers.Yield()
	}
	return ctx.Err()
}

func TestGroupReturnsAfterEveryMember(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var ended atomic.Int64
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			var grow func(n int) func(context.Context) error
			grow = func(n int) func(context.Context) error {
				return func(context.Context) error {
					defer ended.Inc()
					if n > 0 { // members add members
						g.Go(grow(n - 1))
						g.Go(grow(n - 1))
					}
					fibers.Yield()
					return nil
				}
			}
			g.Go(grow(8))
			return nil
		})
		if err != nil || ended.Load() != 511 {
			t.Errorf("WithGroup returned %v with %d of 511 members ended", err, ended.Load())
		}
	})
}

func TestGroupReturnsTheFirstErrorAndCancelsWithIt(t *testing.T) {
	failure := errors.New("failure")
	everywhere(t, func(t *testing.T) {
		var inside context.Context
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			inside = ctx
			for range 10 {
				g.Go(untilDone)
			}
			g.Go(func(member context.Context) error {
				if member != ctx {
					t.Error("members get another context")
				}
				return failure
			})
			return untilDone(ctx)
		})
		if err != failure || context.Cause(inside) != failure {
			t.Errorf("WithGroup returned %v, the cause is %v", err, context.Cause(inside))
		}
		// The error of fn itself.
		err = fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			inside = ctx
			g.Go(untilDone)
			return failure
		})
		if err != failure || context.Cause(inside) != failure {
			t.Errorf("WithGroup returned %v, the cause is %v", err, context.Cause(inside))
		}
		// None.
		err = fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			inside = ctx
			return nil
		})
		if err != nil || inside.Err() == nil {
			t.Errorf("WithGroup returned %v; its context is done: %v", err, inside.Err() != nil)
		}
	})
}

// Members that fail at once: the error that is returned is the one that the
// context was cancelled with.
func TestGroupReturnsTheCauseOfItsContext(t *testing.T) {
	wrong := 0
	err := fibers.Run(func() {
		for range scale(20000, 1000) {
			var inside context.Context
			err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
				inside = ctx
				for i := range 4 {
					g.Go(func(context.Context) error { return fmt.Errorf("failure of %d", i) })
				}
				return nil
			})
			if context.Cause(inside) != err {
				wrong++
			}
		}
	}, fibers.WithSchedulers(4))
	if err != nil {
		t.Error(err)
	}
	if wrong > 0 {
		t.Errorf("%d times the cause is another error", wrong)
	}
}

func TestGroupIsCancelledWithItsParent(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		impatience := errors.New("impatience")
		parent, cancel := context.WithCancelCause(context.Background())
		err := fibers.WithGroup(parent, func(ctx context.Context, g *fibers.Group) error {
			g.Go(func(ctx context.Context) error { _ = untilDone(ctx); return context.Cause(ctx) })
			cancel(impatience)
			return nil
		})
		if err != impatience {
			t.Errorf("WithGroup returned %v", err)
		}
	})
}

func TestPanicOfAMemberIsRaisedInTheCallerAfterAllHaveEnded(t *testing.T) {
	failure := errors.New("failure")
	everywhere(t, func(t *testing.T) {
		var ended atomic.Int64
		v := caught(func() {
			_ = fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
				for range 10 {
					g.Go(func(ctx context.Context) error { defer ended.Inc(); return untilDone(ctx) })
				}
				g.Go(func(context.Context) error { deepDown(failure); return nil })
				if err := untilDone(ctx); !errors.Is(context.Cause(ctx), failure) {
					t.Errorf("fn learns of %v, cause %v", err, context.Cause(ctx))
				}
				return errors.New("of less weight than the panic")
			})
		})
		p, ok := v.(*fibers.PanicError)
		if !ok || p.Value != failure || !strings.Contains(string(p.Stack), "deepDown") {
			t.Errorf("WithGroup panicked with %v", v)
		}
		if ended.Load() != 10 {
			t.Errorf("%d of 10 members had ended", ended.Load())
		}
	})
}

func TestPanicAndGoexitInTheFunctionOfAGroupWaitForItsMembers(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var ended atomic.Int64
		members := func(g *fibers.Group) {
			for range 10 {
				g.Go(func(ctx context.Context) error { defer ended.Inc(); return untilDone(ctx) })
			}
		}
		v := caught(func() {
			_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				members(g)
				panic("of fn itself")
			})
		})
		if v != "of fn itself" || ended.Load() != 10 {
			t.Errorf("WithGroup panicked with %v, with %d of 10 members ended", v, ended.Load())
		}
		_, err := fibers.Spawn(func() (int, error) {
			defer func() {
				if ended.Load() != 20 {
					t.Errorf("the Goexit went on with %d of 10 members ended", ended.Load()-10)
				}
			}()
			return 0, fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				members(g)
				goruntime.Goexit()
				return nil
			})
		}).Await()
		if err != fibers.ErrGoexit {
			t.Errorf("the task came to %v", err)
		}
	})
}

func TestGoexitOfAMemberIsAnError(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			g.Go(func(context.Context) error { goruntime.Goexit(); return nil })
			g.Go(untilDone)
			return nil
		})
		if err != fibers.ErrGoexit {
			t.Errorf("WithGroup returned %v", err)
		}
	})
}

func TestGroupsNest(t *testing.T) {
	failure := errors.New("failure")
	everywhere(t, func(t *testing.T) {
		var ended atomic.Int64
		inner := func(ctx context.Context) error {
			return fibers.WithGroup(ctx, func(_ context.Context, g *fibers.Group) error {
				for range 3 {
					g.Go(func(ctx context.Context) error { defer ended.Inc(); return untilDone(ctx) })
				}
				return nil
			})
		}
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			for range 3 {
				g.Go(inner)
			}
			g.Go(func(context.Context) error { return failure })
			return nil
		})
		if err != failure || ended.Load() != 9 {
			t.Errorf("WithGroup returned %v with %d of 9 inner members ended", err, ended.Load())
		}
		v := caught(func() { // a panic goes through both, with its first stack
			_ = fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
				g.Go(func(ctx context.Context) error {
					return fibers.WithGroup(ctx, func(_ context.Context, g *fibers.Group) error {
						g.Go(func(context.Context) error { deepDown(failure); return nil })
						return nil
					})
				})
				return nil
			})
		})
		if p, ok := v.(*fibers.PanicError); !ok || p.Value != failure || !strings.Contains(string(p.Stack), "deepDown") {
			t.Errorf("WithGroup panicked with %v", v)
		}
	})
}

// Every one of them waits for room; the cost of each must not grow with their
// number.
func TestWaitingForRoomInAGroupIsLinear(t *testing.T) {
	perMember := func(n int) time.Duration {
		best := time.Duration(1<<63 - 1)
		for range 5 {
			rt := newRuntime(t, fibers.WithSchedulers(1))
			var spent time.Duration
			ran := 0 // by members, of which there is one at a time
			if err := rt.Run(func() {
				_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
					g.SetLimit(1)
					entered, come := newLatch(n), newLatch(n)
					var open atomic.Bool
					g.Go(func(context.Context) error {
						for !open.Load() {
							fibers.Sleep(time.Millisecond)
						}
						return nil
					})
					for range n {
						fibers.Go(func() {
							come.done()
							g.Go(func(context.Context) error { ran++; return nil })
							entered.done()
						})
					}
					come.wait()
					for waiting := 0; waiting < n; fibers.Yield() {
						waiting = 0
						for _, f := range rt.Fibers() {
							if f.Reason == "wait for group" {
								waiting++
							}
						}
					}
					start := time.Now()
					open.Store(true)
					entered.wait()
					spent = time.Since(start)
					return nil
				})
			}); err != nil || ran != n {
				t.Fatalf("Run returned %v with %d of %d members run", err, ran, n)
			}
			best = min(best, spent/time.Duration(n))
		}
		return best
	}
	n := scale(500, 200)
	few, many := perMember(n), perMember(16*n)
	t.Logf("%v for each of %d, %v for each of %d", few, n, many, 16*n)
	if many > 8*few {
		t.Errorf("a member costs %v among %d and %v among %d", few, n, many, 16*n)
	}
}

func TestLimitBoundsTheMembersAlive(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		for _, limit := range []int{1, 2, 7} {
			var alive, most, ran atomic.Int64
			err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				g.SetLimit(limit)
				for range 200 {
					g.Go(func(context.Context) error {
						for n := alive.Inc(); ; {
							if m := most.Load(); m >= n || most.CompareAndSwap(m, n) {
								break
							}
						}
						fibers.Yield()
						alive.Dec()
						ran.Inc()
						return nil
					})
				}
				return nil
			})
			if err != nil || most.Load() > int64(limit) || ran.Load() != 200 {
				t.Errorf("limit %d: %v, at most %d alive, %d of 200 ran", limit, err, most.Load(), ran.Load())
			}
		}
	})
}
