package poll

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// The system calls that every request makes. A raw one saves some 40 to 100 ns, as
// Go's scheduler is not told of it; but one that blocks, raw, stops the whole process
// at the next garbage collection. And whether a descriptor blocks is not ours alone
// to say: O_NONBLOCK belongs to the open file, which a child may have inherited, and
// bash, for one, clears it. So raw is only what cannot block whatever the flag says:
// MSG_DONTWAIT on sockets, RWF_NOWAIT where the kernel has it for the kind of file.
// The rest is for patient: see there.
//
// With a race detector they say what a read from a descriptor means to it: see
// race.go.

// sysReceive reads from a socket.
func sysReceive(sys int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	acquired()
	return int(n), 0
}

// sysSend writes to a socket, without the signal that a broken one brings.
func sysSend(sys int, p []byte) (int, syscall.Errno) {
	released()
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// sysRead reads from what is not a socket.
func (f *fd) sysRead(p []byte) (n int, errno syscall.Errno) {
	if !f.patient[epoll.In].Load() {
		n, errno = sysVector(unix.SYS_PREADV2, f.sys, p)
		if !refusesNowait(errno) {
			if errno == 0 {
				acquired()
			}
			return n, errno
		}
		f.patient[epoll.In].Store(true)
	}
	if mayBlock(f.sys, epoll.In) {
		return 0, unix.EAGAIN
	}
	n, err := unix.Read(f.sys, p)
	if err != nil {
		return 0, err.(syscall.Errno)
	}
	acquired()
	return n, 0
}

// sysWrite writes to what is not a socket.
func (f *fd) sysWrite(p []byte) (n int, errno syscall.Errno) {
	released()
	if !f.patient[epoll.Out].Load() {
		n, errno = sysVector(unix.SYS_PWRITEV2, f.sys, p)
		if !refusesNowait(errno) {
			return n, errno
		}
		f.patient[epoll.Out].Store(true)
	}
	if blocking(f.sys) {
		if !sysReady(f.sys, true) {
			return 0, unix.EAGAIN
		}
		p = p[:min(len(p), modest)]
	}
	n, err := unix.Write(f.sys, p)
	if err != nil {
		return 0, err.(syscall.Errno)
	}
	return n, 0
}

// modest is how much is written at once to a descriptor that blocks and says that
// it is ready: what every pipe has room for then (POSIX).
const modest = 512

// sysVector makes one of the calls that know RWF_NOWAIT, at the file's position.
func sysVector(call uintptr, sys int, p []byte) (int, syscall.Errno) {
	v := unix.Iovec{Base: unsafe.SliceData(p)}
	v.SetLen(len(p))
	n, _, errno := syscall.RawSyscall6(call, uintptr(sys), uintptr(unsafe.Pointer(&v)), 1, minusOne, minusOne, unix.RWF_NOWAIT)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

const minusOne = ^uintptr(0)

// refusesNowait reports whether that may be for want of RWF_NOWAIT: of the kernel's,
// or as it is for terminals, of the file's. Another error comes again without it.
func refusesNowait(errno syscall.Errno) bool {
	switch errno {
	case unix.EOPNOTSUPP, unix.ENOSYS, unix.EINVAL, unix.EPERM:
		return true
	}
	return false
}

// mayBlock reports whether an ordinary call in this direction would block: somebody
// has cleared O_NONBLOCK, and there is nothing. Where others read from the same file
// it may be true by the time of the call: then a thread is blocked, as Go's scheduler
// knows, and deadlines and Close wait with it, as in package os.
func mayBlock(sys int, dir epoll.Direction) bool {
	return blocking(sys) && !sysReady(sys, dir == epoll.Out)
}

// blocking reports whether O_NONBLOCK is not set.
func blocking(sys int) bool {
	flags, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(sys), unix.F_GETFL, 0)
	return errno == 0 && flags&unix.O_NONBLOCK == 0
}

// sysAccept accepts a connection; rsa gets its address, of the size that is returned.
// There is no flag with which it would not wait.
func sysAccept(sys int, rsa *syscall.RawSockaddrAny) (conn int, size uint32, errno syscall.Errno) {
	if mayBlock(sys, epoll.In) {
		return -1, 0, unix.EAGAIN
	}
	size = uint32(syscall.SizeofSockaddrAny)
	n, _, errno := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(sys), uintptr(unsafe.Pointer(rsa)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, 0, errno
	}
	acquired()
	return int(n), size, 0
}

// sysReady asks whether a descriptor is ready now.
func sysReady(sys int, out bool) bool {
	p := unix.PollFd{Fd: int32(sys), Events: unix.POLLIN | unix.POLLRDHUP}
	if out {
		p.Events = unix.POLLOUT
	}
	var zero [2]int64
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
		if errno != unix.EINTR {
			return errno != 0 || n > 0 // an error is for the caller's attempt to find
		}
	}
}
