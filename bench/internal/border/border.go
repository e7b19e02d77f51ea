// Package border has the suite border: parties that wait in Go's way (time.Sleep, a context, a
// mutex, a channel), as most libraries do. Both sides run the same code; on one it is run by
// fibers.
package border

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Workloads returns the suite border.
func Workloads() []*harness.Workload {
	ws := []*harness.Workload{
		borderRow("native/sleep", "ms", "1000 parties sleep 10 ms by time.Sleep, all at once: until the last has woken", [3]int{1000, 200, 10},
			func(n int, spawn func(func())) (float64, error) {
				return untilAll(n, spawn, func(int) { time.Sleep(10 * time.Millisecond) })
			}),
		borderRow("native/context", "ms", "50 parties wait for contexts that end after 5 ms: until the last has gone on", [3]int{50, 50, 5},
			func(n int, spawn func(func())) (float64, error) {
				return untilAll(n, spawn, func(int) {
					ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
					defer cancel()
					<-ctx.Done()
				})
			}),
		borderRow("native/many", "ms", "10 000 parties wait on one channel, which is closed when all are there: until the last has gone on", [3]int{10_000, 2000, 20},
			func(n int, spawn func(func())) (float64, error) {
				var here sync.WaitGroup
				here.Add(n)
				gate := make(chan struct{})
				go func() { here.Wait(); close(gate) }()
				return untilAll(n, spawn, func(int) { here.Done(); <-gate })
			}),
	}
	for _, gap := range []struct {
		name, about string
		parties     [3]int
	}{
		{"library/2", "2 parties", [3]int{2, 2, 2}},
		{"library/50", "50 parties", [3]int{50, 50, 3}},
	} {
		ws = append(ws, libraryRow(gap.name, gap.about, gap.parties))
	}
	spare := libraryRow("library/spare", "with one processor more than schedulers, 2 parties", [3]int{2, 2, 2})
	spare.Exactly = 1
	for i, body := range spare.Sides {
		spare.Sides[i] = func(ctx context.Context, p harness.Params) (harness.Sample, error) {
			defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(p.Schedulers + 1))
			return body(ctx, p)
		}
	}
	return append(ws, spare, mutexRow(), channelRow())
}

// borderRow makes the workload of one value: body has n parties do what they do, and says
// how long it took.
func borderRow(name, unit, about string, sizes [3]int, body func(n int, spawn func(func())) (float64, error)) *harness.Workload {
	return &harness.Workload{
		Suite: "border",
		Rows:  []harness.Row{{Name: name, Unit: unit, About: about}},
		Least: 1, Budget: time.Second,
		Sides: onBoth(func(p harness.Params, spawn func(func())) (harness.Sample, error) {
			goruntime.GC()
			m := harness.StartMeter()
			v, err := body(p.Scale.Of(sizes), spawn)
			return harness.Sample{Values: []float64{v}, Cost: m.Stop(), Ops: p.Scale.Of(sizes)}, err
		}),
	}
}

// onBoth makes the sides of a workload out of one body, which is told how to make a party.
func onBoth(body func(p harness.Params, spawn func(func())) (harness.Sample, error)) [harness.Sides]harness.Run {
	return [harness.Sides]harness.Run{
		func(_ context.Context, p harness.Params) (s harness.Sample, err error) {
			var failed error
			err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) { s, failed = body(p, fibers.Go) })
			if err == nil {
				err = failed
			}
			return s, err
		},
		func(_ context.Context, p harness.Params) (harness.Sample, error) {
			return body(p, func(f func()) { go f() })
		},
	}
}

// untilAll has n parties live, and returns the milliseconds until all have.
func untilAll(n int, spawn func(func()), life func(i int)) (float64, error) {
	var end sync.WaitGroup
	end.Add(n)
	start := time.Now()
	for i := range n {
		spawn(func() { defer end.Done(); life(i) })
	}
	end.Wait() // in Go's way, too
	return float64(time.Since(start)) / 1e6, nil
}

// mutexRow: a lock of package sync that is held while its holder waits.
func mutexRow() *harness.Workload {
	sizes := [3]int{100, 50, 5}
	body := func(p harness.Params, spawn func(func()), pause func()) (harness.Sample, error) {
		n := p.Scale.Of(sizes)
		var mu sync.Mutex
		turns := 0
		v, err := untilAll(n, spawn, func(int) {
			mu.Lock()
			defer mu.Unlock()
			turns++
			pause()
		})
		if err == nil {
			err = harness.Verify("turns", turns, n)
		}
		return harness.Sample{Values: []float64{v}}, err
	}
	const hold = time.Millisecond
	return &harness.Workload{
		Suite: "border",
		Rows: []harness.Row{{Name: "native/mutex", Unit: "ms",
			About: "100 parties take a sync.Mutex in turn and hold it while they sleep 1 ms, fibers by fibers.Sleep: until the last is through"}},
		Least: 1, Budget: time.Second,
		Sides: [harness.Sides]harness.Run{
			func(_ context.Context, p harness.Params) (s harness.Sample, err error) {
				var failed error
				err = harness.InFibers(p.Schedulers, func(*fibers.Runtime) {
					s, failed = body(p, fibers.Go, func() { fibers.Sleep(hold) })
				})
				if err == nil {
					err = failed
				}
				return s, err
			},
			func(_ context.Context, p harness.Params) (harness.Sample, error) {
				return body(p, func(f func()) { go f() }, func() { time.Sleep(hold) })
			},
		},
	}
}

// channelRow: pairs that throw a ball to and fro over Go's channels.
func channelRow() *harness.Workload {
	const pairs = 20
	return borderRow("native/channel", "ns/op", "20 pairs of parties throw a ball to and fro over two of Go's channels: time of one throw", [3]int{20_000, 4000, 20},
		func(n int, spawn func(func())) (float64, error) {
			each := n / pairs
			var got [pairs]int
			ms, err := untilAll(pairs, spawn, func(i int) {
				to, fro := make(chan int), make(chan int)
				spawn(func() {
					for v := range to {
						fro <- v + 1
					}
				})
				v := 0
				for range each {
					to <- v
					v = <-fro
				}
				close(to)
				got[i] = v
			})
			for _, v := range got {
				if v != each && err == nil {
					err = fmt.Errorf("wrong answer: a ball was thrown %d times, must be %d", v, each)
				}
			}
			return ms * 1e6 / float64(2*each*pairs), err
		})
}
