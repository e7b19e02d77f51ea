package runtime

import (
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// Waiters with time-outs are served, from other cores, about when these pass. Each gets a
// value or the time, no value is lost, and no timer is left in a wheel.
func TestTimersAreDroppedFromAnyCoreStress(t *testing.T) {
	const waiters, rounds = 200, 40
	for _, schedulers := range []int{2, 4} {
		rt, err := New(WithSchedulers(schedulers))
		if err != nil {
			t.Fatal(err)
		}
		var got, late, put atomic.Int64
		if err := rt.Run(func() {
			c, done := cml.NewChan[int](), cml.NewCond()
			var all, putters cml.WaitGroup
			for range schedulers {
				putters.Go(func() {
					for i := 0; ; i++ {
						if _, _, ok := cml.PerformUntil(c.PutOp(1), done.WaitOp()); !ok {
							return
						}
						put.Inc()
						if i%64 == 0 {
							Sleep(time.Duration(i%7) * 20 * time.Microsecond)
						}
					}
				})
			}
			for i := range waiters {
				all.Go(func() {
					for r := range rounds {
						patience := time.Duration((i*7+r*13)%40) * 10 * time.Microsecond
						if r%5 == 0 {
							patience = time.Hour
						}
						switch v, ok := PerformTimeout(c.GetOp(), patience); {
						case !ok:
							late.Inc()
						case v == 1:
							got.Inc()
						}
					}
				})
			}
			all.Wait()
			done.Signal()
			putters.Wait()
		}); err != nil {
			t.Fatal(err)
		}
		if got.Load() != put.Load() || got.Load()+late.Load() != waiters*rounds {
			t.Errorf("%d values put, %d got; %d late of %d", put.Load(), got.Load(), late.Load(), waiters*rounds)
		}
		if next := rt.nextTimer(); next != never {
			t.Errorf("a timer is left for %v from now", time.Duration(next-rt.clock()))
		}
		for i, w := range rt.wheels {
			w.mu.Lock()
			if n := w.mu.timers.Len(); n != 0 {
				t.Errorf("%d timers are left in wheel %d", n, i)
			}
			w.mu.Unlock()
		}
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A timer that was dropped does not fire, and is taken out in any case; one that has fired
// is not dropped.
func TestDroppedTimersDoNotFire(t *testing.T) {
	w, other := newWheel(nil), &scheduler{wheel: newWheel(nil)}
	var a, b, c timer
	for i, x := range []*timer{&a, &b, &c} {
		x.Value = i
		w.set(x, int64(i+1)<<tickBits)
	}
	if there, kept := a.drop(other); !there || kept {
		t.Fatalf("dropped: %v, %v", there, kept)
	}
	var batch [fireBatch]any
	if n := w.takeNow(2<<tickBits, fireBatch, &batch); n != 1 || batch[0] != 1 {
		t.Fatalf("%d fired, the first %v", n, batch[0])
	}
	if there, _ := b.drop(other); there {
		t.Error("one that has fired was dropped")
	}
	if there, kept := c.drop(other); !there || kept {
		t.Errorf("dropped: %v, %v", there, kept)
	}
	w.tidy()
	if n := w.mu.timers.Len(); n != 0 || w.unsettled() {
		t.Errorf("%d timers are left", n)
	}
	w.set(&b, 9<<tickBits) // is armed again
	if n := w.takeNow(9<<tickBits, fireBatch, &batch); n != 1 || batch[0] != 1 {
		t.Errorf("%d fired", n)
	}
}

// takeNow takes the lock, and gives it back.
func (w *wheel) takeNow(now int64, limit int, batch *[fireBatch]any) int {
	w.mu.Lock()
	return w.take(now, limit, batch)
}
