package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

func TestLostUpdateIsFound(t *testing.T) {
	f := sim.Check(func(s *sim.Sim) {
		balance := 0
		var wg cml.WaitGroup
		wg.Add(3)
		for range 3 {
			fibers.Go(func() {
				defer wg.Done()
				b := balance
				fibers.Yield()
				balance = b + 1
			})
		}
		wg.Wait()
		s.Always(balance == 3, "balance is %d", balance)
	})
	fmt.Println(f)
	if f == nil || f.Kind != sim.Assertion {
		t.Fatal(f)
	}
}

func TestDeadlockIsFound(t *testing.T) {
	f := sim.Check(func(s *sim.Sim) {
		var a, b cml.Mutex
		var wg cml.WaitGroup
		wg.Add(2)
		fibers.GoNamed("ab", func() { defer wg.Done(); a.Lock(); b.Lock(); b.Unlock(); a.Unlock() })
		fibers.GoNamed("ba", func() { defer wg.Done(); b.Lock(); a.Lock(); a.Unlock(); b.Unlock() })
		wg.Wait()
	})
	fmt.Println(f)
	if f == nil || f.Kind != sim.Deadlock {
		t.Fatal(f)
	}
}

func TestADayPasses(t *testing.T) {
	f := sim.Check(func(s *sim.Sim) {
		begin := s.Now()
		fibers.Sleep(24 * time.Hour)
		s.Always(s.Now().Sub(begin) == 24*time.Hour, "%v", s.Now().Sub(begin))
		_, ok := fibers.PerformTimeout(cml.Never[int](), time.Second)
		s.Always(!ok, "never was ready")
		tk := fibers.NewTicker(time.Minute)
		for range 60 {
			tk.Tick()
		}
		s.Always(s.Elapsed() == 25*time.Hour+time.Second, "%v", s.Elapsed())
	}, sim.Runs(3))
	if f != nil {
		t.Fatal(f)
	}
}

func TestKinds(t *testing.T) {
	for kind, body := range map[sim.Kind]func(s *sim.Sim){
		sim.Panic:     func(s *sim.Sim) { fibers.Go(func() { panic("oh") }); fibers.Yield() },
		sim.Assertion: func(s *sim.Sim) { s.Always(false, "no") },
		sim.Deadlock:  func(s *sim.Sim) { cml.NewChan[int]().Get() },
		sim.Leak:      func(s *sim.Sim) { fibers.Go(func() { cml.NewChan[int]().Get() }) },
		sim.Livelock: func(s *sim.Sim) {
			for {
				fibers.Yield()
			}
		},
		sim.Unreached: func(s *sim.Sim) { s.Sometimes(false, "luck") },
	} {
		f := sim.Check(body, sim.Runs(3), sim.Steps(10000))
		fmt.Println(f)
		if f == nil || f.Kind != kind {
			t.Errorf("%v: %v", kind, f)
		}
	}
}

func BenchmarkSteps(b *testing.B) {
	b.ReportAllocs()
	sim.Check(func(s *sim.Sim) {
		var wg cml.WaitGroup
		wg.Add(2)
		c := cml.NewChan[int]()
		n := b.N
		fibers.Go(func() {
			for range n {
				c.Put(1)
			}
			wg.Done()
		})
		fibers.Go(func() {
			for range n {
				c.Get()
			}
			wg.Done()
		})
		wg.Wait()
	}, sim.Runs(1), sim.Steps(1<<40))
}

func BenchmarkRuns(b *testing.B) {
	b.ReportAllocs()
	sim.Check(func(s *sim.Sim) {
		var wg cml.WaitGroup
		wg.Add(20)
		for range 20 {
			fibers.Go(func() {
				for range 10 {
					fibers.Yield()
				}
				wg.Done()
			})
		}
		wg.Wait()
	}, sim.Runs(b.N))
}
