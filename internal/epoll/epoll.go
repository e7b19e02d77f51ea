package epoll

import (
	"errors"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"go.uber.org/atomic"
)

// What an engine has to do with this package.

// Attach says that an engine polls from now on, until it calls detach: while a
// descriptor is watched, one of its schedulers is in Wait, or they Look at least
// every few milliseconds. The driver steps back. Other engines may be attached at
// the same time; any of them polls for all.
//
// needed is called when somebody must begin to poll because nobody does: the first
// descriptor is there, or another engine or the driver has stepped back. It must
// be short, not wait, and not call Attach or detach; usually it wakes a scheduler,
// which then finds Acquire to succeed. It may be called without need.
//
// Before detach, the engine's schedulers have left Wait for good. After it, needed
// is not called any more.
func Attach(needed func()) (detach func()) {
	if needed == nil {
		panic("epoll: Attach with a nil function: give it one that wakes a scheduler")
	}
	return process.attach(needed)
}

// Acquire takes the role of the poller. It reports false if somebody has it, or if
// no descriptor is watched: then there is nothing to wait for here. It costs a few
// loads if it fails. Who gets the role must give it back with Release.
func Acquire() bool { return process.acquire() }

// Release gives the role back.
func Release() { process.release() }

// Wait waits until a descriptor has an event, Wake is called or d is over, and
// wakes those who wait for the descriptors. d is rounded up to what the system can
// wait for: nanoseconds on Linux 5.11 and later, else milliseconds; negative means
// for ever, zero not at all. Only who has the role may call it. The thread is
// blocked in a system call that Go's scheduler knows about.
//
// ready gets each waiter that is woken and makes it runnable, in the order of the
// events; where it is nil, their Unpark does. Operations are called, and wake their
// performers themselves. Wait returns how many were woken or called. It may return
// early, having woken none: if the last descriptor is gone it does.
func Wait(d time.Duration, ready Enqueue) int { return process.wait(d, ready) }

// Park is Wait in which the goroutine is parked, as one that waits for a descriptor of
// package net is: no thread is blocked, and whoever has a processor of the Go runtime
// free runs it. That is better where goroutines are at work, and slower where there are
// none. d is as exact as Go's timers are. Where Go's poller refuses it, it is Wait.
func Park(d time.Duration, ready Enqueue) int { return process.park(d, ready) }

// Look is Wait that does not wait, for schedulers that are busy. It takes the role
// for that time, or the turn of one who has it and is in Park; if somebody has it otherwise,
// or no descriptor is watched, it does nothing. had is true if it had the role: somebody who
// has failed to get it meanwhile may be asleep, and nobody in Wait; so who does not go on to
// Acquire the role itself must wake one who does.
// It costs one system call, or a few loads: with BenchmarkLook 0.17 to 0.23 µs, or
// 4 to 11 ns, were measured (Linux 6.18, Xeon at 2.8 GHz).
func Look(ready Enqueue) (ended int, had bool) { return process.look(ready) }

// Looks returns how often anybody has asked the kernel so far, by Wait, Park or Look: who
// wants to know whether others look compares two of these.
func Looks() uint64 { return process.counts.waits.Load() }

// Wake ends the Wait that is going on, or if there is none, the next one. More
// calls before that one has returned add nothing. It costs a system call (and what
// it takes to wake a thread) if somebody waits, else one atomic operation.
func Wake() { process.wake() }

// Supported returns nil where descriptors can be watched, and otherwise why not: an
// error that is ErrUnsupported, where there is no epoll or the system refuses it, or
// what the system lacks just now. While nothing has been watched yet it tries it
// out; then it costs a load. It is for those who would rather know before they have
// a descriptor than from Register.
func Supported() error { return process.supported() }

// Stats says what has happened so far in this process.
type Stats struct {
	Backend string // "epoll" or "portable"
	Refused error  // why there is no epoll, if it was tried
	Watched int    // descriptors registered now

	Registered uint64 // descriptors registered so far
	Waits      uint64 // returns of the system call
	Events     uint64 // events got
	Stale      uint64 // of these, of descriptors that were closed by then
}

// ReadStats returns what has happened so far. It stops nobody.
func ReadStats() Stats { return process.stats() }

// counts has a writer each but registered: who has the role.
type counts struct {
	registered, waits, events, stale stdatomic.Uint64
	refused                          atomic.Pointer[error]
}

// refuse notes that there is no epoll here.
func (c *counts) refuse(err error) {
	if errors.Is(err, ErrUnsupported) {
		c.refused.Store(&err)
	}
}

func (p *poller) stats() Stats {
	c := &p.counts
	st := Stats{
		Backend: "epoll", Watched: int(p.table.n.Load()),
		Registered: c.registered.Load(), Waits: c.waits.Load(), Events: c.events.Load(), Stale: c.stale.Load(),
	}
	if err := c.refused.Load(); err != nil {
		st.Backend, st.Refused = "portable", *err
	} else if !supported {
		st.Backend, st.Refused = "portable", ErrUnsupported
	}
	return st
}
