//go:build unix

package poll

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/poll/epoll"
)

// sysIsReady asks whether a descriptor is ready now.
func sysIsReady(fd uintptr, out bool) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if out {
		p[0].Events = unix.POLLOUT
	}
	for {
		n, err := unix.Poll(p, 0)
		if err != unix.EINTR {
			return err != nil || n > 0
		}
	}
}

// pollable makes a file of a descriptor that can be waited for.
func pollable(fd uintptr, name string) (plain, error) {
	was, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(fd), &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if kind := st.Mode & unix.S_IFMT; kind == unix.S_IFREG || kind == unix.S_IFDIR {
		return nil, epoll.ErrNotPollable
	}
	if was&unix.O_NONBLOCK == 0 {
		if err := unix.SetNonblock(int(fd), true); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
		return restored{os.NewFile(fd, name)}, nil
	}
	return os.NewFile(fd, name), nil
}

// restored is a file that was not nonblocking before.
type restored struct{ *os.File }

// Close makes it so again, of which a duplicate is in charge: as long as the file is
// open somebody may be about to read.
func (r restored) Close() error {
	again := -1
	raw, err := r.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { again, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	}
	failed := r.File.Close()
	if err == nil && again >= 0 {
		unix.SetNonblock(again, false)
		unix.Close(again)
	}
	return failed
}

// exhausted reports whether err is for want of descriptors or memory, which may be
// there later.
func exhausted(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.ENOSPC: // the last one says epoll
		return true
	}
	return false
}
