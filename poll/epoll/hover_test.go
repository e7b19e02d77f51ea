package epoll

import (
	"testing"
	"time"
)

func TestPatiencePaysOrEnds(t *testing.T) {
	x := &patience{}
	hovered := func(came bool, waits int) (n int) {
		for range waits {
			if x.worth(-1) {
				n++
				x.paid(came)
			}
		}
		return n
	}
	if n := hovered(false, 10*probeEvery); n != 10 {
		t.Errorf("%d probes in %d waits of which none paid", n, 10*probeEvery)
	}
	hovered(true, probeEvery)
	if n := hovered(true, 100); n != 100 {
		t.Errorf("hovers before %d of 100 waits though it pays", n)
	}
	if n := hovered(false, probeEvery-1); n > mostCredit+1 {
		t.Errorf("hovers %d times after it has ceased to pay", n)
	}
	x.credit = mostCredit
	if x.worth(0) || x.worth(hoverTime) {
		t.Error("hovers though there is no time")
	}
	if !x.worth(time.Second) {
		t.Error("does not hover before a long wait")
	}
	if (*patience)(nil).worth(-1) {
		t.Error("hovers without any patience")
	}
}

// Hovering ends at an event, at a wake, and when its time is over; then the poller
// blocks as ever.
func TestHover(t *testing.T) {
	p, k := withFake(t)
	now := time.Unix(0, 0)
	asked := 0
	p.patience = &patience{credit: mostCredit, now: func() time.Time { asked++; now = now.Add(time.Microsecond); return now }}
	d := registered(t, p, 3)
	defer closeOf(p, d)
	if !p.acquire() {
		t.Fatal("the role is not free")
	}
	defer p.release()
	idle(t, d, In)
	subscribe := func() {
		ticket, _ := d.Begin(In)
		d.Drained(In, ticket)
		if _, ok := d.Subscribe(In, func() {}); !ok {
			t.Fatal("not idle")
		}
	}

	subscribe()
	k().send(event{data: d.data(), in: true})
	if n := p.wait(-1, nil); n != 1 || asked > 2 {
		t.Errorf("%d woken, the clock was asked %d times", n, asked)
	}
	p.wake()
	asked = 0
	if n := p.wait(-1, nil); n != 0 || asked != 1 {
		t.Errorf("%d woken by a wake, the clock was asked %d times", n, asked)
	}
	// Nothing comes: it hovers for its time, then waits in the kernel until the wake.
	subscribe()
	done := make(chan int)
	go func() { done <- p.wait(-1, nil) }()
	for p.sleep.Load() != asleep { // it has given up hovering
		time.Sleep(0) // sleep: lets others run, for no time
	}
	k().send(event{data: d.data(), in: true})
	if n := <-done; n != 1 {
		t.Errorf("%d woken", n)
	}
	if p.patience.credit != mostCredit-1 {
		t.Errorf("credit %d", p.patience.credit)
	}
}
