package runtime

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/parker"
)

// A bell wakes the scheduler that sleeps until a time: a timer of the kernel's (timerfd)
// for which Go's own poller waits.
//
// In a futex a scheduler sleeps in a system call, and keeps one of Go's processors as
// long as nobody wants it. Go's thread sysmon then looks every 20 µs for a millisecond, and
// ever more seldom until 10 ms have passed: for a tick each 10 ms, that is most of what it
// costs. A goroutine that waits for a descriptor keeps nothing. (Of Go's timers, those that
// are less than a millisecond ahead are late by up to a millisecond.)
//
// But whoever is woken this way must first be found by a thread that polls for Go. That is
// quick if all is idle, and takes up to a millisecond where who wakes has just been woken
// itself, and goes on computing, and ten where all processors do. So it is for those who wake by the time alone: not until
// calmEnough sleeps in a row have ended by the time does one go by the bell, and none after
// one that somebody else has ended.
//
// # The parker
//
//	empty ──Enter──▶ belled ──Leave──▶ empty
//	                    └──Permit──▶ permitted, and the timer is set to now
//
// B: a permit for one who is about to sleep by the bell.
//
//	The sleeper sets the timer, then looks for the permit; who gives it does so, then
//	sets the timer. Either the look comes after the permit, and finds it; or the timer is
//	last set to now. One who is late with that may end another's sleep, which looks at the
//	clock, and goes on. It sets the timer by way of the file, which says if it is closed.
//
// Where timers gather there is no such test (gather): one who is up a few times in a millisecond anyway
// is found soon.
//
// Checked by: docs/models/parker.pml (spin, with mutants), TestBellStress, TestGatherStress, TestBellEnds….
type bell struct {
	// taken is by whom file, conn and broken are owned. conn is also read by those who
	// have seen belled, which was written after it.
	taken  atomic.Bool
	file   *os.File
	conn   syscall.RawConn
	broken bool // there is none to be had

	// calm counts sleeps in a row that ended by the time. Writers and readers: any
	// sleeper; one that is lost does not matter.
	calm atomic.Int32
}

const (
	bellFrom   = 500 * time.Microsecond // shorter sleeps are cheaper in the futex
	calmEnough = 8
)

// doze sleeps for d, or for ever if that is negative: by the bell, if that is for the best,
// or in the futex. It reports whether the permit came, and consumes it.
func (b *bell) doze(p *parker.Parker, d time.Duration) (permit bool) {
	if d < bellFrom { // or for ever
		return p.Wait(d)
	}
	if b.calm.Load() >= calmEnough && b.take() {
		permit = b.wait(p, d)
		b.taken.Store(false)
	} else {
		permit = p.Wait(d)
	}
	if permit {
		b.calm.Store(0)
	} else if n := b.calm.Load(); n < calmEnough {
		b.calm.Store(n + 1)
	}
	return permit
}

// gather is doze for where timers gather (wheel_slack.go) and someone is up a few times in a
// millisecond: whoever waits for a time has the bell, if nobody else has, and the others park, so
// that nobody keeps a processor and sysmon rests.
func (b *bell) gather(p *parker.Parker, d time.Duration) (permit bool) {
	if d < 0 || !b.take() {
		return p.Park(d)
	}
	permit = b.wait(p, d)
	b.taken.Store(false)
	return permit
}

// take reports whether the caller has the bell now.
func (b *bell) take() bool {
	if b.taken.Load() || !b.taken.CompareAndSwap(false, true) {
		return false
	}
	if b.file == nil && !b.broken {
		b.broken = !b.open()
	}
	if b.broken {
		b.taken.Store(false)
		return false
	}
	return true
}

func (b *bell) open() bool {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), "timerfd")
	if f.SetReadDeadline(time.Time{}) != nil { // Go's poller does not take it
		f.Close()
		return false
	}
	b.file = f
	b.conn, err = f.SyscallConn()
	return err == nil
}

// close is called when nobody sleeps any more.
func (b *bell) close() {
	if b.file != nil {
		b.file.Close()
	}
}

// wait is Parker.Wait by the bell, which the caller has taken.
func (b *bell) wait(p *parker.Parker, d time.Duration) bool {
	if !p.Enter(belled) {
		return true
	}
	for deadline := time.Now().Add(d); d > 0; d = time.Until(deadline) {
		set := false
		err := b.conn.Read(func(fd uintptr) (over bool) {
			if !set {
				set = true
				setTimer(fd, d)
				return p.Permitted() // B
			}
			var times [8]byte
			n, _, _ := syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&times)), uintptr(len(times)))
			return int(n) == len(times)
		})
		if err != nil {
			b.broken = true
			break
		}
		if p.Permitted() {
			break
		}
	}
	return p.Leave()
}

// ring ends the wait that is going on.
func (b *bell) ring() { _ = b.conn.Control(func(fd uintptr) { setTimer(fd, 0) }) }

// setTimer has the timer expire after d, or at once. (The call is a raw one, as that of
// read above: it does not block, and an ordinary one would wake sysmon.)
func setTimer(fd uintptr, d time.Duration) {
	when := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(d), 1))}
	_ = unix.TimerfdSettime(int(fd), 0, &when, nil)
}
