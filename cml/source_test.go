package cml_test

import (
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A bell is a source: it rings for all who wait, with a number.
type bell struct {
	mu      sync.Mutex
	ready   bool
	waiting map[*cml.Registration[int]]bool
	places  int // registrations that had no place yet
}

func newBell() *bell { return &bell{waiting: make(map[*cml.Registration[int]]bool)} }

func (b *bell) Try() (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return 0, b.ready
}

func (b *bell) Block(r *cml.Registration[int]) {
	b.mu.Lock()
	if r.Place == nil {
		r.Place = b
		b.places++
	}
	b.waiting[r] = true
	b.mu.Unlock()
}

func (b *bell) Withdraw(r *cml.Registration[int]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	there := b.waiting[r]
	delete(b.waiting, r)
	return there
}

// ring returns for how many it rang.
func (b *bell) ring(n int) (served int) {
	b.mu.Lock()
	waiting := b.waiting
	b.waiting = make(map[*cml.Registration[int]]bool)
	b.mu.Unlock()
	for r := range waiting {
		if r.Commit(n) {
			served++
		}
	}
	return served
}

func (b *bell) waiters() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// A registration that lost serves the next performance, its place included.
func TestSourceIsUsedAgain(t *testing.T) {
	b := newBell()
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	err = rt.Run(func() {
		c := cml.NewBuffered[int](1)
		op := cml.Prefer(cml.FromSource[int](b), c.GetOp())
		gate := cml.NewChan[int]()
		fibers.Go(func() {
			for v := range 100 {
				for b.waiters() == 0 {
					fibers.Yield()
				}
				c.Put(v)
				gate.Get()
			}
		})
		for v := range 100 {
			if got := cml.Perform(op); got != v {
				t.Errorf("got %d, want %d", got, v)
			}
			if n := b.waiters(); n != 0 {
				t.Errorf("%d registrations are left behind", n)
			}
			gate.Put(0)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	// Each scheduler has its own, and on a busy machine a stand-in may have taken the place of the one
	// that there is.
	if most := 1 + int(rt.Stats().StandIns); b.places > most {
		t.Errorf("%d registrations were made for one performer on %d schedulers", b.places, most)
	}
}

func TestSourceIsReady(t *testing.T) {
	b := newBell()
	b.ready = true
	if _, ok := cml.Poll(cml.FromSource[int](b)); !ok {
		t.Error("a source that is ready was not chosen")
	}
}

// The bell rings while other arms become ready: every ring that claims to have
// served somebody did, and nobody else is served.
func TestSourceStress(t *testing.T) {
	const parties, rounds = 4, 2000
	b := newBell()
	c := cml.NewChan[int]()
	var served, rung, got atomic.Int64
	fibers.Run(func() {
		var wg cml.WaitGroup
		stop := cml.NewCond()
		for range 2 {
			fibers.Go(func() {
				for !stop.Signalled() {
					served.Add(int64(b.ring(1)))
					fibers.Yield()
				}
			})
			fibers.Go(func() {
				for !stop.Signalled() {
					if _, ok := cml.Poll(c.PutOp(2)); ok {
						got.Inc()
					}
					fibers.Yield()
				}
			})
		}
		wg.Add(parties)
		for range parties {
			fibers.Go(func() {
				defer wg.Done()
				op := cml.Choice(cml.FromSource[int](b), c.GetOp())
				for range rounds {
					switch cml.Perform(op) {
					case 1:
						rung.Inc()
					case 2:
						got.Dec()
					default:
						t.Error("a value that nobody gave")
					}
				}
			})
		}
		wg.Wait()
		stop.Signal()
	}, fibers.WithSchedulers(4), fibers.WithDrain())
	if served.Load() != rung.Load() {
		t.Errorf("the bell served %d, %d were served by it", served.Load(), rung.Load())
	}
	if got.Load() != 0 {
		t.Errorf("the channel is %d off", got.Load())
	}
	if n := b.waiters(); n != 0 {
		t.Errorf("%d registrations are left behind", n)
	}
}

func TestSourceMisuse(t *testing.T) {
	mustPanic(t, "cml: FromSource", func() { cml.FromSource[int](nil) })
	mustPanic(t, "cml: PerformUntil", func() { cml.PerformUntil(cml.Never[int](), cml.Op[int](nil)) })
	mustPanic(t, "cml: PerformUntil", func() { cml.PerformUntil(cml.Op[int](nil), cml.Never[int]()) })
}

// A Block that panics leaves no offer behind, in the other arms either.
func TestSourceThatPanics(t *testing.T) {
	c := cml.NewChan[int]()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of Block was lost")
			}
		}()
		cml.Perform(cml.Prefer(c.GetOp(), cml.FromSource[int](panics{})))
	}()
	if c.TryPut(1) {
		t.Error("an offer was left behind")
	}
}

type panics struct{}

func (panics) Try() (int, bool)                     { return 0, false }
func (panics) Block(*cml.Registration[int])         { panic("no") }
func (panics) Withdraw(*cml.Registration[int]) bool { return true }

func TestPerformUntil(t *testing.T) {
	for _, c := range []struct {
		name     string
		op, stop cml.Op[int]
		want     bool
	}{
		{"only op", cml.Always(1), cml.Never[int](), true},
		{"only stop", cml.Never[int](), cml.Always(2), false},
		{"both", cml.Always(1), cml.Always(2), true},
		{"guards", cml.Guard(func() cml.Op[int] { return cml.Never[int]() }), cml.Guard(func() cml.Op[int] { return cml.Always(2) }), false},
	} {
		v, s, ok := cml.PerformUntil(c.op, c.stop)
		if ok != c.want || ok && (v != 1 || s != 0) || !ok && (v != 0 || s != 2) {
			t.Errorf("%s: %v, %v, %v", c.name, v, s, ok)
		}
	}
}

// The nack of op fires if stop was chosen, and the other way round.
func TestPerformUntilNacks(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		var nacks [2]cml.Op[cml.Unit]
		var c [2]*cml.Chan[int]
		arm := func(i int) cml.Op[int] {
			c[i] = cml.NewChan[int]()
			return cml.WithNack(func(nack cml.Op[cml.Unit]) cml.Op[int] {
				nacks[i] = nack
				return c[i].GetOp()
			})
		}
		op, stop := arm(0), arm(1)
		chosen := 0
		if stopped {
			chosen = 1
		}
		go c[chosen].Put(7)
		v, s, ok := cml.PerformUntil(op, stop)
		if ok == stopped || v+s != 7 {
			t.Errorf("%v, %v, %v", v, s, ok)
		}
		for i, nack := range nacks {
			if _, fired := cml.Poll(nack); fired != (i != chosen) {
				t.Errorf("stopped %v: nack %d fired: %v", stopped, i, fired)
			}
		}
	}
}

// Waiting with a stop allocates nothing once the records are there.
func TestPerformUntilAllocates(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	c, back := cml.NewChan[int](), cml.NewChan[int]()
	fibers.Run(func() {
		fibers.Go(func() {
			for v := c.Get(); v >= 0; v = c.Get() {
				back.Put(v)
			}
		})
		op, stop := back.GetOp(), cml.FromSource[int](newBell())
		round := func() {
			c.Put(1)
			if _, _, ok := cml.PerformUntil(op, stop); !ok {
				t.Error("stopped by nobody")
			}
		}
		for range 100 {
			round()
		}
		if n := allocs.Least(200, round); n > 0 {
			t.Errorf("%v allocations", n)
		}
		c.Put(-1)
	}, fibers.WithSchedulers(1), fibers.WithDrain())
}
