package epoll

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// instance is an epoll instance, and an eventfd to wake who waits in it.
type instance struct {
	fd, wakeup int
	raw        [eventBatch]unix.EpollEvent // of who waits
	old        bool                        // there is no epoll_pwait2: known to who waits
	parking    parking                     // of who waits
	woken      bool                        // a wake was among the events of the last wait
}

// wakeData marks the events of the eventfd: no descriptor has generation 0.
const wakeData = 0

// edges is what each descriptor is registered for. Errors and hang-ups are
// reported anyway.
const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET

const supported = true

func openKernel() (kernel, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, refused("epoll_create1", err)
	}
	k := &instance{fd: fd}
	if k.wakeup, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(fd)
		return nil, refused("eventfd", err)
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	setData(&e, wakeData)
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, k.wakeup, &e); err != nil {
		k.close()
		return nil, refused("epoll_ctl", err)
	}
	return k, nil
}

// refused says that there is no epoll to be had, unless what is lacking may be
// there another time.
func refused(call string, err error) error {
	switch err {
	case unix.ENOSYS, unix.EPERM, unix.EACCES, unix.EINVAL:
		return fmt.Errorf("%w: %s: %w", ErrUnsupported, call, err)
	}
	return os.NewSyscallError(call, err)
}

func (k *instance) add(fd int, data uint64) error {
	e := unix.EpollEvent{Events: edges}
	setData(&e, data)
	switch err := unix.EpollCtl(k.fd, unix.EPOLL_CTL_ADD, fd, &e); {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM):
		return ErrNotPollable
	default:
		return os.NewSyscallError("epoll_ctl", err)
	}
}

func (k *instance) remove(fd int) error {
	return unix.EpollCtl(k.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// The eventfd is edge-triggered too, so each write is an event, and nobody has to
// read it.
func (k *instance) wake() {
	one := uint64(1)
	for {
		_, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(k.wakeup), uintptr(unsafe.Pointer(&one)), 8)
		switch errno {
		case unix.EINTR:
		case unix.EAGAIN: // after 2⁶⁴−2 of them
			unix.Read(k.wakeup, make([]byte, 8))
		default:
			return
		}
	}
}

func (k *instance) wakened() bool { return k.woken }

func (k *instance) close() {
	k.parking.leave()
	unix.Close(k.wakeup)
	unix.Close(k.fd)
}

// A timespec is the kernel's, with 64 bits on every system.
type timespec struct{ sec, nsec int64 }

// look asks the kernel for so many events without waiting. The system call is a raw one:
// it does not block.
func (k *instance) look(size uintptr) (n uintptr, errno syscall.Errno) {
	n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(k.fd), uintptr(unsafe.Pointer(&k.raw[0])), size, 0, 0, 0)
	return n, errno
}

// wait blocks in an ordinary system call, which Go's scheduler knows about; a raw
// one would hold up the garbage collector.
func (k *instance) wait(events []event, d time.Duration) (int, error) {
	if d == 0 {
		n, errno := k.look(k.size(events))
		return k.translate(events, n, errno)
	}
	k.parking.leave()
	var n uintptr
	var errno syscall.Errno
	at, size := uintptr(unsafe.Pointer(&k.raw[0])), k.size(events)
	switch {
	case d < 0:
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(k.fd), at, size, minusOne, 0, 0)
	case !k.old:
		ts := timespec{int64(d / time.Second), int64(d % time.Second)}
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(k.fd), at, size, uintptr(unsafe.Pointer(&ts)), 0, 0)
		if errno != unix.ENOSYS && errno != unix.EPERM {
			break
		}
		k.old = true
		fallthrough
	default:
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(k.fd), at, size, uintptr(millis(d)), 0, 0)
	}
	return k.translate(events, n, errno)
}

func (k *instance) size(events []event) uintptr { return uintptr(min(len(k.raw), len(events))) }

// translate gives what the kernel has returned to who waits.
func (k *instance) translate(events []event, n uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		if errno == unix.EINTR {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_wait", errno)
	}
	got := 0
	k.woken = false
	for i := range k.raw[:n] {
		e := &k.raw[i]
		data := dataOf(e)
		if data == wakeData {
			k.woken = true
			continue
		}
		const broken = unix.EPOLLERR | unix.EPOLLHUP
		events[got] = event{
			data:   data,
			in:     e.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLPRI|broken) != 0,
			out:    e.Events&(unix.EPOLLOUT|broken) != 0,
			hangup: e.Events&(unix.EPOLLRDHUP|broken) != 0,
			urgent: e.Events&unix.EPOLLPRI != 0,
		}
		got++
	}
	return got, nil
}

const minusOne = ^uintptr(0)

// millis rounds up: a wait is never too short.
func millis(d time.Duration) int32 {
	return int32(min((d+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
}

func setData(e *unix.EpollEvent, data uint64) {
	e.Fd, e.Pad = int32(data), int32(data>>32)
}

func dataOf(e *unix.EpollEvent) uint64 {
	return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32
}
