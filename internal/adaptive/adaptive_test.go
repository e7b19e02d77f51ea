package adaptive_test

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/adaptive"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

const patience = time.Minute

// Fibers on several schedulers and goroutines take one mutex, and some lose their processor
// with it.
func TestMutexStress(t *testing.T) {
	const parties, times = 16, 2000
	var m adaptive.Mutex
	n := 0
	var end sync.WaitGroup
	end.Add(2 * parties)
	work := func() {
		defer end.Done()
		for i := range times {
			m.Lock()
			if n++; i%500 == 0 {
				goruntime.Gosched()
			}
			m.Unlock()
			if i%100 == 0 && m.TryLock() {
				m.Unlock()
			}
		}
	}
	err := fibers.Run(func() {
		for range parties {
			go work()
			fibers.Go(work)
		}
		fibers.Blocking(func() bool { end.Wait(); return true })
	}, fibers.WithSchedulers(4), fibers.WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	if n != 2*parties*times {
		t.Errorf("%d entries counted of %d: two were inside at once", n, 2*parties*times)
	}
}

// While a goroutine has the mutex, fibers that come for it wait as fibers do: nobody takes the
// seats of their schedulers, and others go on. So it is if who has the lock of the bucket has
// lost its processor.
func TestFibersThatWaitForAMutexKeepNoScheduler(t *testing.T) {
	t.Run("mutex", func(t *testing.T) { keepNoScheduler(t, false) })
	t.Run("mutex and bucket", func(t *testing.T) { keepNoScheduler(t, true) })
}

func keepNoScheduler(t *testing.T, bucket bool) {
	const crowd = 1000
	rt, err := fibers.New(fibers.WithSchedulers(2), fibers.WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	before := rt.Stats().StandIns
	var m adaptive.Mutex
	var came, went atomic.Int32
	m.Lock()
	release := func() {}
	if bucket {
		unlock := m.LockBucket()
		release = func() { unlock()() }
	}
	for range crowd {
		rt.Go(func() {
			came.Inc()
			m.Lock()
			went.Inc()
			m.Unlock()
		})
	}
	until(t, "all come", func() bool { return came.Load() == crowd })
	release()
	ran := make(chan struct{})
	rt.Go(func() { close(ran) })
	select {
	case <-ran:
	case <-time.After(patience):
		t.Fatal("another fiber does not run")
	}
	if n := rt.Stats().StandIns - before; n > 10 { // a slow machine looks like a stalled scheduler
		t.Errorf("%d stand-ins for fibers that wait for a mutex", n)
	}
	m.Unlock()
	until(t, "all go on", func() bool { return went.Load() == crowd })
}

// Who waits for a mutex may be woken by one who wants another that has its waiters in the same
// bucket. In a simulation that is nothing which it does.
func TestASimulationMayWakeStrangers(t *testing.T) {
	stranger, shared := adaptive.SameBucket()
	rt, err := fibers.New(fibers.WithSchedulers(1), fibers.WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	unlock := shared.LockBucket()
	stranger.Lock()
	var got atomic.Bool
	rt.Go(func() {
		stranger.Lock()
		got.Store(true)
		stranger.Unlock()
	})
	until(t, "the stranger waits", stranger.Posted)
	stranger.Unlock()
	unlock() // and does not look: it has lost its processor
	shared.Lock()
	go func() {
		for start := time.Now(); shared.Natives() == 0 && time.Since(start) < patience; {
			goruntime.Gosched()
		}
		shared.Unlock()
	}()
	if failure := sim.Check(func(*sim.Sim) {
		shared.Lock()
		shared.Unlock()
	}, sim.Runs(1)); failure != nil {
		t.Error(failure)
	}
	until(t, "the stranger goes on", got.Load)
}

// A fiber of a bubble's runtime may be woken by a party of the bubble alone: it is never where others
// would do so.
func TestFibersOfABubbleAreNotPosted(t *testing.T) {
	if err := fibers.Run(func() {}); err != nil { // outside: so that Go's structures are known
		t.Fatal(err)
	}
	var m adaptive.Mutex
	m.Lock()
	var got atomic.Bool
	synctest.Test(t, func(t *testing.T) {
		rt, err := fibers.New(fibers.WithSchedulers(1), fibers.WithPinning(false))
		if err != nil {
			t.Fatal(err)
		}
		rt.Go(func() {
			m.Lock()
			got.Store(true)
			m.Unlock()
		})
		for m.Natives() == 0 {
			if m.Wanted() || m.Posted() {
				if m.Natives() == 0 {
					t.Error("a fiber of a bubble waits as others do")
					break
				}
			}
			goruntime.Gosched()
		}
		m.Unlock()
		for !got.Load() {
			goruntime.Gosched()
		}
		rt.Close()
	})
}

// A fiber that is locked to its thread must not switch; it may take a mutex.
func TestMutexInALockedFiber(t *testing.T) {
	var m adaptive.Mutex
	err := fibers.Run(func() {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		m.Lock()
		go func() {
			for !m.Wanted() {
				goruntime.Gosched()
			}
			m.Unlock()
		}()
		m.Lock()
		m.Unlock()
	}, fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
}

// A fiber whose runtime ends while it waits gets the mutex, and then ends.
func TestMutexWhileTheRuntimeEnds(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	var m adaptive.Mutex
	var got atomic.Bool
	m.Lock()
	rt.Go(func() {
		m.Lock()
		got.Store(true)
		m.Unlock()
		fibers.Sleep(time.Hour)
	})
	until(t, "it waits", m.Wanted)
	closed := make(chan struct{})
	go func() {
		rt.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("the runtime has ended while a fiber waits in a critical section")
	case <-time.After(50 * time.Millisecond):
	}
	m.Unlock()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("the runtime does not end")
	}
	if !got.Load() {
		t.Error("the fiber has not got the mutex")
	}
}

// One who waits gets the mutex though another takes it again as soon as he has given it back.
func TestMutexIsFair(t *testing.T) {
	t.Run("to a goroutine", func(t *testing.T) { isFair(t) })
	t.Run("to a fiber", func(t *testing.T) {
		if err := fibers.Run(func() { isFair(t) }, fibers.WithSchedulers(1)); err != nil {
			t.Fatal(err)
		}
	})
}

func isFair(t *testing.T) {
	var m adaptive.Mutex
	var stop atomic.Bool
	var taken atomic.Uint32 // how often the other has taken it
	var has atomic.Bool     // the other has it
	end := make(chan struct{})
	go func() {
		defer close(end)
		for !stop.Load() {
			m.Lock()
			taken.Inc()
			has.Store(true)
			for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
			}
			has.Store(false)
			m.Unlock()
		}
	}()
	var passed []int
	for range 21 {
		until(t, "the other has it", has.Load)
		before := taken.Load()
		m.Lock()
		passed = append(passed, int(taken.Load()-before))
		m.Unlock()
	}
	stop.Store(true)
	<-end
	slices.Sort(passed)
	if n := passed[len(passed)/2]; n > 100 { // some ten, with a processor for each
		t.Errorf("the other has taken it %d times, in the median, while one waited", n)
	}
}

// Goroutines take the mutex one after the other, and each gives it back when the next one waits: a
// fiber that has waited all the while gets it, too.
func TestMutexIsFairToAFiberBesideALineOfGoroutines(t *testing.T) {
	var m adaptive.Mutex
	var got atomic.Bool
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	m.Lock()
	rt.Go(func() {
		m.Lock()
		got.Store(true)
		m.Unlock()
	})
	until(t, "the fiber waits", m.Wanted)
	const parties, most = 3, 5000
	var all sync.WaitGroup
	var passed atomic.Int32
	for range parties {
		all.Go(func() {
			for !got.Load() && passed.Load() < most {
				m.Lock()
				passed.Inc()
				for m.Natives() == 0 && !got.Load() && passed.Load() <= most-parties { // until the next one waits
					goruntime.Gosched()
				}
				m.Unlock()
			}
		})
	}
	until(t, "all wait", func() bool { return m.Natives() == parties })
	m.Unlock()
	all.Wait()
	if n := passed.Load(); n >= most {
		t.Errorf("others have taken it %d times while one waited", n)
	}
}

// To wait for a mutex is no wait that a bubble of testing/synctest could take for a deadlock, and
// its holder may be outside.
func TestMutexInABubble(t *testing.T) {
	var m adaptive.Mutex
	m.Lock()
	waits := make(chan bool)
	outside := make(chan struct{})
	var free atomic.Bool
	go func() {
		<-waits
		for !m.Wanted() {
			goruntime.Gosched()
		}
		free.Store(true)
		m.Unlock()
		close(outside)
	}()
	go func() { close(waits) }()
	synctest.Test(t, func(t *testing.T) {
		m.Lock()
		if !free.Load() {
			t.Error("it got a mutex that was held")
		}
		m.Unlock()
	})
	<-outside
}

func TestUnlockOfAFreeMutexPanics(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "adaptive: Unlock of a mutex that is free: call Lock before" {
			t.Error(got)
		}
	}()
	var m adaptive.Mutex
	m.Unlock()
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); !is(); goruntime.Gosched() {
		if time.Since(start) > patience {
			t.Fatalf("not so in %v: %s", patience, what)
		}
	}
}

func BenchmarkMutex(b *testing.B) {
	b.Run("adaptive", func(b *testing.B) {
		var m adaptive.Mutex
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
	b.Run("sync", func(b *testing.B) {
		var m sync.Mutex
		for b.Loop() {
			m.Lock()
			m.Unlock() //lint:ignore SA2001 it is measured
		}
	})
}

// Two processors want one mutex all the time.
func BenchmarkMutexOfTwo(b *testing.B) {
	for name, m := range map[string]interface {
		lock()
		Unlock()
	}{"adaptive": new(ours), "sync": new(gos)} {
		b.Run(name, func(b *testing.B) {
			n := 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					m.lock()
					n++
					m.Unlock()
				}
			})
		})
	}
}

type (
	ours struct{ adaptive.Mutex }
	gos  struct{ sync.Mutex }
)

func (m *ours) lock() { m.Mutex.Lock() }
func (m *gos) lock()  { m.Mutex.Lock() }
