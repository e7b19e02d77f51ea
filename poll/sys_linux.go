package poll

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls that every request makes. They do not block, so they are raw:
// Go's scheduler is not told of them, which saves some 40 to 100 ns. With a race
// detector they say what a read from a descriptor means to it: see race.go.

// sysRead reads from a descriptor of any kind.
func sysRead(sys int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	acquired()
	return int(n), 0
}

// sysReceive is sysRead for sockets, whose way through the kernel is shorter.
func sysReceive(sys int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	acquired()
	return int(n), 0
}

func sysWrite(sys int, p []byte) (int, syscall.Errno) {
	released()
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// sysSend writes to a socket, without the signal that a broken one brings.
func sysSend(sys int, p []byte) (int, syscall.Errno) {
	released()
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(sys), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// sysAccept accepts a connection; rsa gets its address.
func sysAccept(sys int, rsa *syscall.RawSockaddrAny) (int, syscall.Errno) {
	size := uint32(syscall.SizeofSockaddrAny)
	n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(sys), uintptr(unsafe.Pointer(rsa)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	acquired()
	return int(n), 0
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
