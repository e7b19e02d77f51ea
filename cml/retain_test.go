package cml_test

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// heap returns the bytes that are in use after a collection.
func heap() uint64 {
	goruntime.GC()
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.HeapAlloc
}

// P9: an arm that loses leaves nothing with its object: at every position,
// wrapped, nested, made once or anew each time.
func TestP9LosersLeaveNothing(t *testing.T) {
	rounds := short(50000) // for each row
	idle, busy := cml.NewChan[int](), cml.NewChan[int]()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cond, iv, mv := cml.NewCond(), cml.NewIVar[int](), cml.NewMVar[int]()
	sem := cml.NewSemaphore(1)
	sem.Acquire(1)
	mc := cml.NewMulticast[int]().Subscribe()
	full := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
	full.Subscribe()
	full.Publish(1)
	idlePort := full.Subscribe()
	q := cml.NewQueue[int](0)
	zero := func(unit) int { return 0 }
	var waiting atomic.Int64
	losers := map[string]func() cml.Op[int]{
		"get":     func() cml.Op[int] { return idle.GetOp() },
		"put":     func() cml.Op[int] { return cml.Wrap(idle.PutOp(1), zero) },
		"context": func() cml.Op[int] { return cml.Wrap(cml.Done(ctx), func(error) int { return 0 }) },
		"cond":    func() cml.Op[int] { return cml.Wrap(cond.WaitOp(), zero) },
		"ivar":    func() cml.Op[int] { return iv.ReadOp() },
		"mvar":    func() cml.Op[int] { return mv.TakeOp() },
		"sem":     func() cml.Op[int] { return cml.Wrap(sem.AcquireOp(1), zero) },
		"port":    func() cml.Op[int] { return mc.GetOp() },
		"bounded": func() cml.Op[int] { return cml.Wrap(idlePort.GetOp(), func(cml.Item[int]) int { return 0 }) },
		"publish": func() cml.Op[int] { return cml.Wrap(full.PublishOp(1), func(error) int { return 0 }) },
		"queue":   func() cml.Op[int] { return cml.Wrap(q.GetOp(), func(cml.Item[int]) int { return 0 }) },
		"custom": func() cml.Op[int] {
			return cml.NewOp(func() (int, bool) { return 0, false }, func(cml.Waiter[int]) func() {
				waiting.Inc()
				return func() { waiting.Dec() }
			})
		},
	}
	shapes := map[string]func(x, win cml.Op[int]) cml.Op[int]{
		"first": func(x, win cml.Op[int]) cml.Op[int] { return cml.Choice(x, win) },
		"last":  func(x, win cml.Op[int]) cml.Op[int] { return cml.Choice(win, x) },
		"wrapped": func(x, win cml.Op[int]) cml.Op[int] {
			return cml.Choice(cml.Wrap(x, func(v int) int { return v }), win)
		},
		"nested": func(x, win cml.Op[int]) cml.Op[int] { return cml.Prefer(cml.Choice(win, cml.Prefer(x)), x) },
		"guarded": func(x, win cml.Op[int]) cml.Op[int] {
			return cml.Choice(cml.Guard(func() cml.Op[int] { return x }), win)
		},
	}
	rt := newRuntime(t, 1)
	for name, loser := range losers {
		t.Run(name, func(t *testing.T) {
			perform := func(n int) {
				tm := &team{t: t, go1: rt.Go}
				tm.Go(func() {
					for _, around := range shapes {
						op := around(loser(), busy.GetOp())
						for i := range n / len(shapes) {
							if i%2 == 0 {
								op = around(loser(), busy.GetOp())
							}
							cml.Perform(op)
						}
					}
				})
				tm.Go(func() {
					for i := range n / len(shapes) * len(shapes) {
						busy.Put(i)
					}
				})
				tm.wait()
			}
			perform(1000)
			before := heap()
			perform(rounds)
			if after := heap(); after > before+before/4+1<<20 {
				t.Errorf("%d choices left %d bytes", rounds, after-before)
			}
		})
	}
	if idle.TryPut(1) {
		t.Error("a get was left behind")
	}
	if _, ok := idle.TryGet(); ok {
		t.Error("a put was left behind")
	}
	if waiting.Load() != 0 {
		t.Errorf("%d waiters were not withdrawn", waiting.Load())
	}
}

// P9: values are not kept by what a channel and a waiter keep for later.
func TestP9ValuesAreNotRetained(t *testing.T) {
	type big [1 << 16]byte
	c, idle := cml.NewChan[*big](), cml.NewChan[*big]()
	room := cml.NewBuffered[*big](4)
	var freed atomic.Int32
	fresh := func() *big {
		b := &big{}
		goruntime.AddCleanup(b, func(int) { freed.Inc() }, 0)
		return b
	}
	rt := newRuntime(t, 2)
	tm := &team{t: t, go1: rt.Go}
	const n = 50
	tm.Go(func() {
		for i := range n {
			switch i % 3 {
			case 0:
				c.Put(fresh())
			case 1:
				cml.Perform(cml.Choice(c.PutOp(fresh()), idle.PutOp(fresh())))
			default:
				room.Put(fresh())
				room.Get()
				idle.TryPut(fresh())
				c.Put(fresh())
			}
		}
	})
	tm.Go(func() {
		for i := range n {
			if i%2 == 0 {
				c.Get()
			} else {
				cml.Perform(cml.Choice(c.GetOp(), cml.NewChan[*big]().GetOp()))
			}
		}
	})
	tm.wait()
	want := int32(n/3+1) + 2*int32(n/3+1) + 3*int32(n/3)
	eventually(t, "all values are freed", func() bool {
		goruntime.GC()
		return freed.Load() >= want
	})
	goruntime.KeepAlive(c)
	goruntime.KeepAlive(idle)
	goruntime.KeepAlive(room)
}

// A wide choice and a deep wrap take linear time and no stack that breaks.
func TestWideAndDeep(t *testing.T) {
	const wide, deep = 50000, 10000
	idle := cml.NewChan[int]()
	last := cml.NewChan[int]()
	within := func(what string, f func()) {
		t.Helper()
		begin := time.Now()
		f()
		if d := time.Since(begin); d > 10*time.Second {
			t.Errorf("%s took %v", what, d)
		}
	}
	var ops []cml.Op[int]
	for range wide {
		ops = append(ops, idle.GetOp())
	}
	flat := cml.Choice(append(ops, last.GetOp())...)
	folded := last.GetOp()
	for _, op := range ops {
		folded = cml.Choice(folded, op)
	}
	folded2 := last.GetOp()
	for _, op := range ops {
		folded2 = cml.Choice(op, folded2)
	}
	mixed := last.GetOp()
	for i, op := range ops[:deep] {
		if mixed = cml.Wrap(mixed, func(v int) int { return v }); i%2 == 0 {
			mixed = cml.Choice(op, mixed)
		} else {
			mixed = cml.Prefer(op, mixed)
		}
	}
	wrapped := last.GetOp()
	for range deep {
		wrapped = cml.Wrap(wrapped, func(v int) int { return v + 1 })
	}
	nacked := last.GetOp()
	for range deep / 10 {
		inner := nacked
		nacked = cml.WithNack(func(cml.Op[unit]) cml.Op[int] { return cml.OnAbort(inner, func() { t.Error("aborted") }) })
	}
	for name, op := range map[string]cml.Op[int]{"flat": flat, "folded": folded, "folded right": folded2, "mixed": mixed, "wrapped": wrapped, "nacked": nacked} {
		within(name, func() {
			want := 1
			if name == "wrapped" {
				want += deep
			}
			tm := &team{t: t, go1: newRuntime(t, 1).Go}
			for range 3 {
				tm.Go(func() {
					if v := cml.Perform(op); v != want {
						t.Errorf("%s: got %d", name, v)
					}
				})
				tm.Go(func() {
					for range 3 {
						yield()
					}
					last.Put(1)
				})
			}
			tm.wait()
		})
	}
}

// Many waiters on one channel: linear, in and out.
func TestManyWaitOnOneChannel(t *testing.T) {
	n := short(100000)
	some, all := waitOnOneChannel(t, n/10), waitOnOneChannel(t, n)
	if all > 20*time.Second && all > 40*some { // a slow machine is slow with some of them, too
		t.Errorf("%d waiters took %v, %d took %v", n, all, n/10, some)
	}
}

// waitOnOneChannel returns how long it took until n waiters of one channel had waited.
func waitOnOneChannel(t *testing.T, n int) time.Duration {
	c, over := cml.NewChan[int](), cml.NewCond()
	rt := newRuntime(t, 2)
	tm := &team{t: t, go1: rt.Go}
	begin := time.Now()
	var sum atomic.Int64
	for i := range n {
		tm.Go(func() {
			switch i % 3 {
			case 0:
				sum.Add(int64(c.Get()))
			case 1:
				sum.Add(int64(cml.Perform(cml.Choice(c.GetOp(), cml.Never[int](), c.GetOp()))))
			default:
				cml.Perform(cml.Choice(c.GetOp(), cml.Wrap(over.WaitOp(), func(unit) int { return 0 })))
			}
		})
	}
	tm.Go(func() {
		for range 10 {
			yield()
		}
		over.Signal()
		for done := false; !done; {
			done = sum.Load() == int64((n+2)/3+(n+1)/3)
			if !c.TryPut(1) {
				yield()
			}
		}
	})
	tm.wait()
	return time.Since(begin)
}

// Allocations: none where nothing has to be made.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	c, d, room := cml.NewChan[int](), cml.NewChan[int](), cml.NewBuffered[int](1)
	idle := cml.NewChan[int]()
	nobody := cml.NewChan[int]() // nor in the choice of the other fiber, which may run beside
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	get := cml.Choice(c.GetOp(), idle.GetOp(), cml.Wrap(idle.GetOp(), func(v int) int { return v }),
		cml.Wrap(cml.Done(ctx), func(error) int { return 0 }))
	ready := cml.Choice(idle.GetOp(), cml.Wrap(cml.Always(1), func(v int) int { return v }), idle.GetOp())
	roomPut := room.PutOp(1)
	var mu cml.Mutex
	var rw cml.RWMutex
	locked := 0
	sem := cml.NewSemaphore(3)
	rt := newRuntime(t, 1)
	rt.Run(func() {
		stop := cml.NewCond()
		fibers.Go(func() { // takes and answers whatever is put
			for v := 0; v >= 0; {
				v = cml.Perform(get)
				d.Put(v)
			}
			stop.Signal()
		})
		for name, f := range map[string]func(){
			"put and get":  func() { c.Put(1); d.Get() },
			"try":          func() { nobody.TryPut(1); nobody.TryGet() },
			"room":         func() { room.Put(1); room.Get() },
			"ready choice": func() { cml.Perform(ready) },
			"poll":         func() { cml.Poll(ready); cml.Poll(roomPut); cml.Poll(roomPut); room.TryGet() },
			"mutex":        func() { mu.Lock(); locked++; mu.Unlock() },
			"rwmutex": func() {
				rw.RLock()
				locked++
				rw.RUnlock()
				rw.Lock()
				locked++
				rw.Unlock()
			},
			"semaphore":        func() { sem.Acquire(2); sem.Release(2) },
			"ready in context": func() { cml.PerformContext(ctx, ready) },
		} {
			if n := allocs.Least(200, f); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
		c.Put(-1)
		d.Get()
		stop.Wait()
	})
	// A Select written in place: what On makes, and nothing of its own.
	a, b := cml.NewBuffered[int](1), cml.NewChan[int]()
	sum := 0
	add := func(v int) { sum += v }
	if n := allocs.Least(200, func() {
		a.Put(1)
		cml.Select(cml.On(a.GetOp(), add), cml.On(b.GetOp(), add), cml.On(b.GetOp(), add))
	}); n > 3 {
		t.Errorf("a Select of three makes %v allocations", n)
	}
	// The same from a goroutine.
	if n := allocs.Least(200, func() { cml.Perform(ready); room.Put(1); room.Get() }); n != 0 {
		t.Errorf("goroutine: %v allocations", n)
	}
}

// The end of a runtime: who waits withdraws, nacks fire, the rest goes on.
func TestRuntimeCloses(t *testing.T) {
	c, idle := cml.NewChan[int](), cml.NewChan[int]()
	q := cml.NewQueue[int](1)
	q.Put(0)
	sem := cml.NewSemaphore(2)
	sem.Acquire(1)
	var mu cml.Mutex
	mu.Lock()
	bar := cml.NewBarrier(100)
	var aborted, deferred, started atomic.Int32
	var nacks sync.Map
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	waits := []func(){
		func() { c.Get() },
		func() { idle.Put(1) },
		func() {
			cml.Perform(cml.Choice(c.GetOp(), cml.OnAbort(cml.Wrap(idle.PutOp(1), func(unit) int { return 0 }), func() { aborted.Inc() })))
		},
		func() {
			cml.Perform(cml.WithNack(func(n cml.Op[unit]) cml.Op[int] { nacks.Store(1, n); return c.GetOp() }))
		},
		func() { q.Put(1) },
		func() { sem.Acquire(2) },
		func() { mu.Lock() },
		func() { bar.Wait() },
		func() { cml.Perform(cml.Choice(bar.WaitOp(), mu.LockOp())) },
		func() { cml.PerformContext(context.Background(), cml.Never[int]()) },
		func() { cml.Perform(cml.Never[int]()) },
	}
	for i, f := range waits {
		rt.Go(func() {
			defer deferred.Inc()
			started.Inc()
			f()
			t.Errorf("%d went on", i)
		})
	}
	eventually(t, "somebody waits for the semaphore", func() bool {
		if sem.TryAcquire(1) {
			sem.Release(1)
			return false
		}
		return true
	})
	eventually(t, "all have started", func() bool { return int(started.Load()) == len(waits) })
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	if n := int(deferred.Load()); n != len(waits) {
		t.Errorf("%d of %d ended", n, len(waits))
	}
	if aborted.Load() != 1 {
		t.Error("the hook did not run")
	}
	if n, ok := nacks.Load(1); ok {
		if _, ok := cml.Poll(n.(cml.Op[unit])); !ok {
			t.Error("the nack did not fire")
		}
	} else {
		t.Error("the nack was never made")
	}
	if c.TryPut(1) || idle.TryPut(1) {
		t.Error("a get was left behind")
	}
	if _, ok := idle.TryGet(); ok {
		t.Error("a put was left behind")
	}
	if !sem.TryAcquire(1) {
		t.Error("somebody still waits for the semaphore")
	}
	if q.Get(); q.Len() != 0 {
		t.Error("a put to the queue was left behind")
	}
	mu.Unlock()
	if !mu.TryLock() {
		t.Error("the lock was handed to a dead fiber")
	}
}

// Not a goroutine more while many goroutines wait.
func TestWaitingGoroutinesHaveNoHelpers(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := cml.NewChan[int]()
	before := goruntime.NumGoroutine()
	const n = 50
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			cml.Perform(cml.Choice(c.GetOp(), cml.Wrap(cml.Done(ctx), func(error) int { return 0 })))
		})
	}
	eventually(t, "all wait", func() bool { _, gets := cml.Waiting(c); return gets == n })
	if k := goruntime.NumGoroutine(); k > before+n {
		t.Errorf("%d goroutines for %d that wait: %s", k-before, n, fmt.Sprint(before))
	}
	cancel()
	wg.Wait()
}

// Runtimes that close while their fibers meet others: a value is got, or is not
// put; whoever has been ended is met by nobody.
func TestRuntimeClosesStress(t *testing.T) {
	for range short(100) {
		a, b := cml.NewChan[int](), cml.NewChan[int]()
		rt, err := fibers.New(fibers.WithSchedulers(2), fibers.WithPinning(false))
		if err != nil {
			t.Fatal(err)
		}
		var put, got atomic.Int64
		for i := range 8 {
			rt.Go(func() {
				for {
					switch i % 4 {
					case 0:
						a.Put(1)
						put.Inc()
					case 1:
						a.Get()
						got.Inc()
					case 2:
						cml.Select(a.PutOp(1), b.PutOp(1))
						put.Inc()
					default:
						cml.Perform(cml.Choice(b.GetOp(), a.GetOp()))
						got.Inc()
					}
				}
			})
		}
		stop, stopped := make(chan bool), make(chan bool)
		go func() { // a plain goroutine stays
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a.TryPut(1) {
					put.Inc()
				}
				if _, ok := b.TryGet(); ok {
					got.Inc()
				}
				goruntime.Gosched()
			}
		}()
		eventually(t, "they have met", func() bool { return got.Load() > 100 })
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		close(stop)
		<-stopped
		if put.Load() != got.Load() {
			t.Errorf("%d were put, %d got", put.Load(), got.Load())
		}
		if a.TryPut(1) || b.TryPut(1) {
			t.Error("a get was left behind")
		}
		if _, ok := a.TryGet(); ok {
			t.Error("a put was left behind")
		}
	}
}
