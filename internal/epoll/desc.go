package epoll

import (
	"sync"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A Direction is one of the two in which a descriptor can be ready.
type Direction uint8

const (
	// In is the direction of reads and accepts.
	In Direction = iota
	// Out is the direction of writes and connects.
	Out
)

// A State says what a direction of a descriptor is good for.
type State uint8

const (
	// Idle: the last attempt found nothing, and no event has come since.
	Idle State = iota
	// Ready: an attempt may succeed.
	Ready
	// Expired: the deadline is over.
	Expired
	// Closed: the descriptor is closed.
	Closed
)

// String returns the name of the state.
func (s State) String() string {
	return [...]string{"idle", "ready", "expired", "closed"}[s]
}

// A Ticket is the moment of a Begin: what has happened since then can be told.
type Ticket uint32

// Enqueue makes a waiter runnable whose wait is over, in place of its Unpark.
type Enqueue func(wait.Waiter)

// A Desc is a registered descriptor. Its zero value becomes one by Register. It
// must not be copied.
type Desc struct {
	cells      [2]cell
	mu         sync.Mutex // of the queues
	index, gen uint32     // its place in the table; written before it is there
	fd         int
	virtual    bool
}

// Register begins to watch fd, which must be nonblocking, for both directions.
// Both are Ready at first: who wants to read or write tries.
//
// It fails with ErrUnsupported where there is no epoll, with ErrNotPollable if
// fd cannot be waited for (a regular file, a directory), or with what the system
// says. A Desc is registered once.
func (d *Desc) Register(fd int) error {
	if d.gen != 0 || d.virtual {
		panic("epoll: Register of a Desc that was registered before: take a new one")
	}
	d.fd = fd
	for i := range d.cells {
		d.cells[i].word.Store(bitReady)
	}
	return process.register(d)
}

// Virtual makes d one of which no kernel knows, instead of Register: what happens to it is
// told by Found and Signal alone. Both directions are Ready at first. It needs no epoll.
func (d *Desc) Virtual() {
	if d.gen != 0 || d.virtual {
		panic("epoll: Virtual of a Desc that was registered before: take a new one")
	}
	d.virtual = true
	for i := range d.cells {
		d.cells[i].word.Store(bitReady)
	}
}

// Begin begins an attempt in a direction: it says whether it can succeed, and
// gives the ticket for Drained and Short.
func (d *Desc) Begin(dir Direction) (Ticket, State) { return d.cells[dir].begin() }

// Drained says that the attempt which began with t found nothing: the direction
// is Idle, unless an event has come since.
func (d *Desc) Drained(dir Direction, t Ticket) { d.cells[dir].drained(t) }

// Short says that the attempt which began with t took all there was, as a read
// of a stream that returns less than was asked for: the next would find nothing,
// unless an event has come since, or the peer has ended its side or sent urgent
// data.
func (d *Desc) Short(dir Direction, t Ticket) { d.cells[dir].short(t) }

// Wait parks the caller until the direction is not Idle; it may return earlier.
//
// If it returns a waiter, that is the caller's own, a fiber whose runtime closes:
// after having cleaned up, the caller must call its Exit, unless what it waited
// for has come (a new Begin tells).
func (d *Desc) Wait(dir Direction) (ending wait.Waiter) {
	c := &d.cells[dir]
	w := wait.Current()
	x := c.loan()
	x.w = w
	d.mu.Lock()
	queued := c.enqueue(x)
	d.mu.Unlock()
	if queued {
		for !x.done.Load() {
			if !w.Wait(reasons[dir]) || ending != nil {
				continue
			}
			d.mu.Lock()
			left := c.unlink(x)
			d.mu.Unlock()
			ending = w
			if left {
				break
			}
		}
	}
	c.repay(x)
	if ending == nil {
		wait.Release(w)
	}
	return ending
}

// WaitUnless is Wait for the waiter w, the caller's, that ends also when off is true:
// whoever sets it then calls Unpark of w. It reports whether the caller is a fiber whose
// runtime closes: see Wait.
func (d *Desc) WaitUnless(w wait.Waiter, dir Direction, off *atomic.Bool) (ending bool) {
	c := &d.cells[dir]
	x := c.loan()
	x.w = w
	d.mu.Lock()
	queued := c.enqueue(x)
	d.mu.Unlock()
	for queued && !x.done.Load() {
		if !off.Load() {
			ending = w.Wait(reasons[dir])
		}
		if !ending && !off.Load() {
			continue
		}
		d.mu.Lock()
		left := c.unlink(x)
		d.mu.Unlock()
		for !left && !x.done.Load() { // somebody is about to: C4
			w.Wait(reasons[dir])
		}
		break
	}
	c.repay(x)
	return ending
}

var reasons = [2]wait.Reason{In: wait.Read, Out: wait.Write}

// Subscribe has call made, once, when the direction is not Idle, by whoever finds
// it so: it must be short and not wait. It reports false, and call is not made,
// if it is not Idle now. cancel takes it back; it may come too late, and call be
// made all the same.
func (d *Desc) Subscribe(dir Direction, call func()) (cancel func(), ok bool) {
	if call == nil {
		panic("epoll: Subscribe with a nil function")
	}
	c := &d.cells[dir]
	x := &waiter{call: call}
	d.mu.Lock()
	ok = c.enqueue(x)
	d.mu.Unlock()
	if !ok {
		return nil, false
	}
	return func() {
		d.mu.Lock()
		c.unlink(x)
		d.mu.Unlock()
	}, true
}

// Waiters returns how many wait for the direction now, operations included.
func (d *Desc) Waiters(dir Direction) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for x := d.cells[dir].first; x != nil; x = x.next {
		n++
	}
	return n
}

// Signal makes the direction Ready as an event of the peer's end does, and wakes
// all who wait: for what the owner did to the descriptor itself (shutdown).
func (d *Desc) Signal(dir Direction) {
	d.cells[dir].event(&d.mu, bitReady|bitHangup, nil)
}

// Found makes the direction Ready, as an event does, and wakes all who wait: for who
// has asked the system otherwise, and knows before the event has been looked for.
func (d *Desc) Found(dir Direction) {
	d.cells[dir].event(&d.mu, bitReady, nil)
}

// Expire makes the direction Expired. All who wait are woken by Wake of what it returns, and
// not before, as the caller may hold a lock now.
func (d *Desc) Expire(dir Direction) Sleepers { return d.over(dir, bitExpired) }

// Sleepers are those who wait no longer, and have not been woken yet.
type Sleepers struct{ q *waiter }

// Wake wakes them, once.
func (s Sleepers) Wake() { s.q.wake(nil) }

// Renew ends Expired.
func (d *Desc) Renew(dir Direction) {
	c := &d.cells[dir]
	for {
		w := c.word.Load()
		if w&bitExpired == 0 || c.word.CompareAndSwap(w, w&^bitExpired) {
			return
		}
	}
}

func (d *Desc) over(dir Direction, bit uint32) Sleepers {
	d.mu.Lock()
	q := d.cells[dir].take(bit) // C3
	d.mu.Unlock()
	return Sleepers{q}
}

// Close makes both directions Closed, wakes all who wait, and ends the
// registration. It must be called once, before the descriptor itself is closed.
func (d *Desc) Close() {
	if d.gen == 0 && !d.virtual {
		panic("epoll: Close of a Desc that is not registered")
	}
	d.over(In, bitClosed).Wake()
	d.over(Out, bitClosed).Wake()
	if !d.virtual {
		process.remove(d)
	}
}

// deliver is an event of the kernel.
func (d *Desc) deliver(e event, ready Enqueue) int {
	n := 0
	if e.in {
		bits := bitReady
		if e.hangup {
			bits |= bitHangup
		}
		if e.urgent {
			bits |= bitUrgent
		}
		n += d.cells[In].event(&d.mu, bits, ready)
	}
	if e.out {
		n += d.cells[Out].event(&d.mu, bitReady, ready)
	}
	return n
}
