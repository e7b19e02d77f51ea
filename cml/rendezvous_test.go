package cml_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// mixed runs parties, every other one as a fiber and the rest as goroutines, and waits for
// them.
func mixed(t *testing.T, parties ...func()) {
	t.Helper()
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var wg sync.WaitGroup
	for i, f := range parties {
		wg.Add(1)
		party := func() { defer wg.Done(); f() }
		if i%2 == 0 {
			rt.Go(party)
		} else {
			go party()
		}
	}
	wg.Wait()
}

// Each value whose put reports nil has been received once, and no other has; whether the
// parties wait for one thing or for several, and lose some.
func TestRendezvousStress(t *testing.T) {
	const each, putters, getters = 1500, 4, 4
	for _, closing := range []bool{false, true} {
		q := cml.NewRendezvous[int]()
		other := cml.NewRendezvous[int]()
		sent, got := make([]atomic.Bool, each*putters), make([]atomic.Int32, each*putters)
		var left atomic.Int32
		left.Store(putters)
		var parties []func()
		reason := errors.New("enough")
		for p := range putters {
			parties = append(parties, func() {
				defer func() {
					if left.Dec() == 0 {
						q.Close(reason)
					}
				}()
				for i := range each {
					v := p*each + i
					switch (i + p) % 4 {
					case 0:
						if err := q.Put(v); err == nil {
							sent[v].Store(true)
						} else if err != reason {
							t.Error(err)
						}
					case 1:
						sent[v].Store(q.TryPut(v))
					case 2:
						err, ok := fibers.PerformTimeout(q.PutOp(v), time.Duration(i%50)*time.Microsecond)
						sent[v].Store(ok && err == nil)
					case 3: // an arm of its own on both sides, which never meets itself
						n := cml.Perform(cml.Choice(
							cml.Wrap(q.PutOp(v), func(err error) int {
								sent[v].Store(err == nil)
								return -1
							}),
							cml.Wrap(q.GetOp(), func(it cml.Item[int]) int {
								if it.Err != nil {
									return -1
								}
								return it.Value
							}),
							cml.Wrap(other.GetOp(), func(cml.Item[int]) int { return -1 }),
						))
						if n >= 0 {
							got[n].Inc()
						}
					}
					if closing && i == each/2 && p == 0 {
						q.Close(reason)
					}
				}
			})
		}
		for g := range getters {
			parties = append(parties, func() {
				for i := 0; ; i++ {
					var values []int
					var err error
					switch (i + g) % 4 {
					case 0:
						var v int
						if v, err = q.Get(); err == nil {
							values = append(values, v)
						}
					case 1:
						if v, ok := q.TryGet(); ok {
							values = append(values, v)
						}
					case 2:
						if it, ok := fibers.PerformTimeout(q.GetOp(), time.Duration(i%50)*time.Microsecond); ok && it.Err == nil {
							values = append(values, it.Value)
						}
					case 3:
						values, err = q.GetMany(3)
					}
					for _, v := range values {
						got[v].Inc()
					}
					if err != nil {
						if err != reason {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		within(t, "the parties", func() { mixed(t, parties...) })
		for v := range got {
			want := int32(0)
			if sent[v].Load() {
				want = 1
			}
			if n := got[v].Load(); n != want {
				t.Fatalf("closing %v: value %d, sent %v, was received %d times", closing, v, want == 1, n)
			}
		}
		if q.Len() != 0 || q.Cap() != 0 {
			t.Errorf("a rendezvous with %d of %d values", q.Len(), q.Cap())
		}
	}
}

// At a rendezvous neither side goes on before the other has come.
func TestRendezvousMeets(t *testing.T) {
	q := cml.NewRendezvous[int]()
	if q.TryPut(1) {
		t.Error("a put with nobody there")
	}
	if _, ok := q.TryGet(); ok {
		t.Error("a get with nobody there")
	}
	if _, ok := cml.Poll(q.PutOp(1)); ok {
		t.Error("a PutOp is ready with nobody there")
	}
	put := make(chan error)
	go func() { put <- q.Put(7) }()
	if v, err := q.Get(); v != 7 || err != nil {
		t.Error(v, err)
	}
	if err := <-put; err != nil {
		t.Error(err)
	}
	go func() { put <- q.Put(8) }()
	time.Sleep(time.Millisecond) // sleep: so that the put waits, most often
	q.Close(nil)
	if err := <-put; err != cml.ErrClosed {
		t.Error("a put that waited at the close: ", err)
	}
	if _, err := q.Get(); err != cml.ErrClosed {
		t.Error(err)
	}
}

// What a sliding queue has dropped and what was got from it are together what was put, each
// once, and of each putter in order; nobody waits to put.
func TestSlidingStress(t *testing.T) {
	const each, putters = 3000, 3
	for _, room := range []int{1, 7} {
		q := cml.NewSliding[int](room)
		var got atomic.Int64
		var left atomic.Int32
		left.Store(putters)
		seen := make([]atomic.Bool, each*putters)
		var parties []func()
		for p := range putters {
			parties = append(parties, func() {
				for i := range each {
					if !q.TryPut(p*each + i) {
						t.Error("a sliding queue is full")
					}
					if i%100 == 0 {
						fibers.Yield()
					}
				}
				if left.Dec() == 0 {
					q.Close(nil)
				}
			})
		}
		parties = append(parties, func() {
			last := [putters]int{-1, -1, -1}
			for {
				b := cml.Perform(q.GetManyOp(room + 1))
				if b.Err != nil {
					return
				}
				if len(b.Values) == 0 || len(b.Values) > room+1 {
					t.Errorf("a batch of %d", len(b.Values))
				}
				for _, v := range b.Values {
					got.Inc()
					if seen[v].Swap(true) || v%each <= last[v/each] {
						t.Errorf("%d after %d", v, last[v/each])
					}
					last[v/each] = v % each
				}
			}
		})
		within(t, "the parties", func() { mixed(t, parties...) })
		if n := uint64(got.Load()) + q.Dropped(); n != each*putters {
			t.Errorf("room for %d: %d values got and %d dropped of %d", room, got.Load(), q.Dropped(), each*putters)
		}
	}
}

func TestQueueCap(t *testing.T) {
	for _, c := range []struct {
		q    *cml.Queue[int]
		want int
	}{{cml.NewQueue[int](0), -1}, {cml.NewQueue[int](3), 3}, {cml.NewSliding[int](2), 2}, {cml.NewRendezvous[int](), 0}} {
		if got := c.q.Cap(); got != c.want {
			t.Errorf("Cap is %d, not %d", got, c.want)
		}
	}
}
