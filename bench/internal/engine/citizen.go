package engine

import (
	"context"
	"errors"
	goruntime "runtime"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Every scheduler is busy with parties that yield all the time. What does a
// plain goroutine get that computes meanwhile?

func citizenWorkloads() []*harness.Workload {
	return []*harness.Workload{{
		Suite: "fair",
		Rows: []harness.Row{{Name: "citizen", Unit: "% core", More: true,
			About: "share of a core that one computing goroutine gets while all schedulers are busy"}},
		Budget: 1500 * time.Millisecond,
		Sides:  [harness.Sides]harness.Run{citizenFibers, citizenGoroutines},
	}}
}

// spinFor computes for d on the calling goroutine and returns how many steps it
// made, in how long.
func spinFor(d time.Duration) (steps int, took time.Duration, err error) {
	const chunk = 1 << 14 // some 10 µs
	x, start := uint64(1), time.Now()
	for took < d {
		x = harness.Compute(x, chunk)
		steps += chunk
		took = time.Since(start)
	}
	return steps, took, harness.Verify("what the goroutine computed", x, harness.Computed(1, steps))
}

// yields counts the turns of the busy parties.
type yields struct {
	begun chan struct{} // closed by the first of them
	once  sync.Once
	stop  atomic.Bool
	n     stdatomic.Int64
}

// busy is the life of a busy party.
func (y *yields) busy(yield func()) {
	y.once.Do(func() { close(y.begun) })
	n := int64(0)
	for !y.stop.Load() {
		n++
		yield()
	}
	y.n.Add(n)
}

// citizen compares what the calling goroutine gets alone with what it gets while
// the others, which occupy starts, are busy.
func citizen(p harness.Params, occupy func(parties int, y *yields) (wait func() error, err error)) (harness.Sample, error) {
	d := time.Duration(p.Scale.Of([3]int{100, 50, 5})) * time.Millisecond
	alone, aloneTook, err := spinFor(d / 4)
	if err != nil {
		return harness.Sample{}, err
	}
	y := &yields{begun: make(chan struct{})}
	wait, err := occupy(4*p.Schedulers, y)
	if err != nil {
		return harness.Sample{}, err
	}
	<-y.begun
	beside, besideTook, err := spinFor(d)
	y.stop.Store(true)
	if waitErr := wait(); err == nil {
		err = waitErr
	}
	if err == nil && y.n.Load() == 0 {
		err = errors.New("wrong answer: the busy parties made no turn")
	}
	share := float64(beside) / float64(besideTook) * float64(aloneTook) / float64(alone)
	return harness.Sample{
		Values: []float64{100 * share},
		Extra:  map[string]float64{"yields_per_s": float64(y.n.Load()) / besideTook.Seconds()},
	}, err
}

func citizenFibers(_ context.Context, p harness.Params) (harness.Sample, error) {
	return citizen(p, func(parties int, y *yields) (func() error, error) {
		rt, err := fibers.New(fibers.WithSchedulers(p.Schedulers))
		if err != nil {
			return nil, err
		}
		for range parties {
			rt.Go(func() { y.busy(fibers.Yield) })
		}
		return func() error { return rt.Shutdown(context.Background()) }, nil
	})
}

func citizenGoroutines(_ context.Context, p harness.Params) (harness.Sample, error) {
	return citizen(p, func(parties int, y *yields) (func() error, error) {
		var all sync.WaitGroup
		for range parties {
			all.Go(func() { y.busy(goruntime.Gosched) })
		}
		return func() error { all.Wait(); return nil }, nil
	})
}
