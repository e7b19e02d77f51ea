package worksteal_test

import (
	"runtime"
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/worksteal"
)

// Many short histories of goroutines that run freely, each checked for an order
// of the operations that explains it. In the model build (-tags model) the
// same with the least capacities, so that every history grows and shrinks buffers.

const histories = 1500

// run runs the clients at once and checks what they recorded.
func run(t *testing.T, cs []*client, fs ...func(c *client)) {
	t.Helper()
	var (
		wg    sync.WaitGroup
		ready atomic.Int64
	)
	for i, f := range fs {
		wg.Go(func() {
			// Meet running, not by being woken: that would take longer than
			// all the operations.
			for ready.Inc(); ready.Load() < int64(len(fs)); {
				runtime.Gosched()
			}
			f(cs[i])
		})
	}
	wg.Wait()
	if !linear(cs) {
		t.Fatalf("no order explains\n%s", story(cs))
	}
}

func TestDequeLinear(t *testing.T) {
	for round := range histories {
		o, th := worksteal.NewAt[int](nearWrap[round%len(nearWrap)])
		owner := func(c *client) {
			for i := range 6 {
				c.push(i, o.Push)
				if i%2 == round%2 {
					c.pop(popNewest, o.Pop)
				}
			}
			for range 5 {
				c.pop(popNewest, o.Pop)
			}
		}
		thief := func(c *client) {
			for range 3 {
				c.steal(th.Steal)
				c.empty(th.Empty)
			}
		}
		run(t, newClients(3), owner, thief, thief)
	}
}

func TestRingLinear(t *testing.T) {
	for round := range histories {
		o, th := worksteal.NewRingAt[int](nearWrap[round%len(nearWrap)])
		owner := func(c *client) {
			for i := range 8 {
				c.push(i, o.Push)
				if i%3 == round%3 {
					c.pop(popOldest, o.Pop)
				}
			}
			for range 4 {
				c.pop(popOldest, o.Pop)
			}
		}
		thief := func(c *client) {
			dst, _ := worksteal.NewRing[int]()
			for i := range 3 {
				c.half(1+(round+i)%4, th, dst)
				c.steal(th.Steal)
			}
			c.empty(th.Empty)
		}
		run(t, newClients(3), owner, thief, thief)
	}
}

func TestInjectorLinear(t *testing.T) {
	for round := range histories {
		q := worksteal.NewInjector[int]()
		for range round % worksteal.SegmentSlots { // begin anywhere in a segment
			q.Push(new(int))
			q.Pop()
		}
		producer := func(c *client) {
			for i := range 4 {
				c.push(10*c.id+i, q.Push)
			}
			c.pop(popOldest, q.Pop)
		}
		consumer := func(c *client) {
			for range 5 {
				c.pop(popOldest, q.Pop)
				if q.Empty() { // false is possible while a Push is on its way
					c.pop(popOldest, q.Pop)
				}
			}
		}
		run(t, newClients(4), producer, producer, consumer, consumer)
	}
}

// TestInjectorLinearEmpty: Empty may be false too long, never true too early.
func TestInjectorLinearEmpty(t *testing.T) {
	for range histories {
		q := worksteal.NewInjector[int]()
		pusher := func(c *client) {
			c.push(1, q.Push)
			c.push(2, q.Push)
			c.pop(popOldest, q.Pop)
		}
		looker := func(c *client) {
			for range 4 {
				c.do(call{isEmpty, 0}, func() ([]int, bool) { return []int{1}, q.Empty() })
			}
		}
		run(t, newClients(3), pusher, pusher, looker)
	}
}
