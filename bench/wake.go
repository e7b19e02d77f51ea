package main

import (
	"context"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A wake-up across schedulers: one party computes, wakes another, which waits,
// and goes on computing without letting anyone run. A scheduler that has nothing
// to do has to come for the other one: how long does that take?

func wakeWorkloads() []*workload {
	return []*workload{{
		suite: "switch",
		rows: []row{
			{name: "wake/p50", unit: "µs", about: "a busy party wakes one that waits, for an idle scheduler to run: median delay"},
			{name: "wake/p99", unit: "µs", about: "the same, the 99th percentile"},
		},
		least:  2,
		budget: 2 * time.Second, rounds: 2,
		sides: [sides]func(context.Context, params) (sample, error){wakeFibers, wakeGoroutines},
	}}
}

// A wakeup is the shared record of the two parties. The waker writes sent, then
// rings; the sleeper writes delays, then raises answered.
type wakeup struct {
	base     time.Time
	sent     stdatomic.Int64 // nanoseconds since base. Writer: waker
	rung     stdatomic.Int64 // how often the waker rang. Writer: waker
	answered stdatomic.Int64 // how often the sleeper came. Writer: sleeper
	delays   []float64       // in µs; the sleeper's
}

func newWakeup(p params) *wakeup {
	return &wakeup{base: time.Now(), delays: make([]float64, 0, p.scale.of([3]int{400, 100, 5}))}
}

// pause is how long the waker computes before each wake-up, so that the other
// scheduler is asleep, not searching.
const pause = 200 * time.Microsecond

// wakeAll is the waker's life; ring wakes the sleeper and does not wait.
func (k *wakeup) wakeAll(ring func()) {
	for i := range int64(cap(k.delays)) {
		for t := time.Now(); time.Since(t) < pause; {
		}
		k.sent.Store(int64(time.Since(k.base)))
		k.rung.Store(i + 1)
		ring()
		for k.answered.Load() <= i {
		}
	}
}

// came notes an arrival of the sleeper.
func (k *wakeup) came() {
	d := int64(time.Since(k.base)) - k.sent.Load()
	k.delays = append(k.delays, float64(d)/1e3)
	k.answered.Add(1)
}

func (k *wakeup) result() (sample, error) {
	s := sample{values: []float64{quantile(k.delays, 0.5), quantile(k.delays, 0.99)}}
	s.extra = map[string]float64{"max": quantile(k.delays, 1), "min": quantile(k.delays, 0)}
	return s, verify("number of wake-ups", int(k.answered.Load()), cap(k.delays))
}

func wakeFibers(_ context.Context, p params) (sample, error) {
	k := newWakeup(p)
	err := inFibers(p.schedulers, func(*fibers.Runtime) {
		here, end := newLatch(1), newLatch(1)
		var sleeper wait.Waiter
		fibers.Go(func() {
			sleeper = wait.Current()
			here.done()
			for i := range int64(cap(k.delays)) {
				for k.rung.Load() <= i {
					sleeper.Park(wait.Signal)
				}
				k.came()
			}
			end.done()
		})
		here.wait()
		k.wakeAll(func() { sleeper.Unpark() })
		end.wait()
	})
	if err != nil {
		return sample{}, err
	}
	return k.result()
}

func wakeGoroutines(_ context.Context, p params) (sample, error) {
	k := newWakeup(p)
	ch := make(chan struct{})
	end := make(chan struct{})
	go func() {
		for range cap(k.delays) {
			<-ch
			k.came()
		}
		close(end)
	}()
	k.wakeAll(func() { ch <- struct{}{} })
	<-end
	return k.result()
}
