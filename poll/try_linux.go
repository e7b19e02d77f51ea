package poll

import (
	"io"
	"net"
	"os"
	"syscall"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
)

// Attempts: calls that never wait.

// tryRead implements stream.
func (f *fd) tryRead(p []byte, ask bool) (n int, ok bool, err error) {
	if !f.enter() {
		return 0, true, net.ErrClosed
	}
	defer f.leave()
	p = p[:min(len(p), largest)]
	for {
		t, s := f.desc.Begin(epoll.In)
		if err := over(s); err != nil {
			return 0, true, err
		}
		if len(p) == 0 {
			return 0, true, nil
		}
		if s == epoll.Idle && !ask {
			return 0, false, nil
		}
		var errno syscall.Errno
		if f.kind&isSocket != 0 {
			n, errno = sysReceive(f.sys, p)
		} else {
			n, errno = f.sysRead(p)
		}
		switch errno {
		case 0:
			if n == 0 && f.kind&isStream != 0 {
				return 0, true, io.EOF
			}
			if n < len(p) && f.kind&isTidy != 0 && n > 0 {
				f.desc.Short(epoll.In, t)
			}
			return n, true, nil
		case unix.EAGAIN:
			f.desc.Drained(epoll.In, t)
			ask = false
		case unix.EINTR:
		default:
			return 0, true, os.NewSyscallError("read", errno)
		}
	}
}

// tryWrite implements stream.
func (f *fd) tryWrite(p []byte, ask bool) (done int, ok bool, err error) {
	if !f.enter() {
		return 0, true, net.ErrClosed
	}
	defer f.leave()
	_, s := f.desc.Begin(epoll.Out)
	if err := over(s); err != nil {
		return 0, true, err
	}
	if len(p) == 0 && f.kind&isStream != 0 {
		return 0, true, nil
	}
	if !f.turn.TryLock() {
		return 0, false, nil
	}
	defer f.turn.Unlock()
	for {
		t, s := f.desc.Begin(epoll.Out)
		if err := over(s); err != nil {
			return done, true, err
		}
		if s == epoll.Idle && !ask {
			return done, done > 0, nil
		}
		n, errno := 0, syscall.Errno(0)
		if piece := p[done:min(len(p), done+largest)]; f.kind&isSocket != 0 {
			n, errno = sysSend(f.sys, piece)
		} else {
			n, errno = f.sysWrite(piece)
		}
		switch errno {
		case 0:
			if done += n; done == len(p) {
				return done, true, nil
			}
			if n == 0 {
				return done, true, io.ErrUnexpectedEOF
			}
		case unix.EAGAIN:
			f.desc.Drained(epoll.Out, t)
			ask = false
		case unix.EINTR:
		default:
			return done, true, os.NewSyscallError("write", errno)
		}
	}
}

// notice has call made, once, when an attempt in the direction may succeed that has
// not: it must be short and not wait. It reports false, and call is not made, if one
// may succeed now. cancel takes it back; it may come too late.
func (f *fd) notice(dir epoll.Direction, call func()) (cancel func(), ok bool) {
	if dir == epoll.Out {
		if cancel, ok := f.turn.whenFree(call); ok {
			return cancel, ok
		}
	}
	return f.desc.Subscribe(dir, call)
}

// awaitUnless implements prompt.
func (f *fd) awaitUnless(w wait.Waiter, off *atomic.Bool) (ending bool) {
	return f.desc.WaitUnless(w, epoll.In, off)
}
