package cml

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// ErrPoolClosed is what is reported to those who want something of a Pool that was closed.
var ErrPoolClosed = errors.New("cml: pool closed")

// A PoolConfig says how a Pool comes by its resources and gets rid of them. All functions
// may wait, and may use the pool; no lock is held.
type PoolConfig[T any] struct {
	// New makes a resource, where none is idle. Its error goes to the one for whom it was
	// to be.
	New func() (T, error)
	// Valid reports whether a resource that was idle can still be used; if not, it is
	// disposed of, and the next is tried. Nil: it always can.
	Valid func(v T) bool
	// Dispose ends a resource. Nil: there is nothing to do.
	Dispose func(v T)
	// IdleTimeout is how long a resource stays idle before it is disposed of, on a
	// goroutine: that long at least and, unless the machine is busy, at most half as long
	// again. 0: for ever.
	IdleTimeout time.Duration
}

// A Pool lends resources that are dear to make, such as connections, and of which there
// should not be too many. NewPool makes one. Those who wait for one are served in the
// order in which they came; the resource that was used last is lent first. A Put
// synchronizes before the return of whoever gets that resource next.
type Pool[T any] struct {
	conf   PoolConfig[T]
	places *Semaphore // a unit for each resource that may still be lent; a counting one
	over   Cond       // signalled by Close, after closed was set

	mu       lock
	lent     int       // under mu: places taken
	idle     []idle[T] // under mu: the one put last at the end
	closed   bool      // under mu
	sweeping bool      // under mu: there will be a sweep of what is idle
	stop     func()    // under mu: stops a timer, most often that of the next sweep; may be nil
}

// An idle resource.
type idle[T any] struct {
	v      T
	sweeps int // how many have found it idle
}

// sweepsToStay is at how many sweeps, two in an IdleTimeout, a resource may be found idle.
const sweepsToStay = 2

// NewPool returns a pool that lends limit resources at most at a time, and never keeps more.
// It makes them when they are wanted.
func NewPool[T any](limit int, conf PoolConfig[T]) *Pool[T] {
	switch {
	case limit < 1:
		panic(fmt.Sprintf("cml: NewPool with a limit of %d: it is at least 1", limit))
	case conf.New == nil:
		panic("cml: NewPool without New: give it a function that makes resources")
	case conf.IdleTimeout < 0:
		panic("cml: NewPool with a negative IdleTimeout: 0 is for none")
	}
	return &Pool[T]{conf: conf, places: NewCounting(int64(limit))}
}

// Get returns a resource, an idle one or else a new one, waiting while as many as the limit
// are lent. The caller ends the loan by Put or Discard. It fails if New does, and with
// ErrPoolClosed if the pool is closed, also while it waits.
func (p *Pool[T]) Get() (v T, err error) {
	if p.places.TryAcquire(1) || p.place(Never[Unit]()) == placed {
		return p.lend()
	}
	return v, ErrPoolClosed
}

// What comes of waiting for a place.
type placing uint8

const (
	placed placing = iota
	refused
	givenUp
)

// place waits for a place in which something can be lent, unless nack comes first: who has
// lost already when he comes takes nothing.
func (p *Pool[T]) place(nack Op[Unit]) placing {
	as := func(what placing) func(Unit) placing { return func(Unit) placing { return what } }
	return Perform(Prefer(
		Wrap(nack, as(givenUp)),
		Wrap(p.over.WaitOp(), as(refused)),
		Wrap(p.places.AcquireOp(1), as(placed)),
	))
}

// ready takes an idle resource if there is one that need not be looked at.
func (p *Pool[T]) ready() (v T, ok bool) {
	if p.conf.Valid != nil || !p.places.TryAcquire(1) {
		return v, false
	}
	p.mu.Lock()
	if ok = len(p.idle) > 0; ok {
		p.lent++
		v = p.last()
	}
	p.mu.Unlock()
	if !ok {
		p.places.Release(1)
	}
	return v, ok
}

// lend returns a resource for a place that the caller has, or an error, without the place.
func (p *Pool[T]) lend() (v T, err error) {
	if simhook.On() {
		simhook.Point("Pool.Get", unsafe.Pointer(p))
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.places.Release(1)
		return v, ErrPoolClosed
	}
	p.lent++
	p.mu.Unlock()
	lent := false
	defer func() {
		if !lent { // also if New or Valid has panicked, or ended its fiber
			p.giveBack(false, v)
		}
	}()
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n > 0 {
			v = p.last()
		}
		p.mu.Unlock()
		if n == 0 {
			v, err = p.conf.New()
			lent = err == nil
			return v, err
		}
		if p.valid(v) {
			lent = true
			return v, nil
		}
	}
}

// valid reports whether v can be used; if not, it is disposed of.
func (p *Pool[T]) valid(v T) (ok bool) {
	if p.conf.Valid == nil {
		return true
	}
	defer func() {
		if !ok {
			p.dispose(v)
		}
	}()
	return p.conf.Valid(v)
}

// last takes the last of the idle ones, of which there are some. Under mu.
func (p *Pool[T]) last() T {
	n := len(p.idle) - 1
	v := p.idle[n].v
	clear1(&p.idle[n])
	p.idle = p.idle[:n]
	return v
}

// Put ends the loan of v, which is idle then; if the pool is closed, it is disposed of. To
// put what was not lent, or put twice, is a mistake; it panics if nothing is lent.
func (p *Pool[T]) Put(v T) {
	if simhook.On() {
		simhook.Point("Pool.Put", unsafe.Pointer(p))
	}
	if !p.giveBack(true, v) {
		defer p.places.Release(1)
		p.dispose(v)
	}
}

// Discard ends the loan of v and disposes of it: for what is broken, or in the middle of
// something. The place is free when that is done.
func (p *Pool[T]) Discard(v T) {
	if simhook.On() {
		simhook.Point("Pool.Discard", unsafe.Pointer(p))
	}
	if p.Lent() == 0 {
		panic(notLent)
	}
	defer p.giveBack(false, v)
	p.dispose(v)
}

const notLent = "cml: more comes back to a Pool than it has lent: Put or Discard each resource once"

// giveBack ends a loan; with keep v becomes idle. It reports false if v cannot, as the pool
// is closed: the place is the caller's then.
func (p *Pool[T]) giveBack(keep bool, v T) bool {
	p.mu.Lock()
	if p.lent == 0 {
		p.mu.Unlock()
		panic(notLent)
	}
	p.lent--
	if keep && p.closed {
		p.mu.Unlock()
		return false
	}
	later := keep && p.conf.IdleTimeout > 0 && !p.sweeping
	if keep {
		p.idle = append(p.idle, idle[T]{v: v})
		p.sweeping = true
	}
	p.mu.Unlock()
	p.places.Release(1)
	if later {
		p.sweepLater()
	}
	return true
}

// sweepLater starts the timer of the next sweep, for which the caller has set sweeping. That may
// have been before stop is noted, and another timer been started: then Close stops none, or
// one that is over, and the sweep finds that the pool is closed.
func (p *Pool[T]) sweepLater() {
	stop := wait.After((p.conf.IdleTimeout+1)/sweepsToStay, p.sweep)
	p.mu.Lock()
	p.stop = stop
	closed := p.closed
	p.mu.Unlock()
	if closed {
		stop()
	}
}

// sweep disposes of what has been idle for too long. A timer calls it, and no second one
// before it has started another.
func (p *Pool[T]) sweep() {
	p.mu.Lock()
	old := 0 // the oldest are first
	for i := range p.idle {
		if p.idle[i].sweeps++; p.idle[i].sweeps > sweepsToStay {
			old = i + 1
		}
	}
	gone := make([]T, old)
	for i := range gone {
		gone[i] = p.idle[i].v
	}
	n := copy(p.idle, p.idle[old:])
	clear(p.idle[n:])
	p.idle = p.idle[:n]
	later := n > 0 // not if closed: nothing is idle then
	p.sweeping = later
	p.mu.Unlock()
	if later {
		p.sweepLater()
	}
	p.dispose(gone...)
}

// dispose disposes of all of vs, though one of them may panic.
func (p *Pool[T]) dispose(vs ...T) {
	if p.conf.Dispose == nil {
		return
	}
	for _, v := range vs {
		defer p.conf.Dispose(v)
	}
}

// Use calls f with a resource. What f returns is returned and the resource idle again; if f
// panics or its fiber ends, it is disposed of.
func (p *Pool[T]) Use(f func(v T) error) error {
	if f == nil {
		panic("cml: Pool.Use(nil): give it a function")
	}
	v, err := p.Get()
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if returned {
			p.Put(v)
		} else {
			p.Discard(v)
		}
	}()
	err = f(v)
	returned = true
	return err
}

// Close ends the pool: those who wait and those who come get ErrPoolClosed, what is idle is
// disposed of before it returns, and what is lent when it is put back. A second Close does
// nothing.
func (p *Pool[T]) Close() {
	if simhook.On() {
		simhook.Point("Pool.Close", unsafe.Pointer(p))
	}
	p.mu.Lock()
	p.closed = true
	stop := p.stop
	all := make([]T, len(p.idle))
	for i := range all {
		all[i] = p.idle[i].v
	}
	p.idle = nil
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
	p.over.Signal()
	p.dispose(all...)
}

// Lent returns how many resources are lent, or being made to be. Idle returns how many are
// idle. Either may have changed by the time it is known.
func (p *Pool[T]) Lent() int {
	if simhook.On() {
		simhook.Point("Pool.Lent", unsafe.Pointer(p))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lent
}

// Idle returns how many resources are idle: see Lent.
func (p *Pool[T]) Idle() int {
	if simhook.On() {
		simhook.Point("Pool.Idle", unsafe.Pointer(p))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}
