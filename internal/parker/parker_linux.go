package parker

import (
	"time"
	"unsafe"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"
)

// A Parker has one permit. The zero value is one without it.
//
// It sleeps in a futex, in an ordinary system call: woken some 10 to 80 µs after the
// permit while the waker stays busy, where a channel takes 170. (A raw system call would
// be invisible to the garbage collector, which then waits for it: a deadlock.)
type Parker struct {
	state atomic.Uint32
	bed   *bed // of who has parked; nil until then
}

// A bed is what wakes one that has parked.
type bed struct {
	woken chan struct{} // room for one
	timer *time.Timer
}

const (
	empty     uint32 = iota
	permitted        // the permit is there
	asleep           // in the futex
	parked           // at a Go channel

	futexWait = 0 | 128 // FUTEX_WAIT, FUTEX_WAKE with FUTEX_PRIVATE_FLAG
	futexWake = 1 | 128
)

// Init makes p ready for use.
func (p *Parker) Init() {}

func (p *Parker) word() unsafe.Pointer { return unsafe.Pointer(&p.state) }

// Wait consumes the permit, waiting for it for d, or for ever if d is negative.
// It reports false on time-out. Owner only, as Park, Enter and Leave.
func (p *Parker) Wait(d time.Duration) bool {
	if !p.enter(asleep) {
		return true
	}
	deadline := time.Now().Add(d)
	for {
		var ts *unix.Timespec
		if d >= 0 {
			t := unix.NsecToTimespec(int64(d))
			ts = &t
		}
		_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(p.word()), futexWait, uintptr(asleep), uintptr(unsafe.Pointer(ts)), 0, 0)
		if p.state.CompareAndSwap(permitted, empty) {
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
		return p.Leave()
	}
}

// Park is Wait in which the goroutine parks and keeps no thread. The channel gets one
// message for each time that Permit has found it parked.
func (p *Parker) Park(d time.Duration) bool {
	if p.bed == nil {
		t := time.NewTimer(time.Hour)
		t.Stop()
		p.bed = &bed{make(chan struct{}, 1), t}
	}
	b := p.bed
	if !p.enter(parked) {
		return true
	}
	if d >= 0 {
		b.timer.Reset(d)
		select {
		case <-b.woken:
			b.timer.Stop()
			p.state.Store(empty)
			return true
		case <-b.timer.C:
		}
		if p.state.CompareAndSwap(parked, empty) {
			return false
		}
	}
	<-b.woken
	p.state.Store(empty)
	return true
}

// Enter is called by one who is about to wait somewhere else. It reports false if there
// is a permit, which is consumed.
func (p *Parker) Enter(at Place) bool { return p.enter(uint32(at)) }

func (p *Parker) enter(state uint32) bool {
	if p.state.CompareAndSwap(empty, state) {
		return true
	}
	p.state.Store(empty)
	return false
}

// Leave follows Enter, after the wait. It reports whether there is a permit, and
// consumes it.
func (p *Parker) Leave() bool { return p.state.Swap(empty) == permitted }

// Permitted reports whether there is a permit, to one who has entered and not left.
func (p *Parker) Permitted() bool { return p.state.Load() == permitted }

// At reports whether the owner waits at a place of its own, as a hint.
func (p *Parker) At(place Place) bool { return p.state.Load() == uint32(place) }

// Permit gives the permit. It returns where the owner waits, if that is a place of its
// own, where the caller must wake it.
func (p *Parker) Permit() (elsewhere Place) {
	switch was := p.state.Swap(permitted); was {
	case empty, permitted:
	case asleep:
		unix.Syscall6(unix.SYS_FUTEX, uintptr(p.word()), futexWake, 1, 0, 0, 0)
	case parked:
		p.bed.woken <- struct{}{}
	default:
		return Place(was)
	}
	return Nowhere
}
