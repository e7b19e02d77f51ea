package runtime

import (
	"os"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// inBell takes the bell of a runtime for a scheduler that does not run.
func inBell(t *testing.T) (*bell, *scheduler) {
	s := &scheduler{rt: new(Runtime)}
	s.parker.Init()
	b := &s.rt.bell
	if !b.take() {
		t.Fatal("there is no bell to be had")
	}
	t.Cleanup(b.close)
	return b, s
}

func TestBellEndsByTheTimeOrByThePermit(t *testing.T) {
	b, s := inBell(t)
	for _, d := range []time.Duration{0, 1, time.Millisecond, 20 * time.Millisecond} {
		start := time.Now()
		if b.wait(&s.parker, d) {
			t.Error("a permit that nobody gave")
		}
		if slept := time.Since(start); slept < d {
			t.Errorf("it slept %v, not %v", slept, d)
		}
	}
	s.permit() // before
	if !b.wait(&s.parker, time.Hour) {
		t.Error("the permit was there, and not found")
	}
	go func() {
		for !s.parker.At(belled) {
			goruntime.Gosched()
		}
		s.permit()
	}()
	if !b.wait(&s.parker, time.Hour) {
		t.Error("the permit came, and was not found")
	}
	b.ring() // one who is late
	start := time.Now()
	if b.wait(&s.parker, 20*time.Millisecond) || time.Since(start) < 20*time.Millisecond {
		t.Error("another's ring ended it")
	}
	b.close()
	b.ring() // one who is very late
}

// Permits come about when the time does: none is lost, and none taken twice.
func TestBellStress(t *testing.T) {
	b, s := inBell(t)
	const rounds = 5000
	var given, taken atomic.Int32
	over := make(chan bool)
	go func() {
		defer close(over)
		for range rounds {
			for given.Load() != taken.Load() {
				goruntime.Gosched()
			}
			given.Inc()
			s.permit()
		}
	}()
	for i := 0; taken.Load() < rounds; i++ {
		d := time.Duration(i%32) * time.Microsecond
		if i%8 == 0 {
			d = time.Hour
		}
		if b.wait(&s.parker, d) {
			taken.Inc()
		}
	}
	<-over
}

// Where timers gather, one of several has the bell and the others park, for a time or for ever:
// no permit is lost, none is taken twice, and no sleep without one is too short.
func TestGatherStress(t *testing.T) {
	b, first := inBell(t)
	b.taken.Store(false)
	second := &scheduler{rt: first.rt}
	second.parker.Init()
	const rounds = 3000
	var all sync.WaitGroup
	var belledOnes, parkedOnes atomic.Int32
	for n, s := range []*scheduler{first, second} {
		var given, taken atomic.Int32
		all.Go(func() {
			for range rounds {
				for given.Load() != taken.Load() {
					goruntime.Gosched()
				}
				given.Inc()
				if s.parker.At(belled) {
					belledOnes.Inc()
				} else {
					parkedOnes.Inc()
				}
				s.permit()
			}
		})
		all.Go(func() {
			for i := n; taken.Load() < rounds; i++ {
				d := time.Duration(i%32) * time.Microsecond
				switch i % 8 {
				case 0:
					d = time.Hour
				case 4:
					d = -1
				}
				start := time.Now()
				switch {
				case b.gather(&s.parker, d):
					taken.Inc()
				case d < 0 || time.Since(start) < d:
					t.Errorf("a sleep of %v ended after %v, with no permit", d, time.Since(start))
				}
			}
		})
	}
	all.Wait()
	if belledOnes.Load() == 0 || parkedOnes.Load() == 0 {
		t.Errorf("permits came to %d who had the bell, and to %d others", belledOnes.Load(), parkedOnes.Load())
	}
}

// Whoever is woken by others sleeps in the futex.
func TestBellIsForThoseWhoWakeByTheTime(t *testing.T) {
	b, s := inBell(t)
	b.taken.Store(false)
	for range calmEnough {
		if b.doze(&s.parker, bellFrom) {
			t.Error("a permit that nobody gave")
		}
	}
	if b.calm.Load() < calmEnough {
		t.Errorf("%d sleeps that ended by the time count as %d", calmEnough, b.calm.Load())
	}
	s.permit()
	if !b.doze(&s.parker, time.Hour) || b.calm.Load() != 0 {
		t.Error("one that a permit ended was not noted")
	}
}

// A tick is the matter of one scheduler: the timer woke its fiber by way of the injector,
// and so another scheduler for it.
func TestATickWakesOneSchedulerOnly(t *testing.T) {
	rt, err := New(WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	calls := func() (n uint64) {
		for _, s := range rt.Stats().Schedulers {
			n += s.WakeUps.Count()
		}
		return n
	}
	const ticks = 50
	_ = rt.Run(func() {
		ticker := NewTicker(2 * time.Millisecond)
		ticker.Tick()
		before := calls()
		for range ticks {
			ticker.Tick()
		}
		if n := calls() - before; n > ticks/2 {
			t.Errorf("schedulers were woken %d times in %d ticks", n, ticks)
		}
	})
}

// The bell's descriptor ends with the runtime.
func TestBellLeavesNoDescriptor(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	once := func() {
		rt, err := New(WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		_ = rt.Run(func() {
			for range calmEnough + 2 {
				Sleep(2 * bellFrom)
			}
		})
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	}
	once() // Go's own poller may begin here
	before := count()
	for range 3 {
		once()
	}
	if n := count(); n > before {
		t.Errorf("%d descriptors before, %d after", before, n)
	}
}
