package cml_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

var policies = []cml.LagPolicy{cml.DropOldest, cml.DropReader, cml.WaitForReader}

// A modelPort is a port of the plain model: a list of what it will get.
type modelPort struct {
	values         []int
	missed, lost   uint64 // lost: since the last get
	closed, lagged bool
}

// One after the other, everything is as in a model that keeps a list for each port.
func TestBoundedMulticastModel(t *testing.T) {
	for _, lag := range policies {
		for _, room := range []int{1, 2, 3, 8, 9, 20} {
			for seed := range uint64(short(60)) {
				if err := boundedModel(lag, room, rand.New(rand.NewPCG(seed, uint64(room)))); err != nil {
					t.Fatalf("policy %d, room for %d, seed %d: %v", lag, room, seed, err)
				}
			}
		}
	}
}

func boundedModel(lag cml.LagPolicy, room int, rnd *rand.Rand) error {
	m := cml.NewBoundedMulticast[int](room, lag)
	var ports []*cml.BoundedPort[int]
	var model []*modelPort
	var reason error
	add := func(p *cml.BoundedPort[int], of modelPort) {
		ports, model = append(ports, p), append(model, &of)
	}
	for v := range 400 {
		i := 0
		if len(ports) > 0 {
			i = rnd.IntN(len(ports))
		}
		switch n := rnd.IntN(40); {
		case n < 16:
			full := false
			for _, p := range model {
				full = full || !p.closed && !p.lagged && len(p.values) == room
			}
			err, ok := cml.Poll(m.PublishOp(v))
			if blocked := reason == nil && full && lag == cml.WaitForReader; ok == blocked || ok && err != reason {
				return fmt.Errorf("publishing: %v %v, blocked %v, closed %v", err, ok, blocked, reason)
			}
			for _, p := range model {
				switch {
				case !ok || reason != nil || p.closed || p.lagged:
					continue
				case len(p.values) < room:
				case lag == cml.DropReader:
					p.lagged, p.values = true, nil
					continue
				default:
					p.values = p.values[1:]
					p.lost++
				}
				p.values = append(p.values, v)
			}
		case n < 18:
			add(m.Subscribe(), modelPort{})
		case len(ports) == 0:
		case n < 34:
			p := model[i]
			want, ready := cml.Item[int]{}, true
			switch {
			case p.closed:
				want.Err = cml.ErrClosed
			case p.lagged:
				want.Err = cml.ErrLagged
			case len(p.values) > 0:
				want.Value, p.values = p.values[0], p.values[1:]
				p.missed, p.lost = p.missed+p.lost, 0
			case reason != nil:
				want.Err = reason
			default:
				ready = false
			}
			if it, ok := cml.Poll(ports[i].GetOp()); ok != ready || it != want {
				return fmt.Errorf("a get: %v %v, want %v %v", it, ok, want, ready)
			}
		case n < 36:
			p := *model[i]
			p.values, p.missed = append([]int(nil), p.values...), 0
			add(ports[i].Copy(), p)
		case n < 38:
			ports[i].Close()
			model[i].closed, model[i].values = true, nil
		case n == 39 && reason == nil && rnd.IntN(8) == 0:
			reason = errors.New("enough")
			m.Close(reason)
			m.Close(nil)
		}
		for i, p := range model {
			if n := ports[i].Len(); n != len(p.values) {
				return fmt.Errorf("step %d: port %d has %d values, want %v", v, i, n, p.values)
			}
			if n := ports[i].Missed(); n != p.missed {
				return fmt.Errorf("step %d: port %d has missed %d values, want %d", v, i, n, p.missed)
			}
		}
	}
	return nil
}

// Fibers and goroutines publish, get, lose, subscribe, copy and close, all at once: every port gets
// what is published in one order, none twice; what it lacks it says it has missed, and with
// WaitForReader it lacks nothing.
func TestBoundedMulticastStress(t *testing.T) {
	for _, lag := range policies {
		for _, room := range []int{1, 5} {
			t.Run(fmt.Sprintf("policy=%d/room=%d", lag, room), func(t *testing.T) {
				within(t, "the parties", func() { boundedStress(t, lag, room) })
			})
		}
	}
}

func boundedStress(t *testing.T, lag cml.LagPolicy, room int) {
	const publishers, readers = 3, 4
	each := short(3000)
	m := cml.NewBoundedMulticast[int](room, lag)
	var left atomic.Int32
	left.Store(publishers)
	reason := errors.New("all is said")
	var parties []func()
	for p := range publishers {
		parties = append(parties, func() {
			for i := range each {
				v := p*each + i
				for err, ok := error(nil), false; !ok; { // until it is published
					switch i % 3 {
					case 0:
						err, ok = m.Publish(v), true
					case 1:
						err, ok = fibers.PerformTimeout(m.PublishOp(v), time.Duration(i%40)*time.Microsecond)
					default:
						ok = cml.Perform(cml.Choice(
							cml.Wrap(m.PublishOp(v), func(e error) bool { err = e; return true }),
							cml.Wrap(fibers.After(20*time.Microsecond), func(time.Time) bool { return false })))
					}
					if err != nil {
						t.Error(err)
					}
				}
			}
			if left.Dec() == 0 {
				m.Close(reason)
			}
		})
	}
	// The first reader is there from the beginning; it must see all that is not missed.
	read := func(p *cml.BoundedPort[int], r int, whole bool) {
		last := [publishers]int{-1, -1, -1}
		n := uint64(0)
		for i := 0; ; i++ {
			var it cml.Item[int]
			switch ok := true; (i + r) % 3 {
			case 0:
				it.Value, it.Err = p.Get()
			case 1:
				if it, ok = fibers.PerformTimeout(p.GetOp(), time.Duration(i%30)*time.Microsecond); !ok {
					continue
				}
			default:
				if it, ok = cml.Poll(p.GetOp()); !ok {
					yield()
					continue
				}
			}
			if it.Err != nil {
				if it.Err != reason && !(lag == cml.DropReader && it.Err == cml.ErrLagged) {
					t.Errorf("a reader was told: %v", it.Err)
				}
				if it.Err == reason && whole && n+p.Missed() != uint64(publishers*each) {
					t.Errorf("%d values and %d missed, of %d", n, p.Missed(), publishers*each)
				}
				if lag != cml.DropOldest && p.Missed() != 0 {
					t.Errorf("missed %d", p.Missed())
				}
				return
			}
			n++
			by, v := it.Value/each, it.Value%each
			if v <= last[by] {
				t.Errorf("%d after %d", v, last[by])
			}
			if lag == cml.WaitForReader && whole && v != last[by]+1 {
				t.Errorf("%d after %d, and nothing may be missed", v, last[by])
			}
			last[by] = v
			if i%200 == r { // others that come and go
				c := p.Copy()
				cml.Poll(c.GetOp())
				c.Close()
				if _, err := c.Get(); err != cml.ErrClosed {
					t.Error(err)
				}
				c = m.Subscribe()
				cml.Poll(cml.Choice(c.GetOp(), cml.Never[cml.Item[int]]()))
				c.Close()
			}
		}
	}
	for r := range readers {
		p := m.Subscribe()
		parties = append(parties, func() { read(p, r, true) })
	}
	mixed(t, parties...)
}

// Who waits at a port that is closed, or to publish for one, goes on.
func TestBoundedPortClosedMeanwhile(t *testing.T) {
	for range short(300) {
		m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
		slow, idle := m.Subscribe(), m.Subscribe()
		var sent atomic.Int32
		within(t, "the parties", func() {
			mixed(t,
				func() {
					for v := range 3 {
						if err := m.Publish(v); err == nil {
							sent.Inc()
						}
					}
				},
				func() {
					for {
						if _, err := idle.Get(); err != nil {
							if err != cml.ErrClosed {
								t.Error(err)
							}
							return
						}
					}
				},
				func() { slow.Close(); slow.Close() },
				func() {
					for sent.Load() < 3 {
						yield()
					}
					idle.Close()
				},
			)
		})
		if sent.Load() != 3 {
			t.Fatalf("%d were published", sent.Load())
		}
	}
}

// Who waits when the whole is closed goes on, with the reason, once all is got.
func TestBoundedMulticastClosedMeanwhile(t *testing.T) {
	reason := errors.New("closed")
	for range short(300) {
		m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
		behind, current := m.Subscribe(), m.Subscribe()
		first := make(chan struct{})
		within(t, "the parties", func() {
			mixed(t,
				func() {
					if err := m.Publish(1); err != nil {
						t.Error(err)
					}
					close(first)
					if err := m.Publish(2); err != reason {
						t.Error("published: ", err)
					}
				},
				func() {
					if v, err := current.Get(); v != 1 || err != nil {
						t.Error(v, err)
					}
					if _, err := current.Get(); err != reason {
						t.Error(err)
					}
				},
				func() { <-first; m.Close(reason) },
			)
		})
		if v, err := behind.Get(); v != 1 || err != nil {
			t.Error(v, err)
		}
		if _, err := behind.Get(); err != reason {
			t.Error(err)
		}
		if _, err := m.Subscribe().Get(); err != reason {
			t.Error(err)
		}
	}
}

// A port never meets a publisher of its own choice, and what all are past is not kept.
func TestBoundedMulticastOfOneChoice(t *testing.T) {
	m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
	slow, p := m.Subscribe(), m.Subscribe()
	if err := m.Publish(1); err != nil {
		t.Fatal(err)
	}
	if v, err := p.Get(); v != 1 || err != nil {
		t.Fatal(v, err)
	}
	both := cml.Choice(cml.Wrap(m.PublishOp(2), func(error) int { return -1 }), cml.Wrap(p.GetOp(), func(it cml.Item[int]) int { return it.Value }))
	if v, ok := cml.Poll(both); ok {
		t.Fatal("a choice met itself: ", v)
	}
	got := make(chan int, 1)
	go func() { got <- cml.Perform(both) }()
	within(t, "room", func() {
		if v, err := slow.Get(); v != 1 || err != nil {
			t.Error(v, err)
		}
		if v := <-got; v != -1 {
			t.Error("the choice came to ", v)
		}
		for _, port := range []*cml.BoundedPort[int]{p, slow} {
			if v, err := port.Get(); v != 2 || err != nil {
				t.Error(v, err)
			}
		}
	})
}

// Values that every port is past, or which have been dropped, are not kept.
func TestBoundedMulticastKeepsNothing(t *testing.T) {
	for _, lag := range policies {
		m := cml.NewBoundedMulticast[[]byte](2, lag)
		p := m.Subscribe()
		before := heap()
		for range 50 {
			if err := m.Publish(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			if lag == cml.WaitForReader || lag == cml.DropReader {
				if _, err := p.Get(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if after := heap(); after > before+3<<20 {
			t.Errorf("policy %d keeps %d bytes", lag, after-before)
		}
		p.Close()
		if after := heap(); after > before+1<<20 {
			t.Errorf("policy %d keeps %d bytes that nobody will get", lag, after-before)
		}
	}
}

func TestBoundedMulticastMisuse(t *testing.T) {
	var m cml.BoundedMulticast[int]
	var p cml.BoundedPort[int]
	for _, f := range []func(){
		func() { cml.NewBoundedMulticast[int](0, cml.DropOldest) },
		func() { cml.NewBoundedMulticast[int](1, 0) },
		func() { m.Publish(1) },
		func() { m.PublishOp(1) },
		func() { m.Subscribe() },
		func() { m.Close(nil) },
		func() { p.Get() },
		func() { p.GetOp() },
		func() { p.Len() },
		func() { p.Missed() },
		func() { p.Copy() },
		p.Close,
	} {
		mustPanic(t, "cml: ", f)
	}
}
