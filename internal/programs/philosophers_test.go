package programs_test

import (
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A table has seats, a fork between each two, and a way to get two forks.
type table struct {
	seats  int
	taken  []atomic.Int32 // how many hold a fork: at most one
	pickUp func(left, right int)
	put    func(left, right int)
}

// dine lets everybody eat so many times.
func (tb *table) dine(t *testing.T, meals int) {
	tb.taken = make([]atomic.Int32, tb.seats)
	var all cml.WaitGroup
	for i := range tb.seats {
		all.Add(1)
		fibers.Go(func() {
			defer all.Done()
			left, right := i, (i+1)%tb.seats
			for range meals {
				tb.pickUp(left, right)
				if tb.taken[left].Inc() != 1 || tb.taken[right].Inc() != 1 {
					t.Error("a fork is in two hands")
				}
				fibers.Yield() // eats
				tb.taken[left].Dec()
				tb.taken[right].Dec()
				tb.put(left, right)
			}
		})
	}
	all.Wait()
}

// Dining philosophers, with as many ways not to starve as there are objects.
func TestPhilosophers(t *testing.T) {
	const seats = 5
	type fork = *cml.MVar[unit]
	forks := func() (fs []fork) {
		for range seats {
			f := cml.NewMVar[unit]()
			f.Put(unit{})
			fs = append(fs, f)
		}
		return fs
	}
	for name, newTable := range map[string]func() *table{
		// The lower fork first.
		"order": func() *table {
			fs := forks()
			return &table{
				pickUp: func(l, r int) { fs[min(l, r)].Take(); fs[max(l, r)].Take() },
				put:    func(l, r int) { fs[l].Put(unit{}); fs[r].Put(unit{}) },
			}
		},
		// One chair fewer than there are philosophers.
		"chairs": func() *table {
			fs, chairs := forks(), cml.NewSemaphore(seats-1)
			return &table{
				pickUp: func(l, r int) { chairs.Acquire(1); fs[l].Take(); fs[r].Take() },
				put:    func(l, r int) { fs[l].Put(unit{}); fs[r].Put(unit{}); chairs.Release(1) },
			}
		},
		// Whichever fork is free; and if the other is not, the first goes back.
		"choice": func() *table {
			fs := forks()
			return &table{
				pickUp: func(l, r int) {
					for {
						other := cml.Perform(cml.Choice(
							cml.Wrap(fs[l].TakeOp(), func(unit) int { return r }),
							cml.Wrap(fs[r].TakeOp(), func(unit) int { return l }),
						))
						if _, ok := cml.Poll(fs[other].TakeOp()); ok {
							return
						}
						fs[l+r-other].Put(unit{})
						fibers.Yield()
					}
				},
				put: func(l, r int) { fs[l].Put(unit{}); fs[r].Put(unit{}) },
			}
		},
		// The waiter hands out both at once, to those who ask, when he can.
		"waiter": func() *table {
			asks, back, both := cml.NewChan[[2]int](), cml.NewChan[[2]int](), make([]*cml.Chan[unit], seats)
			for i := range both {
				both[i] = cml.NewChan[unit]()
			}
			fibers.Go(func() {
				var out [seats]bool
				var waiting [][2]int
				for {
					cml.Select(
						cml.On(asks.GetOp(), func(f [2]int) { waiting = append(waiting, f) }),
						cml.On(back.GetOp(), func(f [2]int) { out[f[0]], out[f[1]] = false, false }),
					)
					still := waiting[:0]
					for _, f := range waiting {
						if out[f[0]] || out[f[1]] {
							still = append(still, f)
							continue
						}
						out[f[0]], out[f[1]] = true, true
						both[f[0]].Put(unit{})
					}
					waiting = still
				}
			})
			return &table{
				pickUp: func(l, r int) { asks.Put([2]int{l, r}); both[l].Get() },
				put:    func(l, r int) { back.Put([2]int{l, r}) },
			}
		},
	} {
		t.Run("by="+name, func(t *testing.T) {
			endless(t, func(t *testing.T) {
				tb := newTable()
				tb.seats = seats
				tb.dine(t, size(t, 2000, 200))
			})
		})
	}
}
