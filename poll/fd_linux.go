package poll

import (
	"net"
	"net/netip"
	"syscall"
	"time"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// An fd is a descriptor that the native backend watches.
//
// # Its life
//
//	open ──Close──▶ closing ── the last user leaves ──▶ closed: the number is given back
//
// refs counts the users: who opened it, and each call that is under way. Close
// sets the bit, which keeps new ones out, wakes those that wait, and leaves as a
// user. Who leaves last closes the number: so no call ever meets a number that has
// been given to another. Close waits for that, too: then the port is free, say.
//
// F1: a call against Close.
//
//	Both CAS refs. The call first: it is counted, and the number stays until it has
//	left. Close first: the call sees the bit, and fails.
//
// F2: Close against the one who leaves last.
//
//	Close writes gone before it leaves, and the last one reads it after all have
//	left.
//
// Checked by: TestCloseWhileInUseStress, docs/models/close.pml (what wakes the
// waiters).
type fd struct {
	desc   epoll.Desc
	sys    int
	refs   atomic.Uint32
	streak atomic.Uint32 // calls in a row that did not wait. Writers: readers and writers, in no order
	luck   luck
	kind   kind

	// patient: RWF_NOWAIT is refused in this direction, so ordinary calls are made.
	// Writers: readers and writers, all with the same.
	patient [2]atomic.Bool
	restore bool // O_NONBLOCK was not set when it was taken over, and is not at the end

	form   form
	family uint16         // AF_INET and so on; of sockets for packets alone
	peer   netip.AddrPort // of an accepted TCP connection

	turn turn // one Write at a time, so that they do not mix
	gone atomic.Pointer[cml.Cond]
	// Packets that were received for an operation that lost; nil: never any.
	abandoned atomic.Pointer[abandonedPackets]
	dead      atomic.Pointer[deadlines]
	// The addresses, once somebody has asked.
	localAddr, remoteAddr atomic.Pointer[net.Addr]
}

// A kind says what may be done with a descriptor.
type kind uint8

const (
	isSocket kind = 1 << iota
	isStream      // a read of nothing is the end
	isTidy        // a short read has taken all there was
	isDialed      // of a socket for packets: it has a peer
)

const closing = 1 << 31

// newFD takes over sys, which is nonblocking; if it fails, sys is closed.
func newFD(sys int, k kind, form form) (*fd, error) {
	f := &fd{sys: sys, kind: k, form: form}
	f.refs.Store(1)
	if err := f.desc.Register(sys); err != nil {
		syscall.Close(sys)
		return nil, err
	}
	return f, nil
}

// enter begins a call. False: it is closed.
func (f *fd) enter() bool {
	for {
		n := f.refs.Load()
		if n&closing != 0 {
			return false
		}
		if f.refs.CompareAndSwap(n, n+1) { // F1
			return true
		}
	}
}

// leave ends a call, or the opener's hold.
func (f *fd) leave() {
	if f.refs.Dec() == closing {
		if f.restore {
			unix.SetNonblock(f.sys, false)
		}
		syscall.Close(f.sys)
		if gone := f.gone.Load(); gone != nil { // F2
			go gone.Signal() // the caller may have locks: L1
		}
	}
}

// close implements endpoint.
func (f *fd) close() error {
	f.local() // somebody may ask later
	if !f.peer.IsValid() {
		f.remote()
	}
	for {
		n := f.refs.Load()
		if n&closing != 0 {
			return net.ErrClosed
		}
		if f.refs.CompareAndSwap(n, n|closing) { // F1
			break
		}
	}
	if d := f.dead.Load(); d != nil {
		d.stop()
	}
	f.desc.Close()
	if f.refs.Load() == closing|1 { // nobody else is left
		f.leave()
		return nil
	}
	gone := cml.NewCond()
	f.gone.Store(gone) // F2
	f.leave()
	gone.Wait()
	return nil
}

// discard is close for one that has not been registered. A Control function's
// syscall.RawConn may be in use elsewhere; nobody waits for it.
func (f *fd) discard() {
	for {
		n := f.refs.Load()
		if f.refs.CompareAndSwap(n, n|closing) { // F1
			f.leave()
			return
		}
	}
}

// await parks until the direction, which is in state s, may be tried again, or
// says why it never may. It ends the fiber if its runtime closes; leave and, for
// writers, the turn are seen to.
func (f *fd) await(dir epoll.Direction, s epoll.State, turn bool) error {
	if err := over(s); err != nil {
		return err
	}
	f.streak.Store(0)
	if w := f.desc.Wait(dir); w != nil {
		if turn {
			f.turn.Unlock()
		}
		f.leave()
		w.Exit()
	}
	return nil
}

// yieldIfBusy lets other fibers run if this descriptor keeps the caller busy.
func (f *fd) yieldIfBusy() {
	if n := f.streak.Load(); n < longStreak {
		f.streak.Store(n + 1)
		return
	}
	f.streak.Store(0)
	fibers.Yield()
}

// begin is enter and yieldIfBusy.
func (f *fd) begin() bool {
	f.yieldIfBusy()
	return f.enter()
}

// lock takes the turn of writers. If the fiber ends instead, it leaves.
func (f *fd) lock() {
	if f.turn.TryLock() {
		return
	}
	got := false
	defer func() {
		if !got {
			f.leave()
		}
	}()
	f.turn.Lock()
	got = true
}

// setDeadline implements endpoint.
func (f *fd) setDeadline(t time.Time, in, out bool) error {
	if !f.enter() {
		return net.ErrClosed
	}
	d := f.dead.Load()
	if d == nil {
		if t.IsZero() {
			f.leave()
			return nil
		}
		d = newDeadlines(&f.desc)
		if !f.dead.CompareAndSwap(nil, d) {
			d = f.dead.Load()
		}
	}
	d.set(t, in, out)
	f.leave()
	return nil
}
