package engine

import (
	"context"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A wake-up across schedulers: one party computes, wakes another, which waits,
// and goes on computing without letting anyone run. A scheduler that has nothing
// to do has to come for the other one: how long does that take?

func wakeWorkloads() []*harness.Workload {
	return []*harness.Workload{{
		Suite: "switch",
		Rows: []harness.Row{
			{Name: "wake/p50", Unit: "µs", About: "a busy party wakes one that waits, for an idle scheduler to run: median delay"},
			{Name: "wake/p99", Unit: "µs", About: "the same, the 99th percentile"},
		},
		Least:  2,
		Budget: 2 * time.Second,
		Sides:  [harness.Sides]harness.Run{wakeFibers, wakeGoroutines},
	}}
}

// A wakeup is the shared record of the two parties. The waker writes sent, then
// rings; the sleeper writes delays, then raises answered.
type wakeup struct {
	base     time.Time
	sent     stdatomic.Int64 // nanoseconds since base. Writer: waker
	answered stdatomic.Int64 // how often the sleeper came. Writer: sleeper
	delays   []float64       // in µs; the sleeper's
}

func newWakeup(p harness.Params) *wakeup {
	return &wakeup{base: time.Now(), delays: make([]float64, 0, p.Scale.Of([3]int{400, 100, 5}))}
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

func (k *wakeup) result() (harness.Sample, error) {
	s := harness.Sample{Values: []float64{harness.Quantile(k.delays, 0.5), harness.Quantile(k.delays, 0.99)}}
	s.Extra = map[string]float64{"max": harness.Quantile(k.delays, 1), "min": harness.Quantile(k.delays, 0)}
	return s, harness.Verify("number of wake-ups", int(k.answered.Load()), cap(k.delays))
}

func wakeFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	k := newWakeup(p)
	err := harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
		ch, end := cml.NewChan[cml.Unit](), cml.NewCond()
		fibers.Go(func() {
			for range cap(k.delays) {
				ch.Get()
				k.came()
			}
			end.Signal()
		})
		k.wakeAll(func() { ch.Put(cml.Unit{}) })
		end.Wait()
	})
	if err != nil {
		return harness.Sample{}, err
	}
	return k.result()
}

func wakeGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
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
