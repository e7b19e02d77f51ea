//go:build linux

package interop

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic" // Bool and Pointer, in tests
	"syscall"
	"time"
)

// A load says how long is measured.
type load struct {
	Warm, For time.Duration
}

// A sample is what one side did in one round.
type sample struct {
	Rate     float64 // operations in a second
	P50, P99 time.Duration
	CPU      time.Duration // of this process, for an operation
	Err      string        // instead of all that
}

// closedLoop has so many parties call op again and again. op is told which party it
// is called by.
func (l load) closedLoop(s *side, parties int, op func(party int) error) (sample, error) {
	var (
		wg     sync.WaitGroup
		failed atomic.Pointer[error]
		from   = time.Now().Add(l.Warm)
		to     = from.Add(l.For)
		delays = make([][]time.Duration, parties)
		counts = make([]int, parties)
	)
	wg.Add(parties)
	for p := range parties {
		s.spawn(func() {
			defer wg.Done()
			for failed.Load() == nil {
				begin := time.Now()
				if begin.After(to) {
					return
				}
				if err := op(p); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				if end := time.Now(); begin.After(from) {
					delays[p] = append(delays[p], end.Sub(begin)) // also of one that ends too late to count: it was slow
					if end.Before(to) {
						counts[p]++
					}
				}
			}
		})
	}
	time.Sleep(time.Until(from)) // sleep: the harness is no party
	used := cpuTime()
	time.Sleep(time.Until(to)) // sleep: the harness is no party
	used = cpuTime() - used
	wg.Wait()
	if err := failed.Load(); err != nil {
		return sample{}, *err
	}
	count := 0
	for _, n := range counts {
		count += n
	}
	all := slices.Concat(delays...)
	if len(all) == 0 {
		return sample{}, errors.New("nothing was done in time")
	}
	slices.Sort(all)
	return sample{
		Rate: float64(count) / l.For.Seconds(),
		P50:  all[len(all)/2],
		P99:  all[len(all)*99/100],
		CPU:  used / time.Duration(max(count, 1)),
	}, nil
}

// cpuTime returns the processor time of this process.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
