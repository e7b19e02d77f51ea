package runtime

import (
	"errors"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A timerTeller is a timer of the kernel, for a time that does not come, which is cancelled
// when the clock is set. Go's poller waits for it, and no thread.
type timerTeller struct{ f *os.File }

func openClockTeller() (clockTeller, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	if err := armTeller(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &timerTeller{os.NewFile(uintptr(fd), "timerfd")}, nil
}

// armTeller sets the timer. Where the kernel says that the clock has been set meanwhile, it
// is set all the same.
func armTeller(fd int) error {
	far, err := unix.TimeToTimespec(time.Unix(1<<40, 0))
	if err != nil { // 32 bits
		far = unix.Timespec{Sec: math.MaxInt32}
	}
	err = unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &unix.ItimerSpec{Value: far}, nil)
	if err == unix.ECANCELED {
		err = nil
	}
	return os.NewSyscallError("timerfd_settime", err)
}

// wait implements clockTeller.
func (t *timerTeller) wait() bool {
	var count [8]byte
	if _, err := t.f.Read(count[:]); !errors.Is(err, unix.ECANCELED) {
		return false
	}
	raw, err := t.f.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = armTeller(int(fd)) })
	return err == nil && failed == nil
}

// stop implements clockTeller. Close would wait for who reads.
func (t *timerTeller) stop() { _ = t.f.SetReadDeadline(time.Unix(1, 0)) }

// close implements clockTeller.
func (t *timerTeller) close() { t.f.Close() }
