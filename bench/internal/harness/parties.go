package harness

import (
	"sync"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/pad"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Parties is the parties of one run, before they begin.
type Parties struct {
	Each  []func()
	Ops   int          // what the time is divided by
	Check func() error // of the answer, once all parties have ended
}

// OnFibers times them from the moment at which all its parties are there
// until the last has ended: making them is not timed.
func (t Parties) OnFibers(p Params) (s Sample, err error) {
	err = InFibers(p.Schedulers, func(*fibers.Runtime) {
		var here, end cml.WaitGroup
		here.Add(len(t.Each))
		end.Add(len(t.Each))
		begin := cml.NewCond()
		for _, party := range t.Each {
			fibers.Go(func() {
				here.Done()
				begin.Wait()
				party()
				end.Done()
			})
		}
		here.Wait()
		m := StartMeter()
		begin.Signal()
		end.Wait()
		s = m.Stop().PerOp(t.Ops)
	})
	if err != nil {
		return s, err
	}
	return s, t.Check()
}

// OnGoroutines is onFibers for goroutines.
func (t Parties) OnGoroutines() (Sample, error) {
	var here, end sync.WaitGroup
	here.Add(len(t.Each))
	end.Add(len(t.Each))
	begin := make(chan struct{})
	for _, party := range t.Each {
		go func() {
			here.Done()
			<-begin
			party()
			end.Done()
		}()
	}
	here.Wait()
	m := StartMeter()
	close(begin)
	end.Wait()
	s := m.Stop().PerOp(t.Ops)
	return s, t.Check()
}

// Sums are what the parties have added up, each at its own place.
type Sums []Counter

// Check returns a check that all of them together are want.
func (s Sums) Check(want int) func() error {
	return func() error {
		sum := 0
		for i := range s {
			sum += s[i].N
		}
		return Verify("the sum of the values", sum, want)
	}
}

// UpTo is the sum of 0 … n−1, as adding gives it where int is short.
func UpTo(n int) int {
	if n%2 == 0 {
		return n / 2 * (n - 1)
	}
	return n * ((n - 1) / 2)
}

// Counter is a counter on a cache line of its own.
type Counter struct {
	N int
	_ pad.Line
}

// After has f run when all have ended.
func (t Parties) After(f func()) Parties {
	check := t.Check
	t.Check = func() error {
		f()
		return check()
	}
	return t
}
