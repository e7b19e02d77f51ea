package worksteal_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/worksteal"
)

// In the stress tests every element is delivered to somebody exactly once.
// Bursts make the buffers grow, the owner's finding it empty makes them shrink.

const elements = 50_000

// item is an element that counts its deliveries.
type item struct {
	n     int
	taken atomic.Int32
}

func items() []item {
	xs := make([]item, elements)
	for i := range xs {
		xs[i].n = i
	}
	return xs
}

func exactlyOnce(t *testing.T, xs []item) {
	t.Helper()
	for i := range xs {
		if n := xs[i].taken.Load(); n != 1 {
			t.Fatalf("element %d was delivered %d times", i, n)
		}
	}
}

// thieves is the number of goroutines that steal: more than there are cores,
// so that some are suspended at every place.
func thieves() int { return runtime.GOMAXPROCS(0) + 1 }

// again repeats f for about a second.
func again(t *testing.T, f func(t *testing.T)) {
	for began := time.Now(); !t.Failed(); {
		f(t)
		if time.Since(began) > time.Second {
			return
		}
	}
}

// burst returns how many elements come next: mostly few.
func burst() int {
	if rand.IntN(50) == 0 {
		return rand.IntN(3000)
	}
	return rand.IntN(4)
}

func TestDequeStress(t *testing.T) { again(t, dequeStress) }

func dequeStress(t *testing.T) {
	var (
		xs    = items()
		o, th = worksteal.NewAt[item](1<<64 - 1000)
		done  atomic.Bool
		wg    sync.WaitGroup
	)
	for range thieves() {
		wg.Go(func() {
			last := -1
			for !done.Load() || !th.Empty() {
				x, out := th.Steal()
				if out != worksteal.Got {
					runtime.Gosched()
					continue
				}
				x.taken.Inc()
				// What one thief gets was pushed in that order.
				if x.n <= last {
					t.Errorf("stole %d after %d", x.n, last)
				}
				last = x.n
			}
		})
	}
	wg.Go(func() { // somebody who only looks
		for !done.Load() {
			last := -1
			th.Each(func(x *item) bool { last = x.n; return x.n >= 0 })
			if n := th.Len(); n < 0 || n > elements || last >= elements {
				t.Errorf("Len %d, Each up to %d", n, last)
			}
			runtime.Gosched()
		}
	})
	for i := 0; i < len(xs); {
		for range min(burst(), len(xs)-i) {
			o.Push(&xs[i])
			i++
		}
		for range burst() {
			x := o.Pop()
			if x == nil {
				break
			}
			x.taken.Inc()
		}
	}
	for x := o.Pop(); x != nil; x = o.Pop() {
		x.taken.Inc()
	}
	done.Store(true)
	wg.Wait()
	exactlyOnce(t, xs)
	o.Check()
	for range 2 {
		if o.Pop() != nil {
			t.Error("one more element")
		}
	}
	if o.Cap() != worksteal.InitialSlots {
		t.Errorf("at the end: capacity %d", o.Cap())
	}
}

// TestDequeLastStress has owner and thieves meet at the last element all the
// time.
func TestDequeLastStress(t *testing.T) { again(t, dequeLastStress) }

func dequeLastStress(t *testing.T) {
	var (
		xs    = items()
		o, th = worksteal.NewAt[item](1<<64 - 1000)
		done  atomic.Bool
		wg    sync.WaitGroup
	)
	for range thieves() {
		wg.Go(func() {
			for !done.Load() {
				if x, out := th.Steal(); out == worksteal.Got {
					x.taken.Inc()
				}
			}
		})
	}
	for i := range xs {
		o.Push(&xs[i])
		if x := o.Pop(); x != nil {
			x.taken.Inc()
		}
		if o.Len() != 0 {
			t.Fatal("both failed")
		}
	}
	done.Store(true)
	wg.Wait()
	exactlyOnce(t, xs)
}

// TestRingStress has rings that steal from one another and pass elements round.
func TestRingStress(t *testing.T) { again(t, ringStress) }

func ringStress(t *testing.T) {
	var (
		xs   = items()
		n    = thieves()
		o    = make([]*worksteal.RingOwner[item], n)
		th   = make([]*worksteal.RingThief[item], n)
		left = atomic.NewInt64(elements)
		wg   sync.WaitGroup
	)
	for i := range n {
		o[i], th[i] = worksteal.NewRingAt[item](1<<64 - 1000)
	}
	take := func(x *item) {
		if x != nil {
			x.taken.Inc()
			left.Dec()
		}
	}
	for w := range n {
		wg.Go(func() {
			own, next := o[w], 0
			if w == 0 { // the first has them all
				next = len(xs)
			}
			for left.Load() > 0 {
				for range min(burst(), next) {
					next--
					own.Push(&xs[next])
				}
				for range burst() {
					take(own.Pop())
				}
				victim := th[(w+1+rand.IntN(n-1))%n]
				if rand.IntN(2) == 0 {
					x, _ := victim.Steal()
					take(x)
				} else {
					x, _, _ := victim.StealHalf(own, 1+burst())
					take(x)
				}
				if own.Len() == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	exactlyOnce(t, xs)
	for i := range n {
		o[i].Check()
		if o[i].Pop() != nil || !th[i].Empty() {
			t.Error("one more element")
		}
	}
}

// TestRingOrderStress: whoever takes from a ring gets what it gets in order.
func TestRingOrderStress(t *testing.T) { again(t, ringOrderStress) }

func ringOrderStress(t *testing.T) {
	var (
		xs    = items()
		o, th = worksteal.NewRingAt[item](1<<64 - 1000)
		done  atomic.Bool
		wg    sync.WaitGroup
	)
	for range thieves() {
		wg.Go(func() {
			dst, _ := worksteal.NewRing[item]()
			last := -1
			take := func(x *item) {
				x.taken.Inc()
				if x.n <= last {
					t.Errorf("%d came after %d", x.n, last)
				}
				last = x.n
			}
			for !done.Load() || !th.Empty() {
				first, moved, out := th.StealHalf(dst, 1+burst())
				if out != worksteal.Got {
					runtime.Gosched()
					continue
				}
				take(first)
				for range moved {
					take(dst.Pop())
				}
			}
		})
	}
	for i := 0; i < len(xs); {
		for range min(burst(), len(xs)-i) {
			o.Push(&xs[i])
			i++
		}
		for range rand.IntN(3) {
			if x := o.Pop(); x != nil {
				x.taken.Inc()
			}
		}
	}
	done.Store(true)
	wg.Wait()
	for x := o.Pop(); x != nil; x = o.Pop() {
		x.taken.Inc()
	}
	exactlyOnce(t, xs)
}

func TestInjectorStress(t *testing.T) { again(t, injectorStress) }

func injectorStress(t *testing.T) {
	const producers = 3
	var (
		xs   = items()
		q    = worksteal.NewInjectorAt[item](1<<64 - 100)
		left = atomic.NewInt64(elements)
		wg   sync.WaitGroup
	)
	for p := range producers {
		wg.Go(func() {
			var batch []*item
			for i := p; i < len(xs); i += producers {
				batch = append(batch, &xs[i])
				if rand.IntN(3) > 0 && i+producers < len(xs) {
					continue
				}
				if len(batch) == 1 {
					q.Push(batch[0])
				} else {
					q.PushAll(batch)
				}
				batch = batch[:0]
			}
		})
	}
	for range thieves() {
		wg.Go(func() {
			last := [producers]int{-1, -1, -1}
			for left.Load() > 0 {
				x := q.Pop()
				if x == nil {
					runtime.Gosched()
					continue
				}
				x.taken.Inc()
				left.Dec()
				// What one producer pushed comes in that order.
				if p := x.n % producers; x.n <= last[p] {
					t.Errorf("%d came after %d", x.n, last[p])
				} else {
					last[p] = x.n
				}
			}
		})
	}
	wg.Wait()
	exactlyOnce(t, xs)
	if q.Pop() != nil || !q.Empty() || q.Len() != 0 {
		t.Error("one more element")
	}
}

// TestInjectorEmptyStress: a goroutine that has pushed and is the only one to
// pop never finds the injector empty, whatever others push.
func TestInjectorEmptyStress(t *testing.T) { again(t, injectorEmptyStress) }

func injectorEmptyStress(t *testing.T) {
	var (
		q    = worksteal.NewInjector[int]()
		done atomic.Bool
		wg   sync.WaitGroup
		x    = new(int)
	)
	wg.Go(func() {
		for !done.Load() {
			q.Push(x)
		}
	})
	for range elements / 4 {
		q.Push(x)
		if q.Empty() {
			t.Fatal("Empty after Push")
		}
		if q.Pop() == nil {
			t.Fatal("Pop found nothing after Push")
		}
	}
	done.Store(true)
	wg.Wait()
}
