package runtime

import (
	"time"
	"unsafe"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// A parker is where a root sleeps. It has one permit. One goroutine waits, any
// may give the permit.
//
// On Linux it is a futex, waited on in an ordinary system call: woken some 10 to
// 80 µs after the permit while the waker stays busy, where a channel takes 170.
// (A raw system call would be invisible to the garbage collector, which then
// waits for it: a deadlock.)
//
// Where goroutines have much to do, a root parks instead, as they do (mixed.go).
//
// Checked by: docs/models/parker.pml (spin, with mutants), TestPermitsAreNotLost.
type parker struct {
	state atomic.Uint32
	bed   *bed // of who has parked; nil until then
}

// A bed is what wakes a root that has parked.
type bed struct {
	woken chan struct{} // room for one
	timer *time.Timer
}

const (
	parkerEmpty uint32 = iota
	parkerPermit
	parkerAsleep  // in the futex
	parkerParked  // at a Go channel
	parkerPolling // see poller_linux.go
	parkerBelled  // see bell_linux.go

	futexWait = 0 | 128 // FUTEX_WAIT, FUTEX_WAKE with FUTEX_PRIVATE_FLAG
	futexWake = 1 | 128
)

func (p *parker) init() {}

func (p *parker) word() unsafe.Pointer { return unsafe.Pointer(&p.state) }

// wait consumes the permit, waiting for it for d, or for ever if d is negative.
// It reports false on time-out.
func (p *parker) wait(d time.Duration) bool {
	if !p.state.CompareAndSwap(parkerEmpty, parkerAsleep) {
		p.state.Store(parkerEmpty)
		return true
	}
	deadline := time.Now().Add(d)
	for {
		var ts *unix.Timespec
		if d >= 0 {
			t := unix.NsecToTimespec(int64(d))
			ts = &t
		}
		_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(p.word()), futexWait, uintptr(parkerAsleep), uintptr(unsafe.Pointer(ts)), 0, 0)
		if p.state.CompareAndSwap(parkerPermit, parkerEmpty) {
			return true
		}
		if d < 0 {
			continue
		}
		if errno != unix.ETIMEDOUT {
			if d = time.Until(deadline); d > 0 {
				continue // interrupted, or woken for nothing
			}
		}
		return p.state.Swap(parkerEmpty) == parkerPermit
	}
}

// park is wait in which the goroutine parks and keeps no thread. As wait, it is called by
// the owner; the channel gets one message for each time that permit has found it parked.
func (p *parker) park(d time.Duration) bool {
	if p.bed == nil {
		t := time.NewTimer(time.Hour)
		t.Stop()
		p.bed = &bed{make(chan struct{}, 1), t}
	}
	b := p.bed
	if !p.state.CompareAndSwap(parkerEmpty, parkerParked) {
		p.state.Store(parkerEmpty)
		return true
	}
	if d >= 0 {
		b.timer.Reset(d)
		select {
		case <-b.woken:
			b.timer.Stop()
			p.state.Store(parkerEmpty)
			return true
		case <-b.timer.C:
		}
		if p.state.CompareAndSwap(parkerParked, parkerEmpty) {
			return false
		}
	}
	<-b.woken
	p.state.Store(parkerEmpty)
	return true
}

// permit gives the permit; b is the bell of the runtime.
func (p *parker) permit(b *bell) {
	switch p.state.Swap(parkerPermit) {
	case parkerAsleep:
		unix.Syscall6(unix.SYS_FUTEX, uintptr(p.word()), futexWake, 1, 0, 0, 0)
	case parkerParked:
		p.bed.woken <- struct{}{}
	case parkerPolling:
		epoll.Wake() // W4
	case parkerBelled:
		b.ring() // B
	}
}
