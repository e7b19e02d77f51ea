package runtime

import (
	"time"
	"unsafe"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/poll/epoll"
)

// A parker is where a root sleeps. It has one permit. One goroutine waits, any
// may give the permit.
//
// On Linux it is a futex, waited on in an ordinary system call: woken some 10 to
// 80 µs after the permit while the waker stays busy, where a channel takes 170.
// (A raw system call would be invisible to the garbage collector, which then
// waits for it: a deadlock.)
type parker struct {
	state atomic.Uint32
}

const (
	parkerEmpty uint32 = iota
	parkerPermit
	parkerAsleep
	parkerPolling // see poller_linux.go

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

// permit gives the permit.
func (p *parker) permit() {
	switch p.state.Swap(parkerPermit) {
	case parkerAsleep:
		unix.Syscall6(unix.SYS_FUTEX, uintptr(p.word()), futexWake, 1, 0, 0, 0)
	case parkerPolling:
		epoll.Wake() // W4
	}
}
