package poll

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// largest is how much goes into one system call.
const largest = 1 << 30

// read implements stream.
func (f *fd) read(p []byte) (int, error) {
	if !f.begin() {
		return 0, net.ErrClosed
	}
	n, err := f.readOnce(p)
	f.leave()
	return n, err
}

func (f *fd) readOnce(p []byte) (int, error) {
	if len(p) > largest {
		p = p[:largest]
	}
	if len(p) == 0 {
		return 0, nil
	}
	for tried := false; ; {
		t, s := f.desc.Begin(epoll.In)
		guess := s == epoll.Idle && !tried && f.luck.tries()
		if tried = true; s != epoll.Ready && !guess {
			if err := f.await(epoll.In, s, false); err != nil {
				return 0, err
			}
			continue
		}
		if x, ok := f.takeAbandoned(); ok {
			return copy(p, x.data), x.err
		}
		n, errno := 0, syscall.Errno(0)
		if f.kind&isSocket != 0 {
			n, errno = sysReceive(f.sys, p)
		} else {
			n, errno = f.sysRead(p)
		}
		if guess {
			f.luck.note(errno == 0)
		}
		switch errno {
		case 0:
			if n < len(p) && f.kind&isTidy != 0 && n > 0 {
				f.desc.Short(epoll.In, t)
			}
			if n == 0 && f.kind&isStream != 0 {
				return 0, io.EOF
			}
			return n, nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
		case unix.EINTR:
		default:
			return 0, os.NewSyscallError("read", errno)
		}
	}
}

// write implements stream. It writes all, or fails.
func (f *fd) write(p []byte) (int, error) {
	if !f.begin() {
		return 0, net.ErrClosed
	}
	f.lock()
	n, err := f.writeAll(p)
	f.turn.Unlock()
	f.leave()
	return n, err
}

func (f *fd) writeAll(p []byte) (int, error) {
	done, tried := 0, false
	for {
		t, s := f.desc.Begin(epoll.Out)
		// To write nothing to a stream is to ask whether one could: there is always
		// room. Of packets it is a packet, for which there may be none: so that is
		// tried once.
		if s != epoll.Ready && !(s == epoll.Idle && len(p) == 0 && !tried) {
			if err := f.await(epoll.Out, s, true); err != nil {
				return done, err
			}
			continue
		}
		tried = true
		n, errno := 0, syscall.Errno(0)
		if piece := p[done:min(len(p), done+largest)]; f.kind&isSocket != 0 {
			n, errno = sysSend(f.sys, piece)
		} else {
			n, errno = f.sysWrite(piece)
		}
		switch errno {
		case 0:
			if done += n; done == len(p) {
				return done, nil
			}
			if n == 0 {
				return done, io.ErrUnexpectedEOF
			}
		case unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
		case unix.EINTR:
		default:
			return done, os.NewSyscallError("write", errno)
		}
	}
}

// shutdown implements stream.
func (f *fd) shutdown(dir epoll.Direction) error {
	if !f.enter() {
		return net.ErrClosed
	}
	defer f.leave()
	how := unix.SHUT_RD
	if dir == epoll.Out {
		how = unix.SHUT_WR
	}
	if err := unix.Shutdown(f.sys, how); err != nil {
		return os.NewSyscallError("shutdown", err)
	}
	f.desc.Signal(dir)
	return nil
}
