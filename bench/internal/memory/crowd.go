package memory

import (
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A crowd is a number of parties of one side that wait, all on one channel, or each in a choice
// of that and another one.
type crowd struct {
	release func() error // ends them all, and verifies the sum of what they got
	close   func() error // ends what carried them
	spawn   func(f func(sleep func(time.Duration)))
}

func gather(s harness.Side, schedulers, n int, choose bool) (*crowd, error) {
	if s == harness.OnFibers {
		return gatherFibers(schedulers, n, choose)
	}
	return gatherGoroutines(n, choose), nil
}

// gatherBatch is how many are spawned before the spawner waits for them to run:
// a program gathers its waiters bit by bit.
const gatherBatch = 1000

func gatherFibers(schedulers, n int, choose bool) (*crowd, error) {
	rt, err := fibers.New(fibers.WithSchedulers(schedulers))
	if err != nil {
		return nil, err
	}
	ch := cml.NewChan[int64]()
	get := ch.Get
	if choose {
		either := cml.Choice(ch.GetOp(), cml.NewChan[int64]().GetOp())
		get = func() int64 { return cml.Perform(either) }
	}
	var end cml.WaitGroup
	end.Add(n)
	var sum atomic.Int64
	err = rt.Run(func() {
		for left := n; left > 0; left -= gatherBatch {
			now := min(left, gatherBatch)
			var here cml.WaitGroup
			here.Add(now)
			for range now {
				fibers.Go(func() {
					here.Done()
					sum.Add(get())
					end.Done()
				})
			}
			here.Wait()
		}
	})
	release := func() error {
		if err := rt.Run(func() {
			for i := range n {
				ch.Put(int64(i))
			}
			end.Wait()
		}); err != nil {
			return err
		}
		return verifyCrowd(sum.Load(), n)
	}
	return &crowd{release, rt.Close, func(f func(func(time.Duration))) { rt.Go(func() { f(fibers.Sleep) }) }}, err
}

func gatherGoroutines(n int, choose bool) *crowd {
	ch := make(chan int64)
	get := func() int64 { return <-ch }
	if choose {
		other := make(chan int64)
		get = func() int64 {
			select {
			case v := <-ch:
				return v
			case v := <-other:
				return v
			}
		}
	}
	var end sync.WaitGroup
	end.Add(n)
	var sum atomic.Int64
	for left := n; left > 0; left -= gatherBatch {
		now := min(left, gatherBatch)
		here := new(sync.WaitGroup)
		here.Add(now)
		for range now {
			go func() {
				here.Done()
				sum.Add(get())
				end.Done()
			}()
		}
		here.Wait()
	}
	release := func() error {
		for i := range n {
			ch <- int64(i)
		}
		end.Wait()
		return verifyCrowd(sum.Load(), n)
	}
	return &crowd{release, func() error { return nil }, func(f func(func(time.Duration))) { go f(time.Sleep) }}
}

func verifyCrowd(sum int64, n int) error {
	return harness.Verify("the sum of what the crowd got", sum, int64(n)*int64(n-1)/2)
}
