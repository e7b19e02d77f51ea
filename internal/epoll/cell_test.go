package epoll

import (
	"sync"
	"testing"

	"go.uber.org/atomic"
)

func TestStatesOfADirection(t *testing.T) {
	p, k := withFake(t)
	d := registered(t, p, 3)
	defer closeOf(p, d)
	if state(d, In) != Ready || state(d, Out) != Ready {
		t.Fatal("not ready at first, so nobody would try")
	}
	idle(t, d, In)
	if state(d, Out) != Ready {
		t.Error("one direction drained the other")
	}
	k().send(event{data: d.data(), in: true})
	p.poll()
	if state(d, In) != Ready {
		t.Error("an event does not make it ready")
	}

	// An event between Begin and Drained defeats the latter.
	ticket, _ := d.Begin(In)
	k().send(event{data: d.data(), in: true})
	p.poll()
	d.Drained(In, ticket)
	if state(d, In) != Ready {
		t.Error("Drained lost an event that came after Begin")
	}

	d.Expire(In).Wake()
	if state(d, In) != Expired {
		t.Error("not expired")
	}
	d.Renew(In)
	if state(d, In) != Ready {
		t.Error("Renew lost readiness")
	}
}

func TestShortReadDrainsOnlyWhileNothingElseIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		event event
		want  State
	}{
		"data":        {event{in: true}, Idle},
		"hang-up":     {event{in: true, hangup: true}, Ready},
		"urgent data": {event{in: true, urgent: true}, Ready},
	} {
		t.Run(name, func(t *testing.T) {
			p, k := withFake(t)
			d := registered(t, p, 3)
			defer closeOf(p, d)
			c.event.data = d.data()
			k().send(c.event)
			p.poll()
			ticket, _ := d.Begin(In)
			d.Short(In, ticket)
			if got := state(d, In); got != c.want {
				t.Errorf("after a short read it is %v, should be %v", got, c.want)
			}
			// An attempt that really found nothing is another matter: no spinning.
			ticket, _ = d.Begin(In)
			d.Drained(In, ticket)
			if got := state(d, In); got != Idle {
				t.Errorf("drained, and %v", got)
			}
		})
	}
}

func TestCloseAndExpireWakeEveryWaiter(t *testing.T) {
	for name, end := range map[string]func(*poller, *Desc){
		"close":  func(p *poller, d *Desc) { closeOf(p, d) },
		"expire": func(p *poller, d *Desc) { d.Expire(In).Wake(); d.Expire(Out).Wake() },
		"event": func(_ *poller, d *Desc) {
			d.deliver(event{in: true, out: true}, nil)
		},
		"signal": func(_ *poller, d *Desc) { d.Signal(In); d.Signal(Out) },
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := withFake(t)
			d := registered(t, p, 3)
			idle(t, d, In)
			idle(t, d, Out)
			var wg sync.WaitGroup
			var called atomic.Int32
			for _, dir := range []Direction{In, Out} {
				for range 3 {
					wg.Go(func() {
						for state(d, dir) == Idle {
							d.Wait(dir)
						}
					})
					if _, ok := d.Subscribe(dir, func() { called.Inc() }); !ok {
						t.Error("not idle")
					}
				}
			}
			end(p, d)
			wg.Wait()
			if called.Load() != 6 {
				t.Errorf("%d of 6 calls made", called.Load())
			}
			if _, ok := d.Subscribe(In, func() {}); ok {
				t.Error("subscribed to what is not idle")
			}
			if state(d, In) != Closed {
				closeOf(p, d)
			}
		})
	}
}

func TestCancelledSubscriptionLeavesNothing(t *testing.T) {
	p, k := withFake(t)
	d := registered(t, p, 3)
	defer closeOf(p, d)
	idle(t, d, In)
	for range 1000 {
		cancel, ok := d.Subscribe(In, func() { t.Error("called") })
		if !ok {
			t.Fatal("not idle")
		}
		cancel()
		cancel()
	}
	if c := &d.cells[In]; c.first != nil || c.last != nil || c.word.Load()&bitWaiting != 0 {
		t.Error("something is left in the queue")
	}
	k().send(event{data: d.data(), in: true})
	if n := p.poll(); n != 0 {
		t.Errorf("%d woken", n)
	}
}

// Many wait for both directions while events, deadlines and cancellations come as
// they like: nobody is left waiting.
func TestCellStress(t *testing.T) {
	p, k := withFake(t)
	d := registered(t, p, 3)
	const waiters, rounds = 4, 2000
	var tokens [2]atomic.Int32 // what there is to read
	var wg, sources sync.WaitGroup
	var stop atomic.Bool
	for _, dir := range []Direction{In, Out} {
		for range waiters {
			wg.Go(func() {
				for got := 0; got < rounds; {
					ticket, s := d.Begin(dir)
					if s == Expired {
						d.Renew(dir)
						continue
					}
					if s == Ready {
						if n := tokens[dir].Load(); n == 0 {
							d.Drained(dir, ticket)
						} else if tokens[dir].CompareAndSwap(n, n-1) {
							got++
						}
						continue
					}
					d.Wait(dir)
				}
			})
		}
		wg.Go(func() { // the peer
			for range waiters * rounds {
				tokens[dir].Inc()
				k().send(event{data: d.data(), in: dir == In, out: dir == Out})
			}
		})
		sources.Go(func() {
			for !stop.Load() {
				if cancel, ok := d.Subscribe(dir, func() {}); ok {
					cancel()
				}
				d.Expire(dir).Wake()
			}
		})
	}
	sources.Go(func() {
		for !stop.Load() {
			p.look(nil)
		}
	})
	wg.Wait()
	stop.Store(true)
	sources.Wait()
	closeOf(p, d)
}
