package cml_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Each observer sees values in order, none twice, and in the end the last one.
func TestWatchStress(t *testing.T) {
	const stores, observers = 5000, 4
	w := cml.NewWatch(0)
	var parties []func()
	for i := range observers {
		o := w.Observe()
		parties = append(parties, func() {
			last := 0
			for n := 0; last != stores; n++ {
				v := 0
				if n%2 == 0 {
					v = o.Next()
				} else {
					var ok bool
					if v, ok = fibers.PerformTimeout(o.NextOp(), time.Duration(i)*30*time.Microsecond); !ok {
						continue
					}
				}
				if v <= last {
					t.Errorf("%d after %d", v, last)
					return
				}
				last = v
			}
		})
	}
	parties = append(parties, func() {
		for v := 1; v <= stores; v++ {
			w.Store(v)
			if v%50 == 0 {
				runtime.Gosched()
			}
		}
	})
	within(t, "the observers", func() { mixed(t, parties...) })
	if w.Load() != stores {
		t.Error(w.Load())
	}
	late := w.Observe()
	if _, ok := cml.Poll(late.NextOp()); ok {
		t.Error("an observer gets what was there when it began")
	}
	w.Store(-1)
	if v, ok := cml.Poll(late.NextOp()); !ok || v != -1 {
		t.Error(v, ok)
	}
}

// One value for each of several who share an observer.
func TestObserverShared(t *testing.T) {
	w := cml.NewWatch(0)
	o := w.Observe()
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if o.Next() > 0 {
				got.Inc()
			}
		})
	}
	within(t, "the three", func() {
		for v := 1; got.Load() < 3; v++ {
			before := got.Load()
			w.Store(v)
			time.Sleep(time.Millisecond) // sleep: whoever gets it has the time to say so
			if n := got.Load() - before; n > 1 {
				t.Errorf("%d got one value", n)
			}
		}
		wg.Wait()
	})
}

// Modifications do not get lost, and nobody sees a value in between; takes, puts, reads and
// swaps, some of which lose, are made meanwhile.
func TestModifyStress(t *testing.T) {
	const each = 800
	m := cml.NewMVar[[2]int]() // two numbers that are equal whenever anybody sees them
	m.Put([2]int{})
	inc := func(v [2]int) [2]int {
		v[0]++
		fibers.Yield()
		v[1]++
		return v
	}
	check := func(v [2]int) {
		if v[0] != v[1] {
			t.Errorf("seen in between: %v", v)
		}
	}
	var done atomic.Int64
	var parties []func()
	for p := range 6 {
		parties = append(parties, func() {
			for i := range each {
				switch (i + p) % 4 {
				case 0:
					check(m.Modify(inc))
					done.Inc()
				case 1:
					if v, ok := fibers.PerformTimeout(m.ModifyOp(inc), time.Duration(i%40)*time.Microsecond); ok {
						check(v)
						done.Inc()
					}
				case 2:
					v := m.Take()
					check(v)
					m.Put(v)
				case 3:
					check(m.Read())
					func() {
						defer func() { recover() }()
						m.Modify(func([2]int) [2]int { panic("no") })
					}()
				}
			}
		})
	}
	within(t, "the parties", func() { mixed(t, parties...) })
	if v := m.Take(); int64(v[0]) != done.Load() || v[0] != v[1] {
		t.Errorf("%v after %d modifications", v, done.Load())
	}
}

// A modification by a fiber that ends leaves the value as it was.
func TestModifyOfAFiberThatEnds(t *testing.T) {
	m := cml.NewMVar[int]()
	m.Put(5)
	within(t, "the end", func() {
		fibers.Run(func() {
			fibers.Go(func() { m.Modify(func(int) int { cml.Perform(cml.Never[int]()); return 6 }) })
			for {
				fibers.Yield()
				if _, ok := cml.Poll(m.ReadOp()); !ok {
					return // and the fiber ends
				}
			}
		})
		if v := m.Take(); v != 5 {
			t.Error(v)
		}
	})
}

func TestLazy(t *testing.T) {
	var calls atomic.Int32
	l := cml.NewLazy(func() int { time.Sleep(time.Millisecond); return int(calls.Inc()) }) // sleep: so that others come
	var parties []func()
	for i := range 20 {
		parties = append(parties, func() {
			v := 0
			if i%3 == 0 {
				v = cml.Perform(l.GetOp())
			} else {
				v = l.Get()
			}
			if v != 1 {
				t.Error(v)
			}
		})
	}
	within(t, "the value", func() { mixed(t, parties...) })
	if calls.Load() != 1 || !l.Made() {
		t.Errorf("made %d times", calls.Load())
	}
	bad := cml.NewLazy(func() int { panic("oh") })
	for _, get := range []func() int{bad.Get, bad.Get, func() int { return cml.Perform(bad.GetOp()) }} {
		func() {
			defer func() {
				if v := recover(); v != "oh" {
					t.Error(v)
				}
			}()
			get()
		}()
	}
	// Whoever makes it ends: the next makes it.
	exits := true
	again := cml.NewLazy(func() int {
		if exits {
			exits = false
			runtime.Goexit()
		}
		return 3
	})
	var wg sync.WaitGroup
	wg.Go(func() { again.Get() })
	wg.Wait()
	if v := again.Get(); v != 3 {
		t.Error(v)
	}
}

func TestCountingSemaphore(t *testing.T) {
	s := cml.NewCounting(0)
	if s.TryAcquire(1) || s.Available() != 0 {
		t.Error("it is not empty")
	}
	const each = 3000
	var parties []func()
	for range 3 {
		parties = append(parties, func() {
			for range each {
				s.Release(2)
			}
		}, func() {
			for i := range each {
				if i%2 == 0 {
					s.Acquire(2)
				} else {
					cml.Perform(s.AcquireOp(2))
				}
			}
		})
	}
	within(t, "the parties", func() { mixed(t, parties...) })
	if s.Available() != 0 {
		t.Errorf("%d are left", s.Available())
	}
	s.Release(10)
	s.Acquire(3)
	if s.Available() != 7 {
		t.Errorf("%d are left of 7", s.Available())
	}
	if n := cml.NewSemaphore(4).Available(); n != 4 {
		t.Error(n)
	}
}

func TestWaitGroupGo(t *testing.T) {
	for _, inFiber := range []bool{true, false} {
		var wg cml.WaitGroup
		var fiber, all atomic.Int32
		body := func() {
			for range 10 {
				wg.Go(func() {
					if fibers.Current() != nil {
						fiber.Inc()
					}
					all.Inc()
				})
			}
			wg.Go(runtime.Goexit)
			wg.Wait()
		}
		if inFiber {
			fibers.Run(body)
		} else {
			body()
		}
		if all.Load() != 10 || (fiber.Load() == 10) != inFiber {
			t.Errorf("%v: %d, of which fibers %d", inFiber, all.Load(), fiber.Load())
		}
	}
}

// What a runtime that ends has not begun is done, too: who waits elsewhere goes on.
func TestWaitGroupGoOfARuntimeThatEnds(t *testing.T) {
	for range 20 {
		var wg cml.WaitGroup
		fibers.Run(func() {
			for range 100 {
				wg.Go(func() { cml.Perform(cml.Never[cml.Unit]()) })
			}
		}, fibers.WithSchedulers(1))
		within(t, "all are done", wg.Wait)
	}
}

func TestRLocker(t *testing.T) {
	var rw cml.RWMutex
	a, b := rw.RLocker(), rw.RLocker()
	a.Lock()
	b.Lock()
	if rw.TryLock() {
		t.Error("locked beside two readers")
	}
	a.Unlock()
	b.Unlock()
	if !rw.TryLock() {
		t.Error("nobody has it")
	}
}

func TestPortCopy(t *testing.T) {
	m := cml.NewMulticast[int]()
	p := m.Subscribe()
	m.Publish(1)
	m.Publish(2)
	p.Get()
	c := p.Copy()
	m.Publish(3)
	for _, port := range []*cml.Port[int]{p, c} {
		if v, w := port.Get(), port.Get(); v != 2 || w != 3 {
			t.Error(v, w)
		}
	}
	p.Close()
	m.Publish(4)
	if v := c.Get(); v != 4 {
		t.Error(v)
	}
	if _, ok := cml.Poll(p.Copy().GetOp()); ok {
		t.Error("the copy of a closed port is open")
	}
}
