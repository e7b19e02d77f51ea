// Package timers has the suite timers: waiting for the clock, by very many sleepers, timers
// that never fire, and one party that sleeps for a very short time.
package timers

import (
	"context"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Workloads returns the suite timers.
func Workloads() []*harness.Workload {
	return []*harness.Workload{
		{
			Suite: "timers",
			Rows: []harness.Row{
				{Name: "sleepers/cpu", Unit: "ms CPU", About: "processor time while 100 k parties sleep 1 to 100 ms, twice each"},
				{Name: "sleepers/p50", Unit: "µs late", About: "how late they wake: median"},
				{Name: "sleepers/p99", Unit: "µs late", About: "the same, the 99th percentile"},
				{Name: "sleepers/p99.9", Unit: "µs late", About: "the same, the 99.9th percentile"},
			},
			Single: true,
			Budget: 3 * time.Second, Last: true,
			Sides: [harness.Sides]harness.Run{sleepersFibers, sleepersGoroutines},
		},
		{
			Suite: "timers",
			Rows: []harness.Row{
				{Name: "sleep/100µs", Unit: "µs late", About: "how late a party wakes that sleeps 100 µs at a time, alone: mean"},
				{Name: "sleep/cpu", Unit: "µs CPU", About: "the processor time of each such sleep"},
			},
			Single: true,
			Budget: time.Second,
			Sides:  [harness.Sides]harness.Run{shortFibers, shortGoroutines},
		},
		{
			Suite: "timers",
			Rows: []harness.Row{{Name: "timer/cancel", Unit: "ns/op",
				About: "AfterFunc and Stop at once, a million times"}},
			Single: true,
			Budget: 1500 * time.Millisecond,
			Sides:  [harness.Sides]harness.Run{cancelFibers, cancelGoroutines},
		},
		{
			Suite: "timers",
			Rows: []harness.Row{{Name: "timer/standing", Unit: "ns/op",
				About: "AfterFunc 500 000 times, for 10 s to 1000 s ahead; then Stop of each, in another order"}},
			Single: true,
			Budget: 2 * time.Second,
			Sides:  [harness.Sides]harness.Run{standingFibers, standingGoroutines},
		},
	}
}

// A crowd of sleepers: party i sleeps naps times, and notes in late how much longer
// that took than it should have. All are there, and have slept once, before it
// begins.
type sleepers struct {
	n    int
	late []int64 // nanoseconds; naps of each party
}

const naps = 2

func newSleepers(p harness.Params) *sleepers {
	s := &sleepers{n: p.Scale.Of([3]int{100_000, 20_000, 100})}
	s.late = make([]int64, s.n*naps)
	return s
}

// nap is how long party i sleeps the k-th time: 1 to 100 ms.
func nap(i, k int) time.Duration {
	r := rand.NewPCG(uint64(i), uint64(k))
	return time.Millisecond + time.Duration(r.Uint64()%uint64(99*time.Millisecond))
}

// life is what party i does.
func (s *sleepers) life(i int, sleep func(time.Duration)) {
	for k := range naps {
		d := nap(i, k)
		t := time.Now()
		sleep(d)
		s.late[i*naps+k] = int64(time.Since(t) - d)
	}
}

func (s *sleepers) result(c harness.Cost) (harness.Sample, error) {
	if earliest := slices.Min(s.late); earliest < 0 {
		return harness.Sample{}, fmt.Errorf("a sleeper woke %v early", time.Duration(-earliest))
	}
	slices.Sort(s.late)
	at := func(share float64) float64 {
		return float64(s.late[int(share*float64(len(s.late)-1))]) / 1e3
	}
	return harness.Sample{
		Values: []float64{float64(c.CPU) / 1e6, at(0.5), at(0.99), at(0.999)},
		Cost:   c, Ops: len(s.late), Extra: map[string]float64{"max": at(1)},
	}, nil
}

func sleepersFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	s := newSleepers(p)
	var c harness.Cost
	err := harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
		gate := cml.NewCond()
		var here, end cml.WaitGroup
		here.Add(s.n)
		end.Add(s.n)
		for i := range s.n {
			fibers.Go(func() {
				fibers.Sleep(time.Millisecond)
				here.Done()
				gate.Wait()
				s.life(i, fibers.Sleep)
				end.Done()
			})
		}
		here.Wait()
		goruntime.GC()
		m := harness.StartMeter()
		gate.Signal()
		end.Wait()
		c = m.Stop()
	})
	if err != nil {
		return harness.Sample{}, err
	}
	return s.result(c)
}

func sleepersGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	s := newSleepers(p)
	var here, end sync.WaitGroup
	gate := make(chan struct{})
	here.Add(s.n)
	for i := range s.n {
		end.Go(func() {
			time.Sleep(time.Millisecond)
			here.Done()
			<-gate
			s.life(i, time.Sleep)
		})
	}
	here.Wait()
	goruntime.GC()
	m := harness.StartMeter()
	close(gate)
	end.Wait()
	return s.result(m.Stop())
}

// short sleeps for a tenth of a millisecond again and again.
func short(p harness.Params, sleep func(time.Duration)) (harness.Sample, error) {
	const d = 100 * time.Microsecond
	n := p.Scale.Of([3]int{300, 100, 5})
	m := harness.StartMeter()
	for range n {
		t := time.Now()
		sleep(d)
		if took := time.Since(t); took < d {
			return harness.Sample{}, fmt.Errorf("woke %v early", d-took)
		}
	}
	c := m.Stop()
	late := float64(c.Wall-time.Duration(n)*d) / float64(n) / 1e3
	return harness.Sample{Values: []float64{late, float64(c.CPU) / float64(n) / 1e3}, Cost: c, Ops: n}, nil
}

func shortFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	var failed error
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) { s, failed = short(p, fibers.Sleep) })
	if err != nil {
		return s, err
	}
	return s, failed
}

func shortGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	return short(p, time.Sleep)
}

// A stopper is a timer of either side.
type stopper interface{ Stop() bool }

// cancel makes timers and stops each at once. Generic, so that neither side pays
// for an interface.
func cancel[T stopper](p harness.Params, afterFunc func(time.Duration, func()) T) (harness.Sample, error) {
	n := p.Scale.Of([3]int{1_000_000, 100_000, 100})
	stopped := 0
	m := harness.StartMeter()
	for i := range n {
		if afterFunc(time.Hour+time.Duration(i%1000)*time.Millisecond, never).Stop() {
			stopped++
		}
	}
	c := m.Stop()
	return c.PerOp(n), harness.Verify("timers that were stopped", stopped, n)
}

func never() { panic("a timer fired that was stopped") }

func cancelFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	var failed error
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) { s, failed = cancel(p, fibers.AfterFunc) })
	if err != nil {
		return s, err
	}
	return s, failed
}

func cancelGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	return cancel(p, time.AfterFunc)
}

// standing makes all timers, and then stops them, as far from the order in which
// they were made as from that of their times.
func standing[T stopper](p harness.Params, afterFunc func(time.Duration, func()) T) (harness.Sample, error) {
	n := p.Scale.Of([3]int{500_000, 100_000, 100})
	timers := make([]T, n)
	stopped := 0
	m := harness.StartMeter()
	for i := range timers {
		d := 10*time.Second + time.Duration(uint64(i)*7_919_000_003%uint64(990*time.Second))
		timers[i] = afterFunc(d, never)
	}
	for i := range timers {
		if timers[int(uint64(i)*611_953%uint64(n))].Stop() { // a prime that does not divide n: each has its turn
			stopped++
		}
	}
	c := m.Stop()
	return c.PerOp(n), harness.Verify("timers that were stopped", stopped, n)
}

func standingFibers(_ context.Context, p harness.Params) (s harness.Sample, err error) {
	var failed error
	err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) { s, failed = standing(p, fibers.AfterFunc) })
	if err != nil {
		return s, err
	}
	return s, failed
}

func standingGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	return standing(p, time.AfterFunc)
}
