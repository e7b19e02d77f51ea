package runtime

import (
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// Who sets, cancels or fires timers where the wheel is locked does not wait, and none is lost: they
// are set, or cancelled, as soon as the lock is given back (H6).
func TestTimersOfALockedWheel(t *testing.T) {
	s := newFreshScheduler()
	w := s.wheel
	var a, b, c, d timer
	for i, x := range []*timer{&a, &b, &c, &d} {
		x.Value = i + 1
	}
	s.setTimer(&a, 1<<tickBits)
	s.setTimer(&b, 2<<tickBits)
	w.mu.Lock()
	s.setTimer(&c, 3<<tickBits)
	s.setTimer(&d, 4<<tickBits)
	for _, x := range []*timer{&b, &d} {
		if there, kept := x.drop(s); !there || kept {
			t.Errorf("dropped: %v, %v", there, kept)
		}
	}
	s.tidyOwn()
	s.fireOwn(1 << tickBits)
	if n := w.mu.timers.Len(); n != 2 {
		t.Errorf("%d timers are in a wheel that another has locked", n)
	}
	w.unlock()
	if n := w.mu.timers.Len(); n != 2 || w.posted.Load() != nil {
		t.Errorf("%d timers are in the wheel, and some in the list: %v", n, w.posted.Load() != nil)
	}
	var batch [fireBatch]any
	if n := w.takeNow(4<<tickBits, fireBatch, &batch); n != 2 || batch[0] != 1 || batch[1] != 3 {
		t.Errorf("%d fired: %v", n, batch[:n])
	}
}

// One who has taken a timer out of the list, or out of its slot, loses his processor before it is in
// the wheel: who falls asleep then does not take it that there is none.
func TestNextTimerWaitsForWhoIsSettling(t *testing.T) {
	s := newFreshScheduler()
	w := s.wheel
	var a timer
	w.mu.Lock()
	s.setTimer(&a, 5<<tickBits)
	w.settling.Store(true) // as setPosted
	w.posted.Swap(nil)
	next := make(chan int64)
	go func() { next <- s.rt.nextTimer() }()
	select {
	case at := <-next:
		t.Fatalf("the next timer is at %d", at)
	case <-time.After(20 * time.Millisecond):
	}
	a.arm()
	w.schedule(&a, 5)
	w.settling.Store(false)
	w.unlock()
	if at := <-next; at != 5<<tickBits {
		t.Errorf("the next timer is at %d", at)
	}
}

// Others have the wheels locked all the while, and lose their processor: every sleeper wakes up, each
// time-out comes or is given up, and no timer is left.
func TestTimersOfALockedWheelStress(t *testing.T) {
	const sleepers, rounds = 300, 40
	rt, err := New(WithSchedulers(2), WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var over atomic.Bool
	var lockers sync.WaitGroup
	for _, w := range rt.wheels {
		lockers.Go(func() {
			for !over.Load() {
				w.mu.Lock()
				goruntime.Gosched()
				w.unlock()
				goruntime.Gosched()
			}
		})
	}
	var early atomic.Int32
	if err := rt.Run(func() {
		c := cml.NewChan[int]()
		var all cml.WaitGroup
		for i := range sleepers {
			all.Go(func() {
				for r := range rounds {
					d := time.Duration((i*7+r*13)%40) * 10 * time.Microsecond
					switch (i + r) % 3 {
					case 0:
						start := rt.clock()
						Sleep(d)
						if rt.clock() < start+int64(d) {
							early.Inc()
						}
					case 1:
						PerformTimeout(c.GetOp(), d)
					case 2:
						if x := AfterFunc(d, func() {}); r%2 == 0 {
							x.Stop()
						}
						PerformTimeout(c.PutOp(1), d)
					}
				}
			})
		}
		all.Wait()
	}); err != nil {
		t.Fatal(err)
	}
	over.Store(true)
	lockers.Wait()
	if n := early.Load(); n > 0 {
		t.Errorf("%d sleeps ended early", n)
	}
	eventually(t, "no timer is left", func() bool { return rt.nextTimer() == never })
}
