package runtime_test

import (
	"context"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Raising or removing the limit lets in those who wait for room.
func TestRaisingTheLimitAdmitsThoseWhoWait(t *testing.T) {
	for _, limit := range []int{5, -1} {
		rt := newRuntime(t, fibers.WithSchedulers(1))
		var up atomic.Int64
		if err := rt.Run(func() {
			_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				g.SetLimit(1)
				adders := newLatch(5)
				for range 5 {
					fibers.Go(func() {
						g.Go(func(context.Context) error {
							for up.Inc(); up.Load() < 5; {
								fibers.Yield() // all five have to be there at once
							}
							return nil
						})
						adders.done()
					})
				}
				for waiting := 0; waiting < 4; fibers.Yield() {
					waiting = 0
					for _, f := range rt.Fibers() {
						if f.Reason == "wait for group" {
							waiting++
						}
					}
				}
				g.SetLimit(limit)
				adders.wait()
				return nil
			})
		}); err != nil || up.Load() != 5 {
			t.Errorf("limit %d: Run returned %v with %d of 5 members", limit, err, up.Load())
		}
	}
}

// A limit that comes late ends nobody; it holds for those who come.
func TestLoweringTheLimitEndsNobody(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var open atomic.Bool
		var alive atomic.Int64
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			for range 10 {
				g.Go(func(ctx context.Context) error {
					for alive.Inc(); !open.Load(); {
						fibers.Yield()
					}
					alive.Dec()
					return ctx.Err()
				})
			}
			for alive.Load() < 10 {
				fibers.Yield()
			}
			g.SetLimit(1)
			open.Store(true)
			g.Go(func(context.Context) error {
				if n := alive.Load(); n != 0 {
					t.Errorf("a member came in beside %d others, the limit is 1", n)
				}
				return nil
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Whoever waits for room and is ended does not take the room with it.
func TestEndedFiberLeavesItsRoomToAnother(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(1), fibers.WithPinning(false))
	err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
		g.SetLimit(1)
		var open, late atomic.Bool
		g.Go(func(context.Context) error {
			for !open.Load() {
				fibers.Yield()
			}
			return nil
		})
		for range 3 {
			rt.Go(func() {
				fibers.Current().SetName("ended")
				g.Go(func(context.Context) error { t.Error("a member of an ended runtime ran"); return nil })
			})
		}
		for waiting := 0; waiting < 3; {
			waiting = 0
			for _, f := range rt.Fibers() {
				if f.Reason == "wait for group" {
					waiting++
				}
			}
		}
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		open.Store(true)
		g.Go(func(context.Context) error { late.Store(true); return nil })
		for !late.Load() {
			goruntime.Gosched()
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Members added by a plain goroutine join the runtime of the group.
func TestGoroutinesMayAddMembers(t *testing.T) {
	rt := newRuntime(t)
	var ran atomic.Int64
	if err := rt.Run(func() {
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.SetLimit(2)
			fibers.Blocking(func() int {
				var wg sync.WaitGroup
				for range 4 {
					wg.Go(func() {
						for range 25 {
							g.Go(func(context.Context) error {
								if fibers.Current() == nil {
									t.Error("a member is no fiber")
								}
								fibers.Yield()
								ran.Inc()
								return nil
							})
						}
					})
				}
				wg.Wait()
				return 0
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
	if ran.Load() != 100 || rt.Stats().Spawned != 101 {
		t.Errorf("%d of 100 members ran; %d fibers were made in the runtime, want 101", ran.Load(), rt.Stats().Spawned)
	}
}

// So do those added by a fiber of another runtime.
func TestFibersOfAnotherRuntimeMayAddMembers(t *testing.T) {
	rt, other := newRuntime(t), newRuntime(t, fibers.WithSchedulers(1))
	if err := rt.Run(func() {
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			return other.Run(func() {
				g.Go(func(context.Context) error { fibers.Yield(); return nil })
			})
		})
		if err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
	if a, b := rt.Stats().Spawned, other.Stats().Spawned; a != 2 || b != 1 {
		t.Errorf("%d fibers were made in the runtime of the group, %d in the other; want 2 and 1", a, b)
	}
}

func TestGoAfterTheEndOfAGroupIsRefused(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		var g *fibers.Group
		take := func(_ context.Context, group *fibers.Group) error { g = group; return nil }
		add := func() { g.Go(func(context.Context) error { t.Error("it ran"); return nil }) }
		if err := fibers.WithGroup(context.Background(), take); err != nil {
			t.Error(err)
		}
		mustMisuse(t, "Go after the end", add)
		g.SetLimit(1)
		mustMisuse(t, "Go after the end, with a limit", add)
		_ = caught(func() {
			_ = fibers.WithGroup(context.Background(), func(ctx context.Context, group *fibers.Group) error {
				_ = take(ctx, group)
				panic("x")
			})
		})
		mustMisuse(t, "Go after a panic", add)
	})
}

// The members of a group whose caller is ended are ended too, and have cleaned
// up when Close returns.
func TestCloseEndsTheMembersOfAGroup(t *testing.T) {
	rt := newRuntime(t)
	var up, cleaned atomic.Int64
	rt.Go(func() {
		err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			for range 10 {
				g.Go(func(context.Context) error {
					defer cleaned.Inc()
					up.Inc()
					fibers.Sleep(time.Hour)
					return nil
				})
			}
			return nil
		})
		if err != fibers.ErrGoexit { // that is if the members ended before it was to wait for them
			t.Errorf("WithGroup returned %v", err)
		}
	})
	for up.Load() < 10 {
		goruntime.Gosched()
	}
	if err := rt.Close(); err != nil || cleaned.Load() != 10 {
		t.Errorf("Close returned %v with %d of 10 members cleaned up", err, cleaned.Load())
	}
}

// A group of a plain goroutine sees its members to their end, also if the
// Default runtime is closed under them.
func TestGroupOfAGoroutineSurvivesTheCloseOfItsRuntime(t *testing.T) {
	err := fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
		var up atomic.Bool
		g.Go(func(context.Context) error { up.Store(true); fibers.Sleep(time.Hour); return nil })
		for !up.Load() {
			goruntime.Gosched()
		}
		return fibers.Default().Close()
	})
	if err != fibers.ErrGoexit {
		t.Errorf("WithGroup returned %v", err)
	}
}
