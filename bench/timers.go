package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Waiting for the clock: very many sleepers, timers that never fire, one that
// sleeps for a very short time.

func timerWorkloads() []*workload {
	return []*workload{
		{
			suite: "timers",
			rows: []row{
				{name: "sleepers/cpu", unit: "ms CPU", about: "processor time while 100 k parties sleep 1 to 100 ms, twice each"},
				{name: "sleepers/p50", unit: "µs late", about: "how late they wake: median"},
				{name: "sleepers/p99", unit: "µs late", about: "the same, the 99th percentile"},
				{name: "sleepers/p99.9", unit: "µs late", about: "the same, the 99.9th percentile"},
			},
			single: true,
			budget: 2 * time.Second, rounds: 1,
			sides: [sides]func(context.Context, params) (sample, error){sleepersFibers, sleepersGoroutines},
		},
		{
			suite: "timers",
			rows: []row{
				{name: "sleep/100µs", unit: "µs late", about: "how late a party wakes that sleeps 100 µs at a time, alone: mean"},
				{name: "sleep/cpu", unit: "µs CPU", about: "the processor time of each such sleep"},
			},
			single: true,
			budget: time.Second, rounds: 2,
			sides: [sides]func(context.Context, params) (sample, error){shortFibers, shortGoroutines},
		},
		{
			suite: "timers",
			rows: []row{{name: "timer/cancel", unit: "ns/op",
				about: "AfterFunc and Stop at once, a million times"}},
			single: true,
			budget: 1500 * time.Millisecond, rounds: 2,
			sides: [sides]func(context.Context, params) (sample, error){cancelFibers, cancelGoroutines},
		},
		{
			suite: "timers",
			rows: []row{{name: "timer/standing", unit: "ns/op",
				about: "AfterFunc a million times, for 10 s to 1000 s ahead; then Stop of each, in another order"}},
			single: true,
			budget: 2 * time.Second, rounds: 1,
			sides: [sides]func(context.Context, params) (sample, error){standingFibers, standingGoroutines},
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

func newSleepers(p params) *sleepers {
	s := &sleepers{n: p.scale.of([3]int{100_000, 20_000, 100})}
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

func (s *sleepers) result(c cost) (sample, error) {
	if earliest := slices.Min(s.late); earliest < 0 {
		return sample{}, fmt.Errorf("a sleeper woke %v early", time.Duration(-earliest))
	}
	slices.Sort(s.late)
	at := func(share float64) float64 {
		return float64(s.late[int(share*float64(len(s.late)-1))]) / 1e3
	}
	return sample{
		values: []float64{float64(c.cpu) / 1e6, at(0.5), at(0.99), at(0.999)},
		cost:   c, ops: len(s.late), extra: map[string]float64{"max": at(1)},
	}, nil
}

func sleepersFibers(_ context.Context, p params) (sample, error) {
	s := newSleepers(p)
	var c cost
	err := inFibers(p.schedulers, func(*fibers.Runtime) {
		here, end, gate := newLatch(s.n), newLatch(s.n), cml.NewCond()
		for i := range s.n {
			fibers.Go(func() {
				fibers.Sleep(time.Millisecond)
				here.done()
				gate.Wait()
				s.life(i, fibers.Sleep)
				end.done()
			})
		}
		here.wait()
		goruntime.GC()
		m := startMeter()
		gate.Signal()
		end.wait()
		c = m.stop()
	})
	if err != nil {
		return sample{}, err
	}
	return s.result(c)
}

func sleepersGoroutines(_ context.Context, p params) (sample, error) {
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
	m := startMeter()
	close(gate)
	end.Wait()
	return s.result(m.stop())
}

// short sleeps for a tenth of a millisecond again and again.
func short(p params, sleep func(time.Duration)) (sample, error) {
	const d = 100 * time.Microsecond
	n := p.scale.of([3]int{300, 100, 5})
	m := startMeter()
	for range n {
		t := time.Now()
		sleep(d)
		if took := time.Since(t); took < d {
			return sample{}, fmt.Errorf("woke %v early", d-took)
		}
	}
	c := m.stop()
	late := float64(c.wall-time.Duration(n)*d) / float64(n) / 1e3
	return sample{values: []float64{late, float64(c.cpu) / float64(n) / 1e3}, cost: c, ops: n}, nil
}

func shortFibers(_ context.Context, p params) (s sample, err error) {
	var failed error
	err = inFibers(p.schedulers, func(*fibers.Runtime) { s, failed = short(p, fibers.Sleep) })
	if err != nil {
		return s, err
	}
	return s, failed
}

func shortGoroutines(_ context.Context, p params) (sample, error) { return short(p, time.Sleep) }

// A stopper is a timer of either side.
type stopper interface{ Stop() bool }

// cancel makes timers and stops each at once. Generic, so that neither side pays
// for an interface.
func cancel[T stopper](p params, afterFunc func(time.Duration, func()) T) (sample, error) {
	n := p.scale.of([3]int{1_000_000, 100_000, 100})
	stopped := 0
	m := startMeter()
	for i := range n {
		if afterFunc(time.Hour+time.Duration(i%1000)*time.Millisecond, never).Stop() {
			stopped++
		}
	}
	c := m.stop()
	return c.perOp(n), verify("timers that were stopped", stopped, n)
}

func never() { panic("a timer fired that was stopped") }

func cancelFibers(_ context.Context, p params) (s sample, err error) {
	var failed error
	err = inFibers(p.schedulers, func(*fibers.Runtime) { s, failed = cancel(p, fibers.AfterFunc) })
	if err != nil {
		return s, err
	}
	return s, failed
}

func cancelGoroutines(_ context.Context, p params) (sample, error) {
	return cancel(p, time.AfterFunc)
}

// standing makes all timers, and then stops them, as far from the order in which
// they were made as from that of their times.
func standing[T stopper](p params, afterFunc func(time.Duration, func()) T) (sample, error) {
	n := p.scale.of([3]int{1_000_000, 100_000, 100})
	timers := make([]T, n)
	stopped := 0
	m := startMeter()
	for i := range timers {
		d := 10*time.Second + time.Duration(uint64(i)*7_919_000_003%uint64(990*time.Second))
		timers[i] = afterFunc(d, never)
	}
	for i := range timers {
		if timers[int(uint64(i)*611_953%uint64(n))].Stop() { // a prime that does not divide n: each has its turn
			stopped++
		}
	}
	c := m.stop()
	return c.perOp(n), verify("timers that were stopped", stopped, n)
}

func standingFibers(_ context.Context, p params) (s sample, err error) {
	var failed error
	err = inFibers(p.schedulers, func(*fibers.Runtime) { s, failed = standing(p, fibers.AfterFunc) })
	if err != nil {
		return s, err
	}
	return s, failed
}

func standingGoroutines(_ context.Context, p params) (sample, error) {
	return standing(p, time.AfterFunc)
}
