//go:build unix

package poll

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
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

// tryRead implements stream.
func (s *plainStream) tryRead(p []byte, ask bool) (int, bool, error) {
	if len(p) == 0 {
		return s.attempt(epoll.In, func(uintptr) (int, error) { return 0, nil })
	}
	_, stream := s.c.(*net.UDPConn)
	stream = !stream
	return s.attempt(epoll.In, func(fd uintptr) (int, error) {
		n, err := unix.Read(int(fd), p)
		if n == 0 && err == nil && stream {
			return 0, io.EOF
		}
		return n, os.NewSyscallError("read", err)
	})
}

// tryWrite implements stream.
func (s *plainStream) tryWrite(p []byte, ask bool) (int, bool, error) {
	if len(p) == 0 {
		return s.attempt(epoll.Out, func(uintptr) (int, error) { return 0, nil })
	}
	s.writers.Lock()
	defer s.writers.Unlock()
	if s.writers.n > 0 {
		return 0, false, nil
	}
	return s.attempt(epoll.Out, func(fd uintptr) (int, error) {
		n, err := unix.Write(int(fd), p)
		return n, os.NewSyscallError("write", err)
	})
}

// attempt makes a call that does not wait, as the descriptor is nonblocking.
func (s *plainStream) attempt(dir epoll.Direction, call func(fd uintptr) (int, error)) (n int, ok bool, err error) {
	r, err := s.c.SyscallConn()
	if err != nil {
		return 0, true, bare(err)
	}
	var failed error
	if err := r.Control(func(fd uintptr) {
		if t := s.dead[dir].Load(); t != nil && !t.IsZero() && time.Until(*t) <= 0 {
			failed = os.ErrDeadlineExceeded
			return
		}
		for {
			if n, failed = call(fd); !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	}); err != nil {
		return 0, true, bare(err)
	}
	if errors.Is(failed, unix.EAGAIN) {
		return 0, false, nil
	}
	return max(n, 0), true, failed
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
